"""Losses and their derivatives, in one pass: each returns Σ wᵢ Lᵢ over the rows, in double precision, and overwrites dy.

w (B,) are the rows' weights, mostly 1. The loss of a batch is the mean over its rows, so every derivative carries `share`,
which is 1 / B; a batch that is trained in pieces has one share for all of them.
"""

import math
from typing import Any

import numpy as np

from core.nn.kernels.activations import below_highest, exponentials
from core.nn.kernels.compile import kernel, reduction
from core.nn.kernels.exponential import exp


@kernel
def mean_squared_error(y: Any, t: Any, w: Any, dy: Any, share: float) -> Any:
    """L = Σⱼ (yⱼ − tⱼ)² / m per row; dy = 2 (y − t) / (m B)."""
    factor = y.dtype.type(2.0 * share / y.shape[1])
    total = 0.0
    for i in range(y.shape[0]):
        weighted = factor * w[i]
        squares = 0.0
        for j in range(y.shape[1]):
            difference = y[i, j] - t[i, j]
            squares += np.float64(difference) * np.float64(difference)
            dy[i, j] = weighted * difference
        total += w[i] * squares
    return total / y.shape[1]


@kernel
def mean_absolute_error(y: Any, t: Any, w: Any, dy: Any, share: float) -> Any:
    """L = Σⱼ |yⱼ − tⱼ| / m per row; dy = sign(y − t) / (m B), 0 where they are equal."""
    factor = y.dtype.type(share / y.shape[1])
    zero = y.dtype.type(0)
    total = 0.0
    for i in range(y.shape[0]):
        weighted = factor * w[i]
        differences = 0.0
        for j in range(y.shape[1]):
            difference = y[i, j] - t[i, j]
            differences += np.float64(abs(difference))
            dy[i, j] = weighted if difference > zero else (-weighted if difference < zero else zero)
        total += w[i] * differences
    return total / y.shape[1]


@kernel
def binary_cross_entropy(z: Any, t: Any, w: Any, dz: Any, share: float) -> Any:
    """L = Σⱼ (max(zⱼ, 0) − zⱼ tⱼ + ln(1 + e^−|zⱼ|)) / m per row, which is −t ln p − (1 − t) ln(1 − p) for p = sigmoid z.

    dz = (p − t) / (m B). On logits, where neither a logarithm of 0 nor an overflow can occur.
    """
    factor = z.dtype.type(share / z.shape[1])
    one = z.dtype.type(1)
    total = 0.0
    for i in range(z.shape[0]):
        weighted = factor * w[i]
        losses = 0.0
        for j in range(z.shape[1]):
            logit = np.float64(z[i, j])
            losses += max(logit, 0.0) - logit * t[i, j] + math.log1p(math.exp(-abs(logit)))
            p = one / (one + exp(-z[i, j]))
            dz[i, j] = weighted * (p - t[i, j])
        total += w[i] * losses
    return total / z.shape[1]


@reduction
def softmax_cross_entropy(z: Any, t: Any, w: Any, dz: Any, share: float) -> Any:
    """L = ln Σₖ eᶻᵏ − z_c per row, which is −ln p_c for p = softmax z and the row's class c; dz = (p − onehot c) / B.

    On logits; t (B, 1) holds the numbers of the classes. Bridle 1990.
    """
    hit = z.dtype.type(share)
    loss = 0.0
    below_highest(z, dz)
    for i in range(z.shape[0]):
        loss -= np.float64(w[i]) * dz[i, int(t[i, 0])]
    exponentials(dz.ravel())
    for i in range(z.shape[0]):
        total = z.dtype.type(0)
        for j in range(z.shape[1]):
            total += dz[i, j]
        loss += np.float64(w[i]) * math.log(np.float64(total))
        weighted = hit * w[i]
        factor = weighted / total
        for j in range(z.shape[1]):
            dz[i, j] *= factor
        dz[i, int(t[i, 0])] -= weighted
    return loss
