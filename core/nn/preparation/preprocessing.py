"""How the columns of a table become the inputs x and the targets t, fitted on the training rows alone.

`to_json` is stored beside the weights, in words that let a client do the same without Gradmill.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import Any, Self, cast

import numpy as np
from numpy.typing import DTypeLike, NDArray

from core.errors import InvalidData
from core.nn.preparation import features
from core.nn.preparation.column import Columns, Value
from core.nn.preparation.features import Category, Feature, Number, fill_numbers, fitted_features
from core.nn.preparation.names import quoted
from core.nn.preparation.roles import Inputs, classes, feature_columns, target_columns
from core.nn.preparation.schema import Schema
from core.nn.preparation.targets import Target, check_complete, class_indices, fitted_target, scaling_of
from core.nn.spec import AnyLoss, DataSpec

_BLOCK_CELLS = 1 << 20  # of a block of rows: small blocks cost calls, large ones fall out of the cache
_FEW_ROWS = 32  # that cost less than the calls for each of many columns


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
        is_linear: bool = False,
    ) -> Self:
        """The preprocessing that `data` asks for; `core.nn.preparation.choice.problems` found nothing wrong with it.

        `columns` are whole columns as stored; statistics come from `training_rows` alone. `is_linear` says that the last layer
        is, so that "auto" may scale the targets. InvalidData for a missing target.
        """
        check_complete({name: columns[name] for name in data.targets})
        scaling = scaling_of(data, loss.type, is_linear=is_linear)
        return cls(
            tuple(
                feature
                for column in feature_columns(schema, data)
                for feature in fitted_features(column, columns[column.name], training_rows, data)
            ),
            tuple(
                fitted_target(column, columns[column.name], training_rows, scaling) for column in target_columns(schema, data)
            ),
            classes(schema, data, loss),
        )

    @property
    def width(self) -> int:
        """How many inputs there are."""
        return sum(feature.width for feature in self.features)

    @property
    def labels(self) -> list[Value]:
        """Of the classes; a single flag without labels of its own is false or true, as a number 0 or 1."""
        if self.classes is not None:
            return list(self.classes)
        return [False, True] if self.outputs[0].kind == "boolean" else [0, 1]

    @property
    def layout(self) -> Inputs:
        """How wide the inputs are, and which of them hold codes."""
        places = accumulate((feature.width for feature in self.features), initial=0)
        found = zip(places, self.features, strict=False)
        return Inputs(self.width, {place: len(text.values) + 1 for place, text in found if isinstance(text, Category)})

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
            with np.errstate(over="ignore"):
                self._fill(block, numbers, columns)
            if not np.isfinite(block).all():
                self._refuse(block, numbers, columns)
        return x

    def targets(self, columns: Columns, dtype: DTypeLike) -> NDArray[Any]:
        """t (N, m) in C order: m = 1 with classes, their indices; else the numbers. InvalidData for a row without a target."""
        given = {target.column: columns[target.column] for target in self.outputs}
        if self.classes is not None:
            return class_indices(given, self.classes)[:, None].astype(dtype)
        check_complete(given)
        with np.errstate(over="ignore"):
            scaled = [target.of(columns[target.column]) for target in self.outputs]
            t = np.stack(scaled, axis=1).astype(dtype, order="C")
        if not np.isfinite(t).all():
            row, place = np.argwhere(~np.isfinite(t))[0]
            name = self.outputs[place].column
            raise InvalidData(_beyond(name, row, columns[name][row], t.dtype))
        return t

    def to_json(self) -> dict[str, Any]:
        return {
            "features": [features.to_json(feature) for feature in self.features],
            "targets": [target.to_json() for target in self.outputs],
            "classes": None if self.classes is None else list(self.classes),
        }

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Self:
        """The inverse of `to_json`, exact to the last bit."""
        classes = document["classes"]
        return cls(
            tuple(map(features.from_json, document["features"])),
            tuple(Target(**target) for target in document["targets"]),
            None if classes is None else tuple(classes),
        )

    def _fill(self, block: NDArray[Any], numbers: NDArray[np.int64], columns: Columns) -> None:
        """block (B, width) is overwritten."""
        place = 0
        for kind, run in groupby(self.features, type):
            if kind is Number and len(numbers) < _FEW_ROWS:
                features = cast(list[Number], list(run))
                width = len(features)
                values = [columns[feature.column][numbers] for feature in features]
                fill_numbers(features, block[:, place : place + width], values)
                place += width
                continue
            for feature in run:
                feature.fill(block[:, place : place + feature.width], columns[feature.column][numbers])
                place += feature.width

    def _refuse(self, block: NDArray[Any], numbers: NDArray[np.int64], columns: Columns) -> None:
        row, place = np.argwhere(~np.isfinite(block))[0]
        for feature in self.features:
            if place < feature.width:
                number = numbers[row]
                raise InvalidData(_beyond(feature.column, number, columns[feature.column][number], block.dtype))
            place -= feature.width


def _beyond(column: str, row: int, value: Any, dtype: np.dtype[Any]) -> str:
    return (
        f"column {quoted(column)}, row {row}: {value} leaves the range of {dtype} (up to {np.finfo(dtype).max:.4g}); "
        "use float64, or numbers of another unit"
    )
