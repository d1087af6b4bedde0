"""What the reader of a table and the rules of training agree on about the values of a column.

`core.nn.preparation.schema` tells how each kind is stored.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

MAX_TEXTS = 10_000  # distinct values of a column that are listed, and so how many classes there can be
MAX_NUMBERS = 1_000
MISSING_BOOLEAN = 255  # as stored

_FEW = 50


def are_many(distinct: int, rows: int) -> bool:
    """Whether a column with so many distinct values hardly ever repeats one, as measured quantities and names do."""
    return distinct > _FEW and 10 * distinct > rows


def absent(array: NDArray[Any]) -> NDArray[np.bool_]:
    """(N,) true where the number is NaN, the boolean 255 or the code of a text below 0."""
    found: NDArray[np.bool_]
    if array.dtype.kind == "f":
        found = np.isnan(array)
    elif array.dtype == np.int32:
        found = array < 0
    elif array.dtype == np.uint8:
        found = array == MISSING_BOOLEAN
    else:
        found = np.zeros(len(array), np.bool_)
    return found
