"""Losses by the difference of outputs and targets, and their derivatives, in one pass.

Each returns Σ wᵢ Lᵢ over the rows, in double precision, and overwrites dy with w · `share` · dL/dy.

w (B,) are the rows' weights, mostly 1. The loss of a batch is the mean over its rows, so every derivative carries `share`,
which is 1 / B; a batch that is trained in pieces has one share for all of them.
"""

import math
from typing import Any

import numpy as np

from core.nn.kernels.compile import kernel, reduction, scalar
from core.nn.kernels.exponential import expm1
from core.nn.kernels.logarithm import log1p
from core.nn.kernels.precision import by_precision

CONSTANTS = by_precision((1.0, 2.0, 20.0, math.log(2.0)))


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


@reduction
def huber(y: Any, t: Any, w: Any, dy: Any, share: float, delta: float) -> Any:
    """L = Σⱼ c (e − c / 2) / m per row with e = y − t and c = min(max(e, −δ), δ): e² / 2 up to δ, then δ (|e| − δ / 2).

    dy = c / (m B). Huber 1964, p. 75.
    """
    delta, half, factor = y.dtype.type(delta), y.dtype.type(0.5), y.dtype.type(share / y.shape[1])
    total = 0.0
    for i in range(y.shape[0]):
        weighted = factor * w[i]
        row = 0.0
        for j in range(y.shape[1]):
            error = y[i, j] - t[i, j]
            c = min(max(error, -delta), delta)
            row += np.float64(c * (error - half * c))
            dy[i, j] = weighted * c
        total += w[i] * row
    return total / y.shape[1]


@reduction
def log_cosh(y: Any, t: Any, w: Any, dy: Any, share: float) -> Any:
    """L = Σⱼ ln cosh(yⱼ − tⱼ) / m per row; dy = tanh(y − t) / (m B). Saleh and Saleh 2022, eq. 1."""
    factor = y.dtype.type(share / y.shape[1])
    total = 0.0
    for i in range(y.shape[0]):
        weighted = factor * w[i]
        row = 0.0
        for j in range(y.shape[1]):
            value, slope = ln_cosh(y[i, j] - t[i, j])
            row += np.float64(value)
            dy[i, j] = weighted * slope
        total += w[i] * row
    return total / y.shape[1]


@scalar
def ln_cosh(x: Any) -> Any:
    """(ln cosh x, tanh x) by a = e^|x| − 1, from which cosh x − 1 = a² / 2 (1 + a) keeps its digits for small x.

    Beyond 20, where cosh x is e^|x| / 2, ln cosh x = |x| − ln 2.
    """
    one, two, most, ln_2 = CONSTANTS(x)
    size = abs(x)
    a = expm1(min(size, most))
    value = size - ln_2 if size > most else log1p(a * a / (two * (one + a)))
    slope = a * (a + two) / (a * (a + two) + two)
    return value, -slope if x < 0 else slope
