"""Inputs that number the rows of an embedding's table: nothing else may reach the kernel, which does not look."""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import InvalidData
from core.nn.program import LOOKUP, Program


def check_indices(program: Program, x: npt.NDArray[np.floating]) -> None:
    """InvalidData where the network begins with an embedding and one of its inputs in x (N, n) is no index of its table."""
    operations: Any = program.operations
    for lookup in operations[operations.code == LOOKUP]:
        first, vocabulary = int(lookup.first), int(lookup.vocabulary)
        indices = x[:, first : first + int(lookup["count"])]
        with np.errstate(invalid="ignore"):
            strange = ~((indices >= 0) & (indices < vocabulary) & (indices == np.floor(indices)))
        if strange.any():
            row, place = np.argwhere(strange)[0]
            raise InvalidData(
                f"input {first + place} of example {row + 1} is {indices[row, place]:g}; the embedding takes whole numbers "
                f'from 0 to {vocabulary - 1}, so set dataset.scaling to "none"'
            )
