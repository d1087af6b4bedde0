"""How much each row counts in the loss: a column of the table, times the weight of the row's class; 1 on average."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from core.errors import InvalidData
from core.nn.preparation.column import Columns, Value
from core.nn.preparation.names import quoted
from core.nn.preparation.targets import class_indices
from core.nn.spec import DataSpec


@dataclass(frozen=True, slots=True)
class Weighting:
    """w = column / unit · of_class[class] / mean, where `mean` makes that of the training rows 1; no sum overflows."""

    column: str | None
    targets: tuple[str, ...]
    classes: tuple[Value, ...]
    unit: float = 1.0
    of_class: NDArray[np.float64] | None = None
    mean: float = 1.0

    @classmethod
    def fit(
        cls, data: DataSpec, classes: Sequence[Value] | None, columns: Columns, training_rows: NDArray[np.int64]
    ) -> Self | None:
        """What `data` asks for, None where it asks for nothing; InvalidData where no training row has any weight.

        "balanced" gives a class the weight W / (k W꜀), where W is the weight of all training rows, W꜀ that of its own and k how
        many classes there are among them (King and Zeng 2001, section 4); a class without any keeps 1.
        """
        if data.weight is None and data.class_weights is None:
            return None
        found = cls(data.weight, data.targets, tuple(classes or ()))
        w = found._raw(columns)[training_rows]
        largest = float(w.max())
        if largest == 0:
            raise InvalidData(
                f"column {quoted(data.weight or '')} is 0 in all {len(w)} training rows; at least one of them must count"
            )
        w /= largest
        of_class = None
        if data.class_weights is not None:
            index = found._index(columns)[training_rows]
            of_class = _class_weights(data.class_weights, found.classes, index, w)
            w *= of_class[index]
        return replace(found, unit=largest, of_class=of_class, mean=float(w.mean()))

    def weights(self, columns: Columns, rows: NDArray[np.int64], dtype: DTypeLike) -> NDArray[Any]:
        """w (N,) of these rows. InvalidData where none counts, or one leaves the range of the dtype."""
        w = self.counted(columns, rows)
        with np.errstate(over="ignore"):
            cast: NDArray[Any] = w.astype(dtype)
        if len(rows) and not cast.any():
            raise InvalidData(f"none of the {len(rows)} rows counts: column {quoted(self.column or '')} is 0 in all of them")
        if not np.isfinite(cast).all():
            row = rows[int(np.argmin(np.isfinite(cast)))]
            raise InvalidData(f"row {row} counts {w.max():.4g} times as much as a training row does; that is too much")
        return cast

    def counted(self, columns: Columns, rows: NDArray[np.int64]) -> NDArray[np.float64]:
        """w (N,) of these rows, 0 and infinity among them."""
        with np.errstate(over="ignore"):
            w = self._raw(columns)[rows] / self.unit
            if self.of_class is not None:
                w *= self.of_class[self._index(columns)[rows]]
            w /= self.mean
        return w

    def _raw(self, columns: Columns) -> NDArray[np.float64]:
        if self.column is None:
            return np.ones(len(columns[self.targets[0]]))
        return columns[self.column].astype(np.float64)

    def _index(self, columns: Columns) -> NDArray[np.intp]:
        return class_indices({name: columns[name] for name in self.targets}, self.classes)


def class_places(classes: Sequence[Value]) -> dict[str, int]:
    """The place of each class by its label, written as a key of a JSON object: 1.0 also as 1."""
    return {text: place for place, label in enumerate(classes) for text in _written(label)}


def _written(label: Value) -> tuple[str, ...]:
    if isinstance(label, bool):
        return ("true" if label else "false",)
    if isinstance(label, float) and label.is_integer():
        return str(label), str(int(label))
    return (str(label),)


def _class_weights(
    wanted: str | Mapping[str, float], classes: Sequence[Value], index: NDArray[np.intp], w: NDArray[np.float64]
) -> NDArray[np.float64]:
    """(k,) for the classes `index` (N,) of the training rows and the rows' own weights w (N,)."""
    weights = np.ones(len(classes))
    if isinstance(wanted, str):
        of_each = np.bincount(index, w, len(classes))
        there = of_each > 0
        with np.errstate(over="ignore"):
            weights[there] = np.minimum(w.sum() / (np.count_nonzero(there) * of_each[there]), np.finfo(np.float64).max)
        return weights
    places = class_places(classes)
    for label, weight in wanted.items():
        weights[places[label]] = weight
    return weights
