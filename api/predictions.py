"""Predictions of many rows, a block at a time, as JSON, JSON lines or CSV."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from io import StringIO
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import orjson

from api.answers import dumped
from api.sources import Source
from core.nn.preparation.column import Value

if TYPE_CHECKING:
    from core.nn.predictor import Predictions, Predictor

Form = Literal["json", "jsonl", "csv"]
MEDIA_TYPES: dict[Form, str] = {"json": "application/json", "jsonl": "application/x-ndjson", "csv": "text/csv"}

PIECE_CELLS = 1 << 15  # values and probabilities that are made into text at once: a few milliseconds, in which nobody else runs
PIECE_BYTES = 1 << 24  # of that text: a label may be long, and stands in every row
NUMBER_BYTES = 28  # the longest with what separates it from the next
OBJECT_BYTES = 40  # of {"values": …, "probabilities": …} in JSON
BATCH = 256  # rows that run through the layers at once


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
        about: dict[str, Any] = {
            "object": "predictions",
            "job": self.manner.job_id,
            "epoch": self.manner.epoch,
            "targets": names,
            "classes": None if classes is None else list(classes),
            "rows": self.source.count,
        }
        if self.source.reading is not None:
            about["reading"] = self.source.reading.to_json()
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
