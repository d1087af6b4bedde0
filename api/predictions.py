"""Predictions of many rows, a block at a time, as JSON, JSON lines or CSV."""

import csv
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
import orjson

from api.answers import dumped
from api.deps import Service
from core.data.table import read_columns
from core.errors import CoreError, InvalidData, Problem
from core.nn.preparation.column import Columns, Value
from core.nn.preparation.indices import strange_in_rows
from core.nn.preparation.rows import beyond, columns_of
from core.nn.preparation.schema import Schema
from core.nn.preparation.strange import others, strange
from core.nn.preparation.tables import Fitting
from core.nn.preparation.unseen import unseen_in_rows
from core.store import Dataset

if TYPE_CHECKING:
    from core.nn.predictor import Predictions, Predictor

Form = Literal["json", "jsonl", "csv"]
MEDIA_TYPES: dict[Form, str] = {"json": "application/json", "jsonl": "application/x-ndjson", "csv": "text/csv"}

PIECE_CELLS = 1 << 15  # values and probabilities that are made into text at once: a few milliseconds, in which nobody else runs
PIECE_BYTES = 1 << 24  # of that text: a label may be long, and stands in every row
NUMBER_BYTES = 28  # the longest with what separates it from the next
OBJECT_BYTES = 40  # of {"values": …, "probabilities": …} in JSON
BATCH = 256  # rows that run through the layers at once


class Source(Protocol):
    """Rows to predict: how many, and some of them as columns."""

    count: int

    def block(self, start: int, stop: int) -> Columns: ...

    def warnings(self) -> list[Problem]:
        """Of the rows that were taken."""
        ...


class Rows:
    """Rows that stand in the request. InvalidData names every mistake in them."""

    def __init__(self, rows: Any, predictor: "Predictor", known: Callable[[], Collection[str] | None]) -> None:
        """`known` gives the names of all columns of the training data, None where these are gone."""
        self._columns = columns_of(rows, predictor.fields)
        self._rows, self._predictor = rows, predictor
        self._warnings = unseen_in_rows(rows, predictor.fields, self._columns)
        if (beside := others(rows, predictor.fields)) and (names := known()) is not None:
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
    """A dataset, fetched into a file that is gone by its name once it is mapped, and from the disk with the last look at it."""

    def __init__(self, service: Service, dataset: Dataset, predictor: "Predictor") -> None:
        """InvalidData where the network cannot read it, down to its last row."""
        schema = Schema.model_validate(dataset.schema)
        card = predictor.card
        self._fitting = Fitting(schema, card.preprocessing, predictor.dtype, decimal=card.reading.decimal)
        self._unseen: Counter[str] = Counter()
        self.count = schema.rows
        with TemporaryDirectory(dir=service.files) as directory:
            file = Path(directory, "table")
            service.store.datasets.download(dataset.id, file)
            try:
                self._columns = read_columns(file, self._fitting.names)
            except (InvalidData, KeyError) as error:
                raise CoreError(f"the stored table of {dataset.id} is damaged: {error}") from error
        self._fitting.check(self._columns, predictor.indices)

    def block(self, start: int, stop: int) -> Columns:
        self._unseen += self._fitting.unseen(self._columns, start, stop)
        return self._fitting.block(self._columns, start, stop)

    def warnings(self) -> list[Problem]:
        return self._fitting.warnings(self._unseen)


@dataclass(frozen=True)
class Manner:
    """What predicts, and in which form it is told."""

    form: Form
    job_id: str
    epoch: int
    predictor: "Predictor"
    with_probabilities: bool

    @property
    def labels(self) -> tuple[Value, ...]:
        """Of which probabilities are told."""
        return self.predictor.labels if self.with_probabilities else ()

    @property
    def width(self) -> int:
        """Values and probabilities of each row."""
        return len(self.predictor.targets) + len(self.labels)

    @cached_property
    def row_bytes(self) -> int:
        """How long a row of the answer may be: every value as long as the longest label; and in JSON all names beside them."""
        targets = self.predictor.targets
        of_value = NUMBER_BYTES + max(map(_size, self.predictor.labels), default=0)
        cells = len(targets) * of_value + len(self.labels) * NUMBER_BYTES
        return cells if self.form == "csv" else cells + OBJECT_BYTES + sum(map(_size, (*targets, *self.labels)))


