"""Mean and standard deviation that neither overflow nor vanish."""

import numpy as np
from numpy.typing import NDArray

_LARGE, _SMALL = 1e150, 1e-150  # beyond these a square leaves the range of float64


def moments(x: NDArray[np.float64]) -> tuple[float, float]:
    """The mean and the population's standard deviation of finite numbers x (N,), N ≥ 1; a constant's deviation is exactly 0."""
    low, high = float(x.min()), float(x.max())
    if low == high:
        return low, 0.0
    extent = max(-low, high)
    if _SMALL < extent < _LARGE:
        mean = float(x.mean())
        d = x - mean
        return mean, float(np.sqrt(np.dot(d, d) / len(d)))
    scaled = x / extent
    return float(scaled.mean()) * extent, float(scaled.std()) * extent
