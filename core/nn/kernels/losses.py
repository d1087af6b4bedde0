"""Losses and their derivatives, in one pass: each returns the sum of the rows' losses, in double precision, and overwrites dy.

The loss of a batch is the mean over its B rows, so every derivative carries 1 / B.
"""

import math
from typing import Any

from core.nn.kernels.activations import below_highest, exponentials
from core.nn.kernels.compile import kernel, reduction
from core.nn.kernels.exponential import exp


@kernel
def mean_squared_error(y: Any, t: Any, dy: Any) -> Any:
    """L = Σⱼ (yⱼ − tⱼ)² / m per row; dy = 2 (y − t) / (m B)."""
    share = y.dtype.type(2.0 / y.size)
    total = 0.0
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            difference = y[i, j] - t[i, j]
            total += difference * difference
            dy[i, j] = share * difference
    return total / y.shape[1]


@kernel
def mean_absolute_error(y: Any, t: Any, dy: Any) -> Any:
    """L = Σⱼ |yⱼ − tⱼ| / m per row; dy = sign(y − t) / (m B), 0 where they are equal."""
    share = y.dtype.type(1.0 / y.size)
    zero = y.dtype.type(0)
    total = 0.0
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            difference = y[i, j] - t[i, j]
            total += abs(difference)
            dy[i, j] = share if difference > zero else (-share if difference < zero else zero)
    return total / y.shape[1]


@kernel
def binary_cross_entropy(z: Any, t: Any, dz: Any) -> Any:
    """L = Σⱼ (max(zⱼ, 0) − zⱼ tⱼ + ln(1 + e^−|zⱼ|)) / m per row, which is −t ln p − (1 − t) ln(1 − p) for p = sigmoid z.

    dz = (p − t) / (m B). On logits, where neither a logarithm of 0 nor an overflow can occur.
    """
    share = z.dtype.type(1.0 / z.size)
    one = z.dtype.type(1)
    total = 0.0
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            total += max(z[i, j], 0.0) - z[i, j] * t[i, j] + math.log1p(math.exp(-abs(z[i, j])))
            p = one / (one + exp(-z[i, j]))
            dz[i, j] = share * (p - t[i, j])
    return total / z.shape[1]


@reduction
def softmax_cross_entropy(z: Any, t: Any, dz: Any) -> Any:
    """L = ln Σₖ eᶻᵏ − z_c per row, which is −ln p_c for p = softmax z and the row's class c; dz = (p − onehot c) / B.

    On logits; t (B, 1) holds the numbers of the classes. Bridle 1990.
    """
    share = z.dtype.type(1.0 / z.shape[0])
    loss = 0.0
    below_highest(z, dz)
    for i in range(z.shape[0]):
        loss -= dz[i, int(t[i, 0])]
    exponentials(dz.ravel())
    for i in range(z.shape[0]):
        total = z.dtype.type(0)
        for j in range(z.shape[1]):
            total += dz[i, j]
        loss += math.log(total)
        factor = share / total
        for j in range(z.shape[1]):
            dz[i, j] *= factor
        dz[i, int(t[i, 0])] -= share
    return loss
