"""What the network is to answer: numbers, scaled where that helps, or the indices of classes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidData
from core.nn.preparation.column import Column, Columns, Value, absent, first_rows, rows_at
from core.nn.preparation.names import quoted
from core.nn.preparation.roles import SCALABLE
from core.nn.preparation.scaling import fitted
from core.nn.spec import DataSpec


@dataclass(frozen=True, slots=True)
class Target:
    """A column that the network learns: (value − shift) / scale, where it is a number."""

    column: str
    kind: str
    shift: float = 0.0
    scale: float = 1.0

    def of(self, array: NDArray[Any]) -> NDArray[Any]:
        """What the network is to give for the values `array` (N,)."""
        return array if self.scale == 1 and self.shift == 0 else (array - self.shift) / self.scale

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"column": self.column, "kind": self.kind}
        return document | {"shift": self.shift, "scale": self.scale} if self.kind == "number" else document


def scaling_of(data: DataSpec, loss: str, *, is_linear: bool) -> str:
    """How numeric targets are scaled for a loss of this type; `is_linear` says that nothing bounds what the network gives."""
    if loss not in SCALABLE:
        return "none"
    if data.target_scaling == "auto":
        return "standard" if is_linear and data.scaling != "none" else "none"
    return data.target_scaling


def fitted_target(column: Column, array: NDArray[Any], training_rows: NDArray[np.int64], scaling: str) -> Target:
    """`array` (N,) is the whole column; a boolean stays 0 or 1."""
    if column.kind != "number" or scaling == "none":
        return Target(column.name, column.kind)
    return Target(column.name, column.kind, *fitted(scaling, array[training_rows].astype(np.float64)))


def check_complete(columns: Columns) -> None:
    """InvalidData if a target column misses a value; it names how many, and the first rows."""
    for name, array in columns.items():
        missing = absent(array)
        if missing.any():
            count = int(np.count_nonzero(missing))
            raise InvalidData(
                f"the target {quoted(name)} misses {count} of {len(array)} values, in {rows_at(first_rows(missing), count)}; "
                "a row without its target cannot be learnt from"
            )


def class_indices(columns: Columns, classes: Sequence[Value]) -> NDArray[np.intp]:
    """(N,) the class of each row: the place of its one target's value among `classes`, or of the one target that holds 1.

    InvalidData for a row that misses its target, is of none of the classes, or of several.
    """
    check_complete(columns)
    if len(columns) > 1:
        return _one_hot_index(list(columns.values()))
    [(name, array)] = columns.items()
    if array.dtype == np.int32:  # codes of texts
        return array.astype(np.intp)
    labels = np.array(classes)
    index = np.minimum(np.searchsorted(labels, array), len(labels) - 1)
    strange = np.flatnonzero(labels[index] != array)
    if len(strange):
        row = strange[0]
        raise InvalidData(f"column {quoted(name)}, row {row}: {array[row]} is none of the {len(labels)} classes")
    return index


def _one_hot_index(arrays: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
    index = np.zeros(len(arrays[0]), np.intp)
    ones = np.zeros(len(arrays[0]), np.int64)
    for place, array in enumerate(arrays):
        held = array == 1
        index[held] = place
        ones += held
    strange = np.flatnonzero(ones != 1)
    if len(strange):
        row = strange[0]
        raise InvalidData(
            f"row {row}: {ones[row]} of the {len(arrays)} target columns are 1; with softmax_cross_entropy each row "
            "has exactly one class"
        )
    return index
