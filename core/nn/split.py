"""Which rows are trained on and which only measured."""

import numpy as np
import numpy.typing as npt

from core.nn.streams import SPLIT, generator

Rows = npt.NDArray[np.int64]


def validation_count(rows: int, fraction: float | None) -> int:
    """The fraction of the rows, rounded, but at least one; none where there is no fraction."""
    return 0 if fraction is None else max(1, round(rows * fraction))


def split(rows: int, fraction: float | None, seed: int) -> tuple[Rows, Rows]:
    """(training rows, validation rows): the numbers of the rows, each ascending, drawn by the seed."""
    count = validation_count(rows, fraction)
    if not count:
        return np.arange(rows), np.arange(0)
    drawn = generator(seed, SPLIT).permutation(rows)
    return np.sort(drawn[count:]), np.sort(drawn[:count])
