"""Which values of a stored column are not there; `core.nn.preparation.schema` tells how each kind says so."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.nn.preparation.bounds import MISSING_BOOLEAN


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
