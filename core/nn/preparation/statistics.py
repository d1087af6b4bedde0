"""Statistics of a column that neither overflow nor vanish."""

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


def quartiles(x: NDArray[np.float64]) -> tuple[float, float, float]:
    """The numbers below which lie a quarter, half and three quarters of finite x (N,), N ≥ 1; between two rows linear.

    Hyndman and Fan 1996, definition 7.
    """
    extent = float(np.abs(x).max())
    unit = extent if extent > _LARGE else 1.0  # a difference of the largest numbers would overflow
    low, middle, high = np.quantile(x / unit, (0.25, 0.5, 0.75)) * unit
    return float(low), float(middle), float(high)