@dataclass(frozen=True, slots=True)
class Answering:
    """The answer to one request, a piece at a time."""

    manner: Manner
    source: Source

    @property
    def blocks(self) -> Iterator[tuple[int, int]]:
        most = min(PIECE_CELLS // self.manner.width, PIECE_BYTES // self.manner.row_bytes)
        step = min(self.manner.predictor.block_rows, max(1, most))
        step -= step % BATCH if step > BATCH else 0
        return ((start, min(start + step, self.source.count)) for start in range(0, self.source.count, step))

    def head(self) -> bytes:
        names = self.manner.predictor.targets
        if self.manner.form == "jsonl":
            return b""
        if self.manner.form == "csv":
            return _csv([[*names, *(f"probability_{key(label)}" for label in self.manner.labels)]])
        classes = self.manner.predictor.card.preprocessing.classes
        about = {
            "object": "predictions",
            "job": self.manner.job_id,
            "epoch": self.manner.epoch,
            "targets": names,
            "classes": None if classes is None else list(classes),
            "rows": self.source.count,
        }
        return orjson.dumps(about)[:-1] + b',"predictions":['

    def block(self, start: int, stop: int) -> bytes:
        """The predictions of the rows [start, stop). Takes a while."""
        predictions = self.manner.predictor.predict(self.source.block(start, stop))
        if self.manner.form == "csv":
            return _csv(self._lines(predictions))
        rows = told(predictions, with_probabilities=self.manner.with_probabilities)
        if self.manner.form == "jsonl":
            return b"".join(map(dumped, rows))
        return (b"," if start else b"") + orjson.dumps(rows)[1:-1]

    def tail(self) -> bytes:
        """Of JSON, with what the rows were warned of: now all of them are known."""
        if self.manner.form != "json":
            return b""
        warned = [{"pointer": warning.pointer, "message": warning.message} for warning in self.source.warnings()]
        return b'],"warnings":' + orjson.dumps(warned) + b"}\n"

    def _lines(self, predictions: "Predictions") -> Iterator[list[Any]]:
        columns = list(predictions.values.values())
        if predictions.probabilities is not None and self.manner.with_probabilities:
            columns += list(predictions.probabilities.T)
        for row in _rows(columns):
            yield [_cell(value) for value in row]


def told(predictions: "Predictions", *, with_probabilities: bool = True) -> list[Mapping[str, Any]]:
    """Each row's prediction as JSON has it."""
    names = list(predictions.values)
    values = (dict(zip(names, row, strict=True)) for row in _rows(list(predictions.values.values())))
    if predictions.probabilities is None or not with_probabilities:
        return [{"values": each} for each in values]
    labels = list(map(key, predictions.labels))
    found = (dict(zip(labels, row, strict=True)) for row in predictions.probabilities.tolist())
    return [{"values": each, "probabilities": of} for each, of in zip(values, found, strict=True)]


def _rows(columns: Sequence[Any]) -> Iterator[tuple[Any, ...]]:
    return zip(*(column.tolist() for column in columns), strict=True)


def key(label: Value) -> str:
    """A class as the key of a JSON object."""
    return label if isinstance(label, str) else orjson.dumps(label).decode()


def _size(label: Value) -> int:
    """Bytes of a label or a name in JSON, where it is no shorter than in CSV, with what stands around it."""
    return len(orjson.dumps(label)) + 4


def _cell(value: Any) -> Any:
    """As a dataset of CSV says it; what is no finite number is missing."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if isinstance(value, float) and not np.isfinite(value) else value


def _csv(lines: Any) -> bytes:
    text = StringIO()
    csv.writer(text).writerows(lines)
    return text.getvalue().encode()
