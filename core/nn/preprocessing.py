"""How the columns of a table become the inputs x and the targets t, fitted on the training rows alone.

    number     (value − mean) / scale, a missing value first replaced by `missing`, the training rows' mean
    boolean    0 or 1, or `missing`, the training rows' mean
    text       one-hot, one input for each of `values` in their order; all zeros where missing
    targets    (value − mean) / scale for numbers, or the index of each row's class

`to_json` is stored beside the weights, in words that let a client do the same without Gradmill.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from core.errors import InvalidData
from core.nn.bounds import MISSING_BOOLEAN
from core.nn.columns import classes, feature_columns, quoted, target_columns
from core.nn.schema import Column, Schema, Value
from core.nn.spec import AnyLoss, DataSpec
from core.nn.statistics import moments

Columns = Mapping[str, NDArray[Any]]
_BLOCK_CELLS = 1 << 20  # of a block of rows: small blocks cost calls, large ones fall out of the cache


@dataclass(frozen=True, slots=True)
class Number:
    column: str
    mean: float
    scale: float
    missing: float
    width: int = 1

    def fill(self, x: NDArray[Any], values: NDArray[Any]) -> None:
        """x (B, 1) becomes (values − mean) / scale."""
        v = values.astype(np.float64)
        if values.dtype.kind == "f":
            v[np.isnan(v)] = self.missing
        v -= self.mean
        v /= self.scale
        x[:, 0] = v

    def to_json(self) -> dict[str, Any]:
        return {"column": self.column, "kind": "number", "mean": self.mean, "scale": self.scale, "missing": self.missing}


@dataclass(frozen=True, slots=True)
class Boolean:
    column: str
    missing: float
    width: int = 1

    def fill(self, x: NDArray[Any], values: NDArray[Any]) -> None:
        """x (B, 1) becomes 0, 1, or `missing`."""
        x[:, 0] = values
        x[values == MISSING_BOOLEAN, 0] = self.missing

    def to_json(self) -> dict[str, Any]:
        return {"column": self.column, "kind": "boolean", "missing": self.missing}


@dataclass(frozen=True, slots=True)
class Text:
    column: str
    values: tuple[str, ...]

    @property
    def width(self) -> int:
        return len(self.values)

    def fill(self, x: NDArray[Any], values: NDArray[Any]) -> None:
        """x (B, width) becomes one-hot of the codes."""
        x[:] = 0
        rows = np.flatnonzero(values >= 0)
        x[rows, values[rows]] = 1

    def to_json(self) -> dict[str, Any]:
        return {"column": self.column, "kind": "text", "values": list(self.values)}


Feature = Number | Boolean | Text


@dataclass(frozen=True, slots=True)
class Target:
    """A column that the network learns: (value − mean) / scale, where it is a number and scaled."""

    column: str
    kind: str
    mean: float = 0.0
    scale: float = 1.0

    def to_json(self) -> dict[str, Any]:
        document: dict[str, Any] = {"column": self.column, "kind": self.kind}
        return document | {"mean": self.mean, "scale": self.scale} if self.kind == "number" else document


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Fitted: pure functions of the columns from here on.

    `classes` are the labels in the order of the class indices, None where the targets are numbers. Several target columns with
    classes are a one-hot code, whose labels are the columns' names.
    """

    features: tuple[Feature, ...]
    outputs: tuple[Target, ...]
    classes: tuple[Value, ...] | None = None

    @classmethod
    def fit(
        cls,
        schema: Schema,
        data: DataSpec,
        loss: AnyLoss,
        columns: Columns,
        training_rows: NDArray[np.int64],
        *,
        scales_targets: bool = False,
    ) -> Self:
        """The preprocessing that `data` asks for; `core.nn.columns.problems` found nothing wrong with it.

        `columns` are whole columns as stored; statistics come from `training_rows` alone. `scales_targets`: where the features
        are standardised, numeric targets are too. InvalidData for a missing target.
        """
        found = target_columns(schema, data)
        for column in found:
            _check_complete(column.name, columns[column.name])
        return cls(
            tuple(
                _fitted(column, columns[column.name], training_rows, data.scaling) for column in feature_columns(schema, data)
            ),
            tuple(
                _fitted_target(column, columns[column.name], training_rows, scales_targets and data.scaling == "standard")
                for column in found
            ),
            classes(schema, data, loss),
        )

    @property
    def width(self) -> int:
        """How many inputs there are."""
        return sum(feature.width for feature in self.features)

    @property
    def target_scale(self) -> NDArray[np.float64]:
        """(m,) what a difference of 1 between output and target is in each target's own unit."""
        return np.array([target.scale for target in self.outputs] if self.classes is None else [1.0])

    def inputs(self, columns: Columns, dtype: DTypeLike, rows: NDArray[np.int64] | None = None) -> NDArray[Any]:
        """x (N, width) in C order, of these rows or of all. InvalidData where a number leaves the range of the dtype."""
        chosen = np.arange(len(columns[self.features[0].column])) if rows is None else rows
        x = np.empty((len(chosen), self.width), dtype)
        step = max(1, _BLOCK_CELLS // self.width)
        for start in range(0, len(chosen), step):
            block, numbers = x[start : start + step], chosen[start : start + step]
            place = 0
            with np.errstate(over="ignore"):
                for feature in self.features:
                    feature.fill(block[:, place : place + feature.width], columns[feature.column][numbers])
                    place += feature.width
            if not np.isfinite(block).all():
                self._refuse(block, numbers, columns)
        return x

    def targets(self, columns: Columns, dtype: DTypeLike) -> NDArray[Any]:
        """t (N, m) in C order: m = 1 with classes, their indices; else the numbers. InvalidData for a row without a target."""
        arrays = [columns[target.column] for target in self.outputs]
        for target, array in zip(self.outputs, arrays, strict=True):
            _check_complete(target.column, array)
        if self.classes is not None:
            index = self._one_hot_index(arrays) if len(arrays) > 1 else self._index(arrays[0])
            return index[:, None].astype(dtype)
        with np.errstate(over="ignore"):
            scaled = [
                (array - target.mean) / target.scale if target.scale != 1 or target.mean else array
                for target, array in zip(self.outputs, arrays, strict=True)
            ]
            t = np.stack(scaled, axis=1).astype(dtype, order="C")
        if not np.isfinite(t).all():
            row, place = np.argwhere(~np.isfinite(t))[0]
            raise InvalidData(_beyond(self.outputs[place].column, row, arrays[place][row], t.dtype))
        return t

    def to_json(self) -> dict[str, Any]:
        return {
            "features": [feature.to_json() for feature in self.features],
            "targets": [target.to_json() for target in self.outputs],
            "classes": None if self.classes is None else list(self.classes),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`, exact to the last bit."""
        classes = document["classes"]
        return cls(
            tuple(map(_feature, document["features"])),
            tuple(Target(**target) for target in document["targets"]),
            None if classes is None else tuple(classes),
        )

    def _index(self, array: NDArray[Any]) -> NDArray[np.intp]:
        """The class index of every row of the one target column."""
        target, classes = self.outputs[0], self.classes or ()
        if target.kind == "text":
            return array.astype(np.intp)
        labels = np.array(classes)
        index = np.minimum(np.searchsorted(labels, array), len(labels) - 1)
        strange = np.flatnonzero(labels[index] != array)
        if len(strange):
            row = strange[0]
            raise InvalidData(
                f"column {quoted(target.column)}, row {row + 1}: {array[row]} is none of the {len(labels)} classes"
            )
        return index

    def _one_hot_index(self, arrays: Sequence[NDArray[Any]]) -> NDArray[np.intp]:
        """The place of the one target column that holds 1, for every row."""
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
                f"row {row + 1}: {ones[row]} of the {len(arrays)} target columns are 1; with softmax_cross_entropy each row "
                "has exactly one class"
            )
        return index

    def _refuse(self, block: NDArray[Any], numbers: NDArray[np.int64], columns: Columns) -> None:
        row, place = np.argwhere(~np.isfinite(block))[0]
        for feature in self.features:
            if place < feature.width:
                number = numbers[row]
                raise InvalidData(_beyond(feature.column, number, columns[feature.column][number], block.dtype))
            place -= feature.width


def _check_complete(name: str, array: NDArray[Any]) -> None:
    """InvalidData if the target column misses a value; it names how many, and the first row (counted from 1)."""
    if array.dtype.kind == "f":
        absent = np.isnan(array)
    elif array.dtype == np.int32:
        absent = array < 0
    elif array.dtype == np.uint8:
        absent = array == MISSING_BOOLEAN
    else:
        return
    if absent.any():
        count, first = int(np.count_nonzero(absent)), int(np.argmax(absent)) + 1
        raise InvalidData(
            f"the target {quoted(name)} misses {count} of {len(array)} values, the first in row {first}; "
            "a row without its target cannot be learnt from"
        )


def _fitted(column: Column, array: NDArray[Any], training_rows: NDArray[np.int64], scaling: str) -> Feature:
    if column.kind == "text":
        return Text(column.name, tuple(str(value) for value in column.values or ()))
    if column.kind == "boolean":
        flags = array[training_rows]
        flags = flags[flags != MISSING_BOOLEAN]
        return Boolean(column.name, float(flags.mean()) if len(flags) else 0.0)
    x = array[training_rows].astype(np.float64)
    if array.dtype.kind == "f":
        x = x[~np.isnan(x)]
    mean, deviation = moments(x) if len(x) else (0.0, 0.0)
    if scaling == "none":
        return Number(column.name, 0.0, 1.0, mean)
    return Number(column.name, mean, deviation if deviation > 0 else 1.0, mean)


def _fitted_target(column: Column, array: NDArray[Any], training_rows: NDArray[np.int64], is_scaled: bool) -> Target:
    if column.kind != "number" or not is_scaled:
        return Target(column.name, column.kind)
    mean, deviation = moments(array[training_rows].astype(np.float64))
    return Target(column.name, column.kind, mean, deviation if deviation > 0 else 1.0)


def _feature(document: Mapping[str, Any]) -> Feature:
    fields = {name: value for name, value in document.items() if name != "kind"}
    if document["kind"] == "text":
        return Text(fields["column"], tuple(fields["values"]))
    return Number(**fields) if document["kind"] == "number" else Boolean(**fields)


def _beyond(column: str, row: int, value: Any, dtype: np.dtype[Any]) -> str:
    return (
        f"column {quoted(column)}, row {row + 1}: {value} leaves the range of {dtype} (up to {np.finfo(dtype).max:.4g}); "
        "use float64, or numbers of another unit"
    )
