"""A table under a preprocessing that was fitted on another: what does not fit, and its columns in the words of the first."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.nn.preparation.column import Columns, Value
from core.nn.preparation.features import Category, Text
from core.nn.preparation.names import quoted
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.roles import classes, feature_columns
from core.nn.preparation.schema import Schema
from core.nn.spec import AnyLoss, DataSpec


class Recoded(Columns):
    """The columns of `table`, which `schema` describes: the same text has the same code; one that `fitted` has not seen is
    missing."""

    def __init__(self, table: Columns, schema: Schema, fitted: Preprocessing) -> None:
        self._table = table
        self._codes = {
            name: codes(schema.column(name).values or (), words)
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


def strangeness(kept: Preprocessing, schema: Schema, data: DataSpec, loss: AnyLoss) -> tuple[str, str] | None:
    """Why a preprocessing that was fitted elsewhere says nothing of these columns: a field of `data`, and a message; else None.

    Of a target that is not there nothing is said here.
    """
    if any(name not in schema for name in data.targets):
        return None
    kinds = {"text": "text", "category": "text"}
    for feature in kept.features:
        if feature.column not in schema:
            return "features", f"there is no column {quoted(feature.column)}, which those weights were learned from"
        has, wanted = schema.column(feature.column).kind, kinds.get(feature.kind, feature.kind)
        if feature.kind != "missing" and has != wanted:
            return "features", f"column {quoted(feature.column)} is of kind {has}; those weights were learned from {wanted}"
    known = {feature.column for feature in kept.features}
    for column in feature_columns(schema, data):
        if column.name not in known:
            return (
                "features",
                f"those weights were not learned from a column {quoted(column.name)}; leave it out of the features",
            )
    targets = tuple(target.column for target in kept.outputs)
    if targets != data.targets:
        return "target", f"those weights were learned for the target {', '.join(map(quoted, targets))}"
    found = classes(schema, data, loss)
    if found != kept.classes:
        one, other = _listed(found), _listed(kept.classes)
        return "target", f"its classes are {one}; those of the weights are {other}"
    return None


def codes(theirs: Sequence[Value], ours: Sequence[Value]) -> NDArray[np.int32]:
    """Our code for each of theirs; the last place serves their −1."""
    places = {value: code for code, value in enumerate(ours)}
    return np.array([*(places.get(value, -1) for value in theirs), -1], np.int32)


def _words(fitted: Preprocessing) -> Mapping[str, Sequence[Value]]:
    """What the codes of each column mean."""
    words: dict[str, Sequence[Value]] = {
        feature.column: feature.values for feature in fitted.features if isinstance(feature, Text | Category)
    }
    if len(fitted.outputs) == 1 and fitted.classes is not None:
        words[fitted.outputs[0].column] = fitted.classes
    return words


def _listed(labels: Sequence[Value] | None) -> str:
    return ", ".join(map(quoted, labels[:5])) + (", …" if len(labels) > 5 else "") if labels else "none"
