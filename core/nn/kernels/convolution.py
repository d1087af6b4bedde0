"""Convolution: every filter is a window of weights over all channels, moved over the image. LeCun et al. 1998.

    z[o, s, t] = Σ W[o, c, i, j] · x̂[c, s·S_h + i, t·S_w + j] + b[o]      x̂: x with zeros around it

An image at a time, its rows are unfolded: u[(c, j), r, t] = x̂[c, r, t·S_w + j] is what column j of the window sees of row r
from place t. From the places (s, t) row i of the window sees the rows s·S_h + i; rows of one remainder by S_h stand together in
u, so that these are one piece, and z = Σᵢ Wᵢ uᵢ + b with matrices Wᵢ (m, C·kw) and uᵢ (C·kw, S). (To unfold whole windows, as
Chellapilla et al. 2006 do, copies kh times as much.) High images are unfolded in bands, so that u stays near the processor.

W (m, C·kh·kw), x (B, C·H·W), z (B, m·S) with S = out_height · out_width. `op` has the fields of `core.nn.geometry.Geometry`;
`workspace` holds its `workspace` elements, or more.
"""

from typing import Any

from core.nn.geometry import WIDE
from core.nn.kernels import blocks
from core.nn.kernels.compile import inlined, kernel, reduction
from core.nn.kernels.copying import clear
from core.nn.kernels.products import add_product, add_product_by_transpose, add_product_of_transpose


@kernel
def forward(op: Any, x: Any, W: Any, b: Any, z: Any, workspace: Any) -> None:
    """z = W * x + b. Overwrites z and the workspace. `b` is empty for a layer without biases."""
    W_rows, u = parts(op, workspace)
    x_flat = x.ravel()
    split(op, W, W_rows)
    for image in range(x.shape[0]):
        z_image = z[image].reshape(op.filters, op.out_height * op.out_width)
        for o in range(op.filters):
            start = b[o] if b.size else z.dtype.type(0)
            for s in range(z_image.shape[1]):
                z_image[o, s] = start
        for first in range(0, op.out_height, op.band_height):
            height = min(op.band_height, op.out_height - first)
            unfold(op, x_flat, image * x.shape[1], first, height, u)
            z_band = band(op, z_image, first, height)
            for i in range(op.kernel_height):
                add_product(W_rows[i], seen(op, u, i, height), z_band)


@kernel
def backward(op: Any, x: Any, dz: Any, dW: Any, db: Any, workspace: Any) -> None:
    """dWᵢᵀ = Σ uᵢ dzᵀ over the images, db = Σ dz over images and places. Overwrites dW, db and the workspace."""
    W_rows, u = parts(op, workspace)
    dW_rows = W_rows.reshape(op.kernel_height, op.channels * op.kernel_width, op.filters)
    is_wide = op.filters * op.channels * op.kernel_width >= WIDE
    x_flat = x.ravel()
    clear(dW_rows.ravel())
    clear(db)
    for image in range(x.shape[0]):
        dz_image = dz[image].reshape(op.filters, op.out_height * op.out_width)
        if db.size:
            add_sums(dz_image, db)
        for first in range(0, op.out_height, op.band_height):
            height = min(op.band_height, op.out_height - first)
            unfold(op, x_flat, image * x.shape[1], first, height, u)
            dz_band = band(op, dz_image, first, height)
            if is_wide:  # to turn dz once costs less than the BLAS's way with a matrix that lies across
                turned = u[u.size - dz_band.size :].reshape(dz_band.shape[1], op.filters)
                transpose(dz_band, turned)
                for i in range(op.kernel_height):
                    add_product(seen(op, u, i, height), turned, dW_rows[i])
            else:
                for i in range(op.kernel_height):
                    add_product_by_transpose(seen(op, u, i, height), dz_band, dW_rows[i])
    join(op, dW_rows, dW)


@kernel
def backward_to_inputs(op: Any, dz: Any, W: Any, dx: Any, workspace: Any) -> None:
    """duᵢ = Wᵢᵀ dz, and dx the sum of what was unfolded from each x. Overwrites dx and the workspace."""
    W_rows, du = parts(op, workspace)
    split(op, W, W_rows)
    dx_flat = dx.ravel()
    clear(dx_flat)
    for image in range(dz.shape[0]):
        dz_image = dz[image].reshape(op.filters, op.out_height * op.out_width)
        for first in range(0, op.out_height, op.band_height):
            height = min(op.band_height, op.out_height - first)
            clear(du[: op.channels * op.kernel_width * unfolded_width(op, height)])
            dz_band = band(op, dz_image, first, height)
            for i in range(op.kernel_height):
                add_product_of_transpose(W_rows[i], dz_band, seen(op, du, i, height))
            fold(op, du, first, height, dx_flat, image * dx.shape[1])


