"""Pooling: a window moves over each channel of an image, and its highest value or its mean stays. LeCun et al. 1998.

x (B, C·H·W), y (B, C·S) with S = out_height · out_width. `op` has the fields of `core.nn.geometry.Geometry`.
"""

from typing import Any

from core.nn.kernels.compile import kernel
from core.nn.kernels.copying import clear


@kernel
def maximum(op: Any, x: Any, y: Any) -> None:
    """y = max x over the window, of which what is padded is no part; a NaN in it makes y NaN. Overwrites y."""
    x_flat, y_flat = x.ravel(), y.ravel()
    halves = is_halving(op)
    for plane in range(x.shape[0] * op.channels):
        for s in range(op.out_height):
            place = (plane * op.out_height + s) * op.out_width
            if halves:
                highest_of_four(x_flat, (plane * op.height + 2 * s) * op.width, op.width, y_flat[place : place + op.out_width])
                continue
            top, bottom = seen(op.height, s * op.stride_height - op.padding_height, op.kernel_height)
            for t in range(op.out_width):
                left, right = seen(op.width, t * op.stride_width - op.padding_width, op.kernel_width)
                y_flat[place + t] = highest_of(x_flat, plane * op.height, op.width, top, bottom, left, right)


@kernel
def d_maximum(op: Any, x: Any, dy: Any, dx: Any) -> None:
    """dx = Σ dy over the windows of which x is the highest, the first of equals. Overwrites dx.

    The highest is sought again, since what follows may have worked in the place of y.
    """
    x_flat, dy_flat, dx_flat = x.ravel(), dy.ravel(), dx.ravel()
    halves = is_halving(op)
    clear(dx_flat)
    for plane in range(x.shape[0] * op.channels):
        for s in range(op.out_height):
            place = (plane * op.out_height + s) * op.out_width
            if halves:
                start = (plane * op.height + 2 * s) * op.width
                d_highest_of_four(x_flat, start, op.width, dy_flat[place : place + op.out_width], dx_flat)
                continue
            top, bottom = seen(op.height, s * op.stride_height - op.padding_height, op.kernel_height)
            for t in range(op.out_width):
                left, right = seen(op.width, t * op.stride_width - op.padding_width, op.kernel_width)
                highest = highest_of(x_flat, plane * op.height, op.width, top, bottom, left, right)
                first = 0
                for i in range(plane * op.height + bottom - 1, plane * op.height + top - 1, -1):
                    for j in range(i * op.width + right - 1, i * op.width + left - 1, -1):
                        first = first if x_flat[j] < highest else j
                dx_flat[first] += dy_flat[place + t]


@kernel
def average(op: Any, x: Any, y: Any) -> None:
    """y = Σ x / (kh · kw) over the window; what is padded counts as 0. Overwrites y."""
    x_flat, y_flat = x.ravel(), y.ravel()
    share = x.dtype.type(1.0 / (op.kernel_height * op.kernel_width))
    for plane in range(x.shape[0] * op.channels):
        for s in range(op.out_height):
            place = (plane * op.out_height + s) * op.out_width
            top, bottom = seen(op.height, s * op.stride_height - op.padding_height, op.kernel_height)
            for t in range(op.out_width):
                left, right = seen(op.width, t * op.stride_width - op.padding_width, op.kernel_width)
                total = x.dtype.type(0)
                for i in range(top, bottom):
                    start = (plane * op.height + i) * op.width
                    for j in range(start + left, start + right):
                        total += x_flat[j]
                y_flat[place + t] = total * share


@kernel
def d_average(op: Any, dy: Any, dx: Any) -> None:
    """dx = Σ dy / (kh · kw) over the windows that see x. Overwrites dx."""
    dy_flat, dx_flat = dy.ravel(), dx.ravel()
    share = dx.dtype.type(1.0 / (op.kernel_height * op.kernel_width))
    clear(dx_flat)
    for plane in range(dx.shape[0] * op.channels):
        for s in range(op.out_height):
            place = (plane * op.out_height + s) * op.out_width
            top, bottom = seen(op.height, s * op.stride_height - op.padding_height, op.kernel_height)
            for t in range(op.out_width):
                left, right = seen(op.width, t * op.stride_width - op.padding_width, op.kernel_width)
                part = dy_flat[place + t] * share
                for i in range(top, bottom):
                    start = (plane * op.height + i) * op.width
                    for j in range(start + left, start + right):
                        dx_flat[j] += part


@kernel
def seen(extent: int, start: int, size: int) -> Any:
    """What of the image lies in a window of this size that begins at `start`: begin, end."""
    return max(start, 0), min(start + size, extent)


@kernel
def highest_of(x: Any, row: int, width: int, top: int, bottom: int, left: int, right: int) -> Any:
    """The highest in the window of the image whose rows begin with that number `row` of x."""
    highest = x[(row + top) * width + left]
    for i in range(row + top, row + bottom):
        for j in range(i * width + left, i * width + right):
            highest = higher(highest, x[j])
    return highest


@kernel
def higher(a: Any, b: Any) -> Any:
    """b where it is above a or NaN, else a: NaN, once met, stays."""
    return b if b > a or b != b else a


@kernel
def is_halving(op: Any) -> Any:
    """The window is 2 × 2 and moves by 2, without padding: the usual one, worth its own loops."""
    extents = op.kernel_height == 2 and op.kernel_width == 2 and op.stride_height == 2 and op.stride_width == 2
    return extents and op.padding_height == 0 and op.padding_width == 0


@kernel
def highest_of_four(x: Any, start: int, width: int, y: Any) -> None:
    """y (m,) = the highest of each 2 × 2 window of the two rows that lie at `start` of x. Overwrites y."""
    upper, lower = x[start : start + 2 * y.size], x[start + width : start + width + 2 * y.size]
    for t in range(y.size):
        y[t] = higher(higher(upper[2 * t], upper[2 * t + 1]), higher(lower[2 * t], lower[2 * t + 1]))


@kernel
def d_highest_of_four(x: Any, start: int, width: int, dy: Any, dx: Any) -> None:
    """Overwrites the same windows of dx."""
    zero, m = dx.dtype.type(0), dy.size
    upper, lower = x[start : start + 2 * m], x[start + width : start + width + 2 * m]
    d_upper, d_lower = dx[start : start + 2 * m], dx[start + width : start + width + 2 * m]
    for t in range(m):
        a, b, c, d, share = upper[2 * t], upper[2 * t + 1], lower[2 * t], lower[2 * t + 1], dy[t]
        above, below = higher(a, b), higher(c, d)
        for_upper, for_lower = (zero, share) if below > above or below != below else (share, zero)
        d_upper[2 * t], d_upper[2 * t + 1] = (zero, for_upper) if b > a or b != b else (for_upper, zero)
        d_lower[2 * t], d_lower[2 * t + 1] = (zero, for_lower) if d > c or d != d else (for_lower, zero)
