"""A table's columns in the words of a preprocessing that was fitted on another: the same text has the same code."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.nn.preparation.features import Category, Text
from core.nn.preparation.preprocessing import Columns, Preprocessing
from core.nn.preparation.schema import Schema, Value


class Recoded(Columns):
    """The columns of `table`, which `schema` describes; a text that `fitted` has not seen is missing."""

    def __init__(self, table: Columns, schema: Schema, fitted: Preprocessing) -> None:
        self._table = table
        self._codes = {
            name: _codes(schema.column(name).values or (), words)
            for name, words in _words(fitted).items()
            if schema.column(name).kind == "text"
        }
        self._made: dict[str, NDArray[Any]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._codes:
            return self._table[name]
        if name not in self._made:
            self._made[name] = self._codes[name][self._table[name]]
        return self._made[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._table)

    def __len__(self) -> int:
        return len(self._table)


def _words(fitted: Preprocessing) -> Mapping[str, Sequence[Value]]:
    """What the codes of each column mean."""
    words: dict[str, Sequence[Value]] = {
        feature.column: feature.values for feature in fitted.features if isinstance(feature, Text | Category)
    }
    if len(fitted.outputs) == 1 and fitted.classes is not None:
        words[fitted.outputs[0].column] = fitted.classes
    return words


def _codes(theirs: Sequence[Value], ours: Sequence[Value]) -> NDArray[np.int32]:
    """Our code for each of theirs; the last place serves their −1."""
    places = {value: code for code, value in enumerate(ours)}
    return np.array([*(places.get(value, -1) for value in theirs), -1], np.int32)
