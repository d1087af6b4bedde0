"""A dense layer: every unit sums all its inputs, each times its weight, and adds its bias.

Products below `SMALL` multiplications are plain loops, since a call of the BLAS costs more than they do; large ones whose
factors stay in the cache are made tile by tile, the rest by the BLAS. A plain loop makes the sums of a row together in vector
registers; fewer than `NARROW` do not fill one and are made one by one, which then takes half the time.
"""

from typing import Any

import numpy as np

from core.nn.kernels import tiles
from core.nn.kernels.compile import kernel, reduction
from core.nn.kernels.copying import clear

SMALL = 512
NARROW = 8


@kernel
def forward(x: Any, W: Any, b: Any, z: Any) -> None:
    """z = x W + b: the weighted sums, one row per example. Overwrites z. `b` is empty for a layer without biases."""
    if z.size * W.shape[0] <= SMALL:
        small_product(x, W, b, z)
        return
    product(x, W, z)
    if b.size:
        for i in range(z.shape[0]):
            for j in range(z.shape[1]):
                z[i, j] += b[j]


@kernel
def backward(x: Any, W: Any, dz: Any, dW: Any, db: Any) -> None:
    """dW = xᵀ dz, db = Σ dz over the rows: each weight's share of the error. Overwrites dW and db."""
    sum_over_rows(dz, db)
    if dz.size * W.shape[0] <= SMALL:
        small_product_of_transpose(x, dz, dW)
    else:
        product(x.T, dz, dW)


@kernel
def backward_to_inputs(dz: Any, W: Any, dx: Any) -> None:
    """dx = dz Wᵀ: each input's share of the error, passed back to the layer before. Overwrites dx."""
    if dz.size * W.shape[0] <= SMALL:
        small_product_by_transpose(dz, W, dx)
    else:
        np.dot(dz, W.T, dx)


@kernel
def product(x: Any, W: Any, z: Any) -> None:
    """z = x W. Overwrites z."""
    if tiles.suit(x, W, z):
        tiles.product(x, W, z)
    else:
        np.dot(x, W, z)


@kernel
def small_product(x: Any, W: Any, b: Any, z: Any) -> None:
    """zᵢⱼ = Σₖ xᵢₖ Wₖⱼ + bⱼ"""
    zero = z.dtype.type(0)
    if z.shape[1] < NARROW:
        for i in range(z.shape[0]):
            for j in range(z.shape[1]):
                total = b[j] if b.size else zero
                for k in range(W.shape[0]):
                    total += x[i, k] * W[k, j]
                z[i, j] = total
        return
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            z[i, j] = b[j] if b.size else zero
        for k in range(W.shape[0]):
            x_ik = x[i, k]
            for j in range(W.shape[1]):
                z[i, j] += x_ik * W[k, j]


@kernel
def small_product_of_transpose(x: Any, dz: Any, dW: Any) -> None:
    """dWₖⱼ = Σᵢ xᵢₖ dzᵢⱼ"""
    if dz.shape[1] < NARROW:
        for k in range(dW.shape[0]):
            for j in range(dW.shape[1]):
                total = dW.dtype.type(0)
                for i in range(dz.shape[0]):
                    total += x[i, k] * dz[i, j]
                dW[k, j] = total
        return
    clear(dW.ravel())
    for i in range(dz.shape[0]):
        for k in range(dW.shape[0]):
            x_ik = x[i, k]
            for j in range(dW.shape[1]):
                dW[k, j] += x_ik * dz[i, j]


@reduction
def small_product_by_transpose(dz: Any, W: Any, dx: Any) -> None:
    """dxᵢₖ = Σⱼ dzᵢⱼ Wₖⱼ"""
    for i in range(dz.shape[0]):
        for k in range(W.shape[0]):
            total = dx.dtype.type(0)
            for j in range(W.shape[1]):
                total += dz[i, j] * W[k, j]
            dx[i, k] = total


@kernel
def sum_over_rows(dz: Any, db: Any) -> None:
    """dbⱼ = Σᵢ dzᵢⱼ; none where the layer has no biases."""
    if db.size < NARROW:
        for j in range(db.size):
            total = db.dtype.type(0)
            for i in range(dz.shape[0]):
                total += dz[i, j]
            db[j] = total
        return
    clear(db)
    for i in range(dz.shape[0]):
        for j in range(dz.shape[1]):
            db[j] += dz[i, j]
