"""Inputs that number the rows of an embedding's table: nothing else may reach the kernel, which does not look."""

import numpy as np
import numpy.typing as npt

from core.errors import InvalidData
from core.nn import spec


def check_indices(network: spec.NetworkSpec, x: npt.NDArray[np.floating]) -> None:
    """InvalidData where the network begins with an embedding of every input and one of x (N, n) is no index of its table."""
    first = network.layers[0]
    if not isinstance(first, spec.Embedding) or first.vocabulary is None or not len(x):
        return
    with np.errstate(invalid="ignore"):
        strange = ~((x >= 0) & (x < first.vocabulary) & (x == np.floor(x)))
    if strange.any():
        row, place = np.argwhere(strange)[0]
        raise InvalidData(
            f"input {place} of example {row + 1} is {x[row, place]:g}; the embedding takes whole numbers from 0 to "
            f'{first.vocabulary - 1}, so set dataset.scaling to "none"'
        )
