"""What is predicted: rows that stand in a request, or a table, which was stored or comes with the request."""

from collections import Counter
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Protocol, Self

from api.deps import Service
from core.data.table import read_columns
from core.errors import CoreError, InvalidData, Problem
from core.nn.preparation.column import Column, Columns, as_meant
from core.nn.preparation.indices import strange_in_rows
from core.nn.preparation.names import quoted
from core.nn.preparation.reading import AS_IT_LOOKS, Reading, ToPredict
from core.nn.preparation.rows import beyond, columns_of
from core.nn.preparation.schema import Schema
from core.nn.preparation.strange import others, strange
from core.nn.preparation.tables import Fitting
from core.nn.preparation.unseen import MAX_WARNINGS, unseen_in_rows
from core.store import Dataset

if TYPE_CHECKING:
    from core.nn.predictor import Predictor
    from core.nn.saving.model import Card


class Source(Protocol):
    """Rows to predict: how many, and some of them as columns; of a file, how its cells were read."""

    count: int
    reading: Reading | None

    def block(self, start: int, stop: int) -> Columns: ...

    def warnings(self) -> list[Problem]:
        """Of the rows that were taken."""
        ...


class Rows:
    """Rows that stand in the request. InvalidData names every mistake in them."""

    reading: Reading | None = None

    def __init__(self, rows: Any, predictor: "Predictor", known: Callable[[Collection[str]], Collection[str] | None]) -> None:
        """`known` gives those of some names that are columns of the training data, None where these are gone."""
        self._columns = columns_of(rows, predictor.fields)
        self._rows, self._predictor = rows, predictor
        self._warnings = unseen_in_rows(rows, predictor.fields, self._columns)
        if (beside := others(rows, predictor.fields)) and (names := known(beside)) is not None:
            self._warnings += strange(beside, names)
        self.count = len(rows)

    def strays(self) -> list[Problem]:
        """The numbers that leave the range in which the network computes, or number no row of an embedding's table."""
        predictor = self._predictor
        return [
            *beyond(self._rows, self._columns, predictor.card.preprocessing, predictor.dtype),
            *strange_in_rows(self._rows, predictor.fields, self._columns, predictor.indices, predictor.dtype),
        ]

    def block(self, start: int, stop: int) -> Columns:
        return {name: array[start:stop] for name, array in self._columns.items()}

    def warnings(self) -> list[Problem]:
        return self._warnings


class Table:
    """Columns in a file, which may be gone by its name once it is mapped; from the disk it goes with the last look at it."""

    def __init__(
        self, fitting: Fitting, columns: Columns, rows: int, reading: Reading | None = None, told: Sequence[Problem] = ()
    ) -> None:
        """The columns are those of the fitting's names, with so many rows; `told` are warnings of how they were read."""
        self._fitting, self._columns, self._told = fitting, columns, told
        self._unseen: Counter[str] = Counter()
        self.count, self.reading = rows, reading

    @classmethod
    def of_dataset(cls, service: Service, dataset: Dataset, predictor: "Predictor") -> Self:
        """InvalidData where the network cannot read it, down to its last row."""
        schema = Schema.model_validate(dataset.schema)
        fitting = _fitting(schema, predictor, "/dataset")
        with TemporaryDirectory(dir=service.files) as directory:
            file = Path(directory, "table")
            service.store.datasets.download(dataset.id, file)
            try:
                columns = read_columns(file, fitting.names)
            except (InvalidData, KeyError) as error:
                raise CoreError(f"the stored table of {dataset.id} is damaged: {error}") from error
        fitting.check(columns, predictor.indices)
        return cls(fitting, columns, schema.rows)

    @classmethod
    def of_file(cls, file: Path, schema: Schema, predictor: "Predictor") -> Self:
        """Of a table that was read just now. InvalidData where the network cannot read it, down to its last row."""
        fitting = _fitting(schema, predictor, "")
        columns = read_columns(file, fitting.names)
        fitting.check(columns, predictor.indices)
        features = frozenset(feature.column for feature in predictor.card.preprocessing.features)
        told = [
            Problem("", f"column {quoted(each.name)}: {doubt}")
            for each in schema.columns
            if each.name in features and (doubt := _doubt(each)) is not None
        ]
        return cls(fitting, columns, schema.rows, schema.reading or AS_IT_LOOKS, told[:MAX_WARNINGS])

    def block(self, start: int, stop: int) -> Columns:
        self._unseen += self._fitting.unseen(self._columns, start, stop)
        return self._fitting.block(self._columns, start, stop)

    def warnings(self) -> list[Problem]:
        return [*self._told, *self._fitting.warnings(self._unseen)]


def _doubt(column: Column) -> str | None:
    """Why it is empty, or why its numbers may be others."""
    if column.kind == "ignored":
        return column.reason
    return as_meant(column).warning if column.kind == "number" else None


def _fitting(schema: Schema, predictor: "Predictor", at: str) -> Fitting:
    card = predictor.card
    return Fitting(schema, card.preprocessing, predictor.dtype, at, card.reading.decimal)


def reading_of(card: "Card", said: Reading) -> ToPredict:
    """How a file is read whose rows the network predicts: as that from which it learned, but for what is said."""
    features, learned = card.preprocessing.features, card.reading
    numbers = frozenset(learned.numbers)
    learned = replace(
        learned,
        numbers=tuple(each.column for each in features if each.kind == "number" and each.column in numbers),
        texts=tuple(each.column for each in features if each.kind in ("text", "category")),
    )
    return ToPredict.from_json({**said.to_json(), "learned": learned})
