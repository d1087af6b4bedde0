"""Rows to predict as they are sent, and what the service says of them."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

from gradmill.answers import PredictionsAnswer, WarningAnswer
from gradmill.errors import BadInput
from gradmill.tables import columns, is_array, named, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

CELLS = 100_000  # of one request

_ROW = re.compile(r"(^/rows/|^rows\[|; the first: rows\[)([0-9]+)")
_COUNT = re.compile(r": [0-9,]+ rows? \w+ ")

Rows = Sequence[Mapping[str, Any] | Sequence[Any]]


@dataclass(slots=True)
class Predictions:
    """Of all rows, in their order: `values` for each target column, in its own words and units, None where the network gives no
    finite number. `probabilities` for each label, of classes and flags; empty where the targets are numbers. `warnings` tell of
    texts and columns that training never saw, and how the numbers of a file were read; of many rows, which go in several
    requests, each once, as the first says it."""

    targets: list[str] = field(default_factory=list)
    classes: list[Any] | None = None
    values: dict[str, list[Any]] = field(default_factory=dict)
    probabilities: dict[str, list[float | None]] = field(default_factory=dict)
    warnings: list[WarningAnswer] = field(default_factory=list)

    def __len__(self) -> int:
        return len(next(iter(self.values.values()), []))

    @classmethod
    def of(cls, answer: PredictionsAnswer) -> Self:
        found = cls()
        found.add(answer)
        return found

    def add(self, answer: PredictionsAnswer, start: int = 0) -> None:
        """Behind those that are there; `start` is the row that the answer calls 0."""
        self.targets, self.classes = answer.targets, answer.classes
        told = {_about(warning) for warning in self.warnings}
        for warning in answer.warnings or ():
            if _about(warning) not in told:
                self.warnings.append(warning.model_copy(update={"pointer": moved(warning.pointer, start)}))
        for each in answer.predictions:
            for name, value in each.values.items():
                self.values.setdefault(name, []).append(value)
            for label, probability in (each.probabilities or {}).items():
                self.probabilities.setdefault(label, []).append(probability)

    def array(self) -> "NDArray[Any]":
        """(N,) of one target, (N, targets) of several; NaN for a number that is not finite."""
        import numpy as np

        found = [np.array(_numbers(self.values[name])) for name in self.targets]
        return found[0] if len(found) == 1 else np.stack(found, axis=1)

    def probability_array(self) -> "NDArray[Any]":
        """(N, labels), in the order of `probabilities`."""
        import numpy as np

        if not self.probabilities:
            raise BadInput("the targets are numbers; there are no probabilities of them")
        return np.array(list(self.probabilities.values()), np.float64).T


def rows_of(data: Any) -> Rows:
    """Objects by column, or lists of the features' values in their order. Of an array a row is a list."""
    if is_array(data):
        return [_flat(row) for row in data.tolist()]
    if (found := columns(data)) is not None:
        listed = {name: plain(values) for name, values in found.items()}
        return [dict(zip(listed, row, strict=True)) for row in zip(*listed.values(), strict=True)]
    if isinstance(data, Sequence) and not isinstance(data, str | bytes):
        return [named(row) if isinstance(row, Mapping) else plain(row) for row in data]
    raise BadInput(f"a {type(data).__name__} holds no rows; an array, a table, columns by name or a list of rows does")


def pieces(rows: Rows, cells: int = CELLS) -> Iterator[tuple[int, Rows]]:
    """Rows of so many values together, or one row; before them where they begin."""
    step = max(1, cells // max(1, len(rows[0]))) if rows else 1
    return ((start, rows[start : start + step]) for start in range(0, max(1, len(rows)), step))


def moved(told: str, start: int) -> str:
    """What is told of a row of a piece, or its pointer, as of all rows; the piece begins at `start`."""
    return _ROW.sub(lambda found: f"{found[1]}{int(found[2]) + start}", told, count=1)


def _about(warning: WarningAnswer) -> tuple[str, str]:
    """What it tells, without where and of how many rows."""
    return _ROW.sub(r"\1", warning.pointer), _COUNT.sub(": ", warning.message)


def _flat(row: Any) -> list[Any]:
    """A row of an array of more dimensions, in C order."""
    if not isinstance(row, list):
        return plain([row])
    return plain(row) if not row or not isinstance(row[0], list) else [cell for each in row for cell in _flat(each)]


def _numbers(values: list[Any]) -> list[Any]:
    are_numbers = all(value is None or isinstance(value, float) for value in values)
    return [float("nan") if value is None else value for value in values] if are_numbers else values
