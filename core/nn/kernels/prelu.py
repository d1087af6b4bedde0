"""A ReLU whose slope below 0 is learned, one for each unit or channel. He et al. 2015, eq. 1 and 9 to 11.

z, y and their derivatives are (B, m, k) for m slopes of k places each; for the units of a dense layer k is 1.
"""

from typing import Any

from core.nn.kernels.compile import kernel, reduction


@kernel
def prelu(z: Any, slope: Any, y: Any) -> None:
    """y = z where z > 0, else slope · z. Overwrites y."""
    zero = z.dtype.type(0)
    for i in range(z.shape[0]):
        if z.shape[2] == 1:
            for j in range(z.shape[1]):
                y[i, j, 0] = z[i, j, 0] if z[i, j, 0] > zero else slope[j] * z[i, j, 0]
            continue
        for j in range(z.shape[1]):
            s = slope[j]
            for p in range(z.shape[2]):
                y[i, j, p] = z[i, j, p] if z[i, j, p] > zero else s * z[i, j, p]


@kernel
def d_prelu(z: Any, slope: Any, dy: Any, dz: Any, dslope: Any) -> None:
    """dz = dy where z > 0, else slope · dy; dslope = Σ dy · z over rows and places where z ≤ 0. Overwrites dz and dslope."""
    zero = z.dtype.type(0)
    dslope[:] = zero
    for i in range(z.shape[0]):
        if z.shape[2] == 1:
            for j in range(z.shape[1]):
                dz[i, j, 0] = dy[i, j, 0] if z[i, j, 0] > zero else slope[j] * dy[i, j, 0]
                dslope[j] += zero if z[i, j, 0] > zero else z[i, j, 0] * dy[i, j, 0]
            continue
        for j in range(z.shape[1]):
            s = slope[j]
            for p in range(z.shape[2]):
                dz[i, j, p] = dy[i, j, p] if z[i, j, p] > zero else s * dy[i, j, p]
            dslope[j] += product_below_0(z[i, j], dy[i, j])


@reduction
def product_below_0(z: Any, dy: Any) -> Any:
    """Σ dy · z where z ≤ 0"""
    zero = z.dtype.type(0)
    total = zero
    for p in range(z.size):
        total += zero if z[p] > 0 else z[p] * dy[p]
    return total
