"""What an epoch is measured by, beside its loss."""

import math
from typing import Any

import numpy as np

from core.nn.kernels.compile import kernel, reduction
from core.nn.kernels.exponential import exp
from core.nn.program import BINARY_CROSS_ENTROPY, POISSON, SOFTMAX_CROSS_ENTROPY


@reduction
def norm(v: Any) -> Any:
    """√Σ vᵢ², in double precision."""
    total = 0.0
    for i in range(v.size):
        total += np.float64(v[i]) * np.float64(v[i])
    return math.sqrt(total)


@reduction
def is_finite(v: Any) -> Any:
    """No element is NaN or infinite, for which v − v would not be 0."""
    total = v.dtype.type(0)
    for i in range(v.size):
        total += abs(v[i] - v[i])
    return total == 0


@kernel
def measure(loss: int, y: Any, t: Any, scale: Any, sums: Any) -> None:
    """Adds the rows' hits, or their squared and absolute errors, each averaged over a row's outputs, to `sums`.

    `scale` (m,) turns the errors into the targets' own units.
    """
    if loss == SOFTMAX_CROSS_ENTROPY:
        for i in range(y.shape[0]):
            likeliest = 0
            for j in range(1, y.shape[1]):
                if y[i, j] > y[i, likeliest]:
                    likeliest = j
            if likeliest == int(t[i, 0]):
                sums.correct += 1.0
    elif loss == BINARY_CROSS_ENTROPY:
        for i in range(y.shape[0]):
            for j in range(y.shape[1]):
                if (y[i, j] > 0) == (t[i, j] > 0.5):
                    sums.correct += 1.0 / y.shape[1]
    else:
        for i in range(y.shape[0]):
            for j in range(y.shape[1]):
                found = np.float64(exp(y[i, j]) if loss == POISSON else y[i, j])
                difference = (found - np.float64(t[i, j])) * scale[j]
                sums.squared_error += difference * difference / y.shape[1]
                sums.absolute_error += abs(difference) / y.shape[1]
