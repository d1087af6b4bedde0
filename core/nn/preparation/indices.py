"""Columns whose values number the rows of an embedding's table.

The codes of texts always do. Numbers do where they are whole and not too large, which only the data can say.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from core.errors import Problem, escaped
from core.nn.preparation.column import Columns, absent
from core.nn.preparation.features import Category, Feature
from core.nn.preparation.names import exact, quoted
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.rows import MAX_PROBLEMS, Field


def are_indices(x: NDArray[Any], vocabulary: int) -> NDArray[np.bool_]:
    """Which of the numbers x are whole and from 0 to vocabulary − 1, in its shape."""
    with np.errstate(invalid="ignore"):
        found: NDArray[np.bool_] = (x >= 0) & (x < vocabulary) & (x == np.floor(x))
    return found


@dataclass(frozen=True, slots=True)
class Index:
    """A feature that an embedding looks up in a table of `vocabulary` rows."""

    feature: Feature
    vocabulary: int

    def strange(self, values: NDArray[Any], dtype: DTypeLike) -> NDArray[np.bool_]:
        """Which of the column's values (N,) number no row, in the network's dtype; (N,)."""
        found: NDArray[np.bool_] = ~are_indices(self._inputs(values, dtype), self.vocabulary)
        return np.asarray(found.any(axis=1))

    def told(self, value: NDArray[Any], dtype: DTypeLike) -> str:
        """The message about such a value (1,)."""
        x = self._inputs(value, dtype)[0]
        is_ = "has no value, which counts as" if absent(value)[0] else "is"
        number = exact(x[~are_indices(x, self.vocabulary)][0])
        takes = f"the embedding takes whole numbers from 0 to {self.vocabulary - 1:,}"
        return f"column {quoted(self.feature.column)} {is_} {number}; {takes}"

    def _inputs(self, values: NDArray[Any], dtype: DTypeLike) -> NDArray[Any]:
        x = np.empty((len(values), self.feature.width), dtype)
        with np.errstate(over="ignore"):
            self.feature.fill(x, values)
        return x


def indices_of(fitted: Preprocessing, vocabularies: Mapping[int, int]) -> tuple[Index, ...]:
    """The features that are looked up and may hold anything; `vocabularies` are of inputs by their places."""
    places = accumulate((feature.width for feature in fitted.features), initial=0)
    return tuple(
        Index(feature, vocabularies[place])
        for place, feature in zip(places, fitted.features, strict=False)
        if place in vocabularies and not isinstance(feature, Category)
    )


def strange_in_rows(
    rows: Sequence[Any],
    fields: Sequence[Field],
    columns: Columns,
    indices: Sequence[Index],
    dtype: DTypeLike,
    at: str = "/rows",
) -> list[Problem]:
    """Which values of the rows in a request, which became these columns, number no row of a table; at most MAX_PROBLEMS."""
    places = {field.name: place for place, field in enumerate(fields)}
    found = []
    for index in indices:
        name = index.feature.column
        values = columns[name]
        for i in np.flatnonzero(index.strange(values, dtype))[:MAX_PROBLEMS].tolist():
            step = escaped(name) if isinstance(rows[i], Mapping) else places[name]
            message = f"rows[{i}]: {index.told(values[i : i + 1], dtype)}"
            found.append((i, places[name], Problem(f"{at}/{i}/{step}", message)))
    return [problem for *_, problem in sorted(found, key=itemgetter(0, 1))[:MAX_PROBLEMS]]
