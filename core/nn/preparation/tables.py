"""A stored table whose rows are to be predicted: whether it has what a fitted preprocessing reads, and that in its words.

Beside columns of the same kind a feature takes those that say the same: true and false for the numbers 1 and 0 and the other
way round, and a column of which every value is missing.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from core.errors import Problem
from core.nn.preparation.column import MISSING_BOOLEAN, Column, Columns, absent, row_at
from core.nn.preparation.features import Boolean, Category, Feature, Number, Text
from core.nn.preparation.indices import Index
from core.nn.preparation.names import ColumnNames, listed, quoted, upload_as
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.reading import Decimal
from core.nn.preparation.recoding import codes
from core.nn.preparation.rows import MAX_PROBLEMS, refusal
from core.nn.preparation.schema import Schema
from core.nn.preparation.unseen import MAX_WARNINGS, unseen
from core.nn.preparation.warnings import disguise, doubt, upload

Reader = Callable[[NDArray[Any]], NDArray[Any]]

_CHECKED_ROWS = 1 << 18  # at once


class Fitting:
    """Which columns of a table are read, and how: `names` are those that must be there as arrays."""

    def __init__(
        self, schema: Schema, fitted: Preprocessing, dtype: DTypeLike, at: str = "/dataset", decimal: Decimal | None = None
    ) -> None:
        """InvalidData that names every column that is missing, of another kind, or beyond the range of the dtype, or that may
        have been read with another sign of decimals than the `decimal` one of the training data."""
        self._rows = schema.rows
        self._first_line = schema.first_line
        self._dtype = dtype
        self._readers: dict[str, Reader] = {}
        self._absent: dict[str, NDArray[Any]] = {}
        self._strange: dict[str, _Strange] = {}
        self._at = at
        found: list[Problem] = []
        names = ColumnNames(schema)
        for feature in fitted.features:
            wanted = _WANTED.get(type(feature))
            if wanted is None:  # an indicator stands beside the feature of the same column
                continue
            name = feature.column
            column = schema.column(name) if name in schema else None
            if column is not None and _is_empty(column, schema.rows):
                self._absent[name] = wanted
                continue
            message = names.unusable(name)
            if message is None and column is not None:
                reader = _reader(feature, column)
                if isinstance(reader, str):
                    message = _misfit(feature, column, schema) or f"column {quoted(name)} {reader}"
                else:
                    self._readers[name] = reader
                    if isinstance(feature, Text | Category) and (strange := _Strange(column, feature)).texts:
                        self._strange[name] = strange
                    message = _beyond(feature, column, dtype) or doubt(column, decimal)
            if message is not None:
                found.append(Problem(at, message))
        if found:
            raise refusal(found[:MAX_PROBLEMS])

    @property
    def names(self) -> list[str]:
        return list(self._readers)

    def block(self, table: Columns, start: int, stop: int) -> Columns:
        """The columns of the rows [start, stop), as the preprocessing reads them."""
        count = min(stop, self._rows) - start
        found = {name: np.repeat(missing, count) for name, missing in self._absent.items()}
        return found | {name: reader(table[name][start:stop]) for name, reader in self._readers.items()}

    def check(self, table: Columns, indices: Sequence[Index]) -> None:
        """InvalidData with the first row of each column that holds no row of an embedding's table. Looks at all of the rows."""
        found = [problem for index in indices if (problem := self._no_index(table, index)) is not None]
        if found:
            raise refusal(found[:MAX_PROBLEMS])

    def _no_index(self, table: Columns, index: Index) -> Problem | None:
        name = index.feature.column
        if (missing := self._absent.get(name)) is not None:
            is_strange = self._rows > 0 and index.strange(missing, self._dtype).any()
            return Problem(self._at, index.told(missing, self._dtype)) if is_strange else None
        array, reader = table[name], self._readers[name]
        for start in range(0, self._rows, _CHECKED_ROWS):
            values = reader(array[start : start + _CHECKED_ROWS])
            strange = index.strange(values, self._dtype)
            if strange.any():
                row = int(strange.argmax())
                told = index.told(values[row : row + 1], self._dtype)
                return Problem(self._at, f"{row_at(start + row, self._first_line)}: {told}")
        return None

    def unseen(self, table: Columns, start: int, stop: int) -> Counter[str]:
        """In how many of the rows [start, stop) each column holds a text that training never saw."""
        return Counter({name: strange.rows(table[name][start:stop]) for name, strange in self._strange.items()})

    def warnings(self, rows: Mapping[str, int]) -> list[Problem]:
        """Where so many `rows`, as `unseen` counts them, hold such texts; at most MAX_WARNINGS."""
        found = (
            Problem(self._at, unseen(name, rows[name], strange.texts)) for name, strange in self._strange.items() if rows[name]
        )
        return list(islice(found, MAX_WARNINGS))


