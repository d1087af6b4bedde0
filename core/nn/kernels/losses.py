"""Losses and their derivatives, in one pass: each returns the sum of the rows' losses, in double precision, and overwrites dy.

The loss of a batch is the mean over its rows, so every derivative carries `share`, which is 1 / B; a batch that is trained in
pieces has one share for all of them.
"""

import math
from typing import Any

import numpy as np

from core.nn.kernels.activations import below_highest, exponentials
from core.nn.kernels.compile import kernel, reduction
from core.nn.kernels.exponential import exp


@kernel
def mean_squared_error(y: Any, t: Any, dy: Any, share: float) -> Any:
    """L = Σⱼ (yⱼ − tⱼ)² / m per row; dy = 2 (y − t) / (m B)."""
    factor = y.dtype.type(2.0 * share / y.shape[1])
    total = 0.0
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            difference = y[i, j] - t[i, j]
            total += np.float64(difference) * np.float64(difference)
            dy[i, j] = factor * difference
    return total / y.shape[1]


@kernel
def mean_absolute_error(y: Any, t: Any, dy: Any, share: float) -> Any:
    """L = Σⱼ |yⱼ − tⱼ| / m per row; dy = sign(y − t) / (m B), 0 where they are equal."""
    factor = y.dtype.type(share / y.shape[1])
    zero = y.dtype.type(0)
    total = 0.0
    for i in range(y.shape[0]):
        for j in range(y.shape[1]):
            difference = y[i, j] - t[i, j]
            total += abs(difference)
            dy[i, j] = factor if difference > zero else (-factor if difference < zero else zero)
    return total / y.shape[1]


@kernel
def binary_cross_entropy(z: Any, t: Any, dz: Any, share: float) -> Any:
    """L = Σⱼ (max(zⱼ, 0) − zⱼ tⱼ + ln(1 + e^−|zⱼ|)) / m per row, which is −t ln p − (1 − t) ln(1 − p) for p = sigmoid z.

    dz = (p − t) / (m B). On logits, where neither a logarithm of 0 nor an overflow can occur.
    """
    factor = z.dtype.type(share / z.shape[1])
    one = z.dtype.type(1)
    total = 0.0
    for i in range(z.shape[0]):
        for j in range(z.shape[1]):
            logit = np.float64(z[i, j])
            total += max(logit, 0.0) - logit * t[i, j] + math.log1p(math.exp(-abs(logit)))
            p = one / (one + exp(-z[i, j]))
            dz[i, j] = factor * (p - t[i, j])
    return total / z.shape[1]


@reduction
def softmax_cross_entropy(z: Any, t: Any, dz: Any, share: float) -> Any:
    """L = ln Σₖ eᶻᵏ − z_c per row, which is −ln p_c for p = softmax z and the row's class c; dz = (p − onehot c) / B.

    On logits; t (B, 1) holds the numbers of the classes. Bridle 1990.
    """
    hit = z.dtype.type(share)
    loss = 0.0
    below_highest(z, dz)
    for i in range(z.shape[0]):
        loss -= dz[i, int(t[i, 0])]
    exponentials(dz.ravel())
    for i in range(z.shape[0]):
        total = z.dtype.type(0)
        for j in range(z.shape[1]):
            total += dz[i, j]
        loss += math.log(np.float64(total))
        factor = hit / total
        for j in range(z.shape[1]):
            dz[i, j] *= factor
        dz[i, int(t[i, 0])] -= hit
    return loss
