"""How a column of numbers is brought to the size that networks learn best from: (value − shift) / scale."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from core.nn.preparation.statistics import moments, quartiles

_LARGEST = float(np.finfo(np.float64).max)


class Scale(NamedTuple):
    """`scale` is above 0 and finite."""

    shift: float = 0.0
    scale: float = 1.0


def fitted(method: str, x: NDArray[np.float64]) -> Scale:
    """The scale of finite numbers x (N,) by a word of `DataSpec.scaling`; a constant column becomes 0.

    standard   the mean and the population's standard deviation; so does auto
    min_max    the least, and the greatest less the least: 0 … 1
    robust     the median and the interquartile range; where half of the numbers are equal, the standard deviation
    none       0 and 1
    """
    if method == "none" or not len(x):
        return Scale()
    mean, deviation = moments(x)
    if method in ("standard", "auto"):
        return Scale(mean, _positive(deviation))
    if method == "min_max":
        low, high = float(x.min()), float(x.max())
        return Scale(low, _positive(high - low))
    first, median, third = quartiles(x)
    return Scale(median, _positive(third - first or deviation))


def _positive(spread: float) -> float:
    """1 for a constant; the largest float64 where the spread of floats is larger still."""
    return min(spread, _LARGEST) if spread > 0 else 1.0