class _Strange:
    """The texts of a column that a feature was not fitted on."""

    def __init__(self, column: Column, feature: Text | Category) -> None:
        places = codes(column.values or (), feature.values)[:-1]
        self._are = np.append(places < 0, False)  # the last place serves the code −1
        self.texts = [str(value) for value, place in zip(column.values or (), places, strict=True) if place < 0]

    def rows(self, array: NDArray[Any]) -> int:
        """How many of the codes (N,) mean one of them."""
        return int(np.count_nonzero(self._are[array]))


# What a missing value of each is, as an array of one.
_WANTED: Mapping[type[Feature], NDArray[Any]] = {
    Number: np.array([np.nan]),
    Boolean: np.array([MISSING_BOOLEAN], np.uint8),
    Text: np.array([-1], np.int32),
    Category: np.array([-1], np.int32),
}


def _is_empty(column: Column, rows: int) -> bool:
    return column.kind == "ignored" and column.missing == rows > 0


def _reader(feature: Feature, column: Column) -> Reader | str:
    """How the column is read, or what it is instead of what the network learned from."""
    if isinstance(feature, Number):
        if column.kind == "number":
            return _as_it_is
        return _numbers if column.kind == "boolean" else _other(column, "number")
    if isinstance(feature, Boolean):
        if column.kind == "boolean":
            return _as_it_is
        if column.kind == "number" and column.values is not None and set(column.values) <= {0, 1}:
            return _flags
        return f"is {column.kind}{_examples(column)}; the network learned from true and false"
    if isinstance(feature, Text | Category) and column.kind == "text":
        places = codes(column.values or (), feature.values)
        return lambda array: places[array]
    return _other(column, "text")


def _misfit(feature: Feature, column: Column, schema: Schema) -> str | None:
    """Of a text column where numbers are to be: which of its cells are none, and what helps. None of other columns."""
    if not isinstance(feature, Number) or column.kind != "text":
        return None
    learned = "the network learned from numbers"
    if (found := disguise(column, schema)) is not None:
        return f"{found}; {learned}: {upload(column)}"
    return f"column {quoted(column.name)} is text, such as {listed((column.values or ())[:3])}; {learned}"


def _other(column: Column, kind: str) -> str:
    return f"is {column.kind}; the network learned from {kind}s{upload_as(column.name, kind)}"


def _examples(column: Column) -> str:
    return f" with the values {listed(column.values[:4])}" if column.kind == "number" and column.values else ""


def _beyond(feature: Feature, column: Column, dtype: DTypeLike) -> str | None:
    """That the column holds a number which leaves the range of the dtype."""
    if not isinstance(feature, Number) or column.min is None or column.max is None:
        return None
    with np.errstate(over="ignore"):
        ends = (np.array([column.min, column.max]) - feature.shift) / feature.scale
        beyond = ~np.isfinite(ends.astype(dtype))
    if not beyond.any():
        return None
    number = (column.min, column.max)[int(beyond.argmax())]
    return f"column {quoted(column.name)} holds {number:g}, which leaves the range of the network's {np.dtype(dtype)}"


def _as_it_is(array: NDArray[Any]) -> NDArray[Any]:
    return array


def _numbers(booleans: NDArray[Any]) -> NDArray[Any]:
    found = booleans.astype(np.float64)
    found[absent(booleans)] = np.nan
    return found


def _flags(numbers: NDArray[Any]) -> NDArray[Any]:
    found: NDArray[Any] = (numbers == 1).astype(np.uint8)
    found[absent(numbers)] = MISSING_BOOLEAN
    return found