@kernel
def unfold(op: Any, x: Any, start: int, first: int, height: int, u: Any) -> None:
    """Overwrites u with what the window sees, from its places in `height` rows from the `first` on, of the image that lies at
    `start` of x."""
    count, width, place = row_count(op, height), op.out_width, 0
    for c in range(op.channels):
        for j in range(op.kernel_width):
            left, right = inside(op.width, op.padding_width - j, op.stride_width, 0, width)
            for i in range(min(op.stride_height, op.kernel_height)):
                top, bottom = inside(op.height, op.padding_height - i, op.stride_height, first, count)
                source, step = start + seen_first(op, c, i, j, first + top, left), op.stride_height * op.width
                target = place + top * width + left
                if op.stride_width == 1:
                    blocks.copy_rows(x, source, step, u, target, width, bottom - top, right - left)
                else:
                    for row in range(bottom - top):
                        for t in range(right - left):
                            u[target + row * width + t] = x[source + row * step + t * op.stride_width]
                clear(u[place : place + top * width])
                clear(u[place + bottom * width : place + count * width])
                if left > 0 or right < width:
                    for row in range(place, place + count * width, width):
                        for t in range(row, row + left):
                            u[t] = 0
                        for t in range(row + right, row + width):
                            u[t] = 0
                place += count * width


@kernel
def fold(op: Any, du: Any, first: int, height: int, dx: Any, start: int) -> None:
    """Adds to dx what `unfold` would have copied from there."""
    count, width, place = row_count(op, height), op.out_width, 0
    for c in range(op.channels):
        for j in range(op.kernel_width):
            left, right = inside(op.width, op.padding_width - j, op.stride_width, 0, width)
            for i in range(min(op.stride_height, op.kernel_height)):
                top, bottom = inside(op.height, op.padding_height - i, op.stride_height, first, count)
                target, step = start + seen_first(op, c, i, j, first + top, left), op.stride_height * op.width
                source = place + top * width + left
                if op.stride_width == 1:
                    blocks.add_rows(du, source, width, dx, target, step, bottom - top, right - left)
                else:
                    for row in range(bottom - top):
                        for t in range(right - left):
                            dx[target + row * step + t * op.stride_width] += du[source + row * width + t]
                place += count * width


@inlined
def seen_first(op: Any, c: int, i: int, j: int, s: int, t: int) -> Any:
    """Where in an image the element lies that the window sees in its row i and column j from the place (s, t)."""
    y, x = s * op.stride_height + i - op.padding_height, t * op.stride_width + j - op.padding_width
    return (c * op.height + y) * op.width + x


@kernel
def inside(extent: int, padding: int, stride: int, first: int, count: int) -> Any:
    """Of `count` places from the `first` on, those that see the image of this extent, not the zeros around it: begin, end."""
    begin = min(max(-(-padding // stride) - first, 0), count)
    end = min((extent - 1 + padding) // stride + 1 - first, count)
    return begin, max(begin, end)


@kernel
def row_count(op: Any, height: int) -> Any:
    """How many rows of one remainder by the stride the window sees from `height` rows of places."""
    return height + (op.kernel_height - 1) // op.stride_height


@kernel
def unfolded_width(op: Any, height: int) -> Any:
    """How many elements u has for a channel and a column of the window."""
    return min(op.stride_height, op.kernel_height) * row_count(op, height) * op.out_width


@inlined
def seen(op: Any, u: Any, i: int, height: int) -> Any:
    """uᵢ: what row i of the window sees."""
    n, width = op.channels * op.kernel_width, unfolded_width(op, height)
    start = (i % op.stride_height * row_count(op, height) + i // op.stride_height) * op.out_width
    return u[: n * width].reshape(n, width)[:, start : start + height * op.out_width]


@inlined
def band(op: Any, z: Any, first: int, height: int) -> Any:
    return z[:, first * op.out_width : (first + height) * op.out_width]


@inlined
def parts(op: Any, workspace: Any) -> Any:
    """The workspace as the matrices Wᵢ (kh, m, C·kw), and u flat."""
    n = op.channels * op.kernel_width
    size = op.kernel_height * op.filters * n
    return workspace[:size].reshape(op.kernel_height, op.filters, n), workspace[size:]


@kernel
def split(op: Any, W: Any, W_rows: Any) -> None:
    """Overwrites the Wᵢ with the weights of each row of the window."""
    for o in range(op.filters):
        for c in range(op.channels):
            for i in range(op.kernel_height):
                for j in range(op.kernel_width):
                    W_rows[i, o, c * op.kernel_width + j] = W[o, (c * op.kernel_height + i) * op.kernel_width + j]


@kernel
def join(op: Any, W_rows: Any, W: Any) -> None:
    """Overwrites W with the Wᵢᵀ (kh, C·kw, m): what `split` took apart."""
    for o in range(op.filters):
        for c in range(op.channels):
            for i in range(op.kernel_height):
                for j in range(op.kernel_width):
                    W[o, (c * op.kernel_height + i) * op.kernel_width + j] = W_rows[i, c * op.kernel_width + j, o]


@kernel
def transpose(A: Any, B: Any) -> None:
    """B = Aᵀ. Overwrites B."""
    for j in range(A.shape[1]):
        for i in range(A.shape[0]):
            B[j, i] = A[i, j]


@reduction
def add_sums(dz: Any, db: Any) -> None:
    """db[o] += Σ dz[o, :]"""
    for o in range(dz.shape[0]):
        total = db.dtype.type(0)
        for s in range(dz.shape[1]):
            total += dz[o, s]
        db[o] += total
