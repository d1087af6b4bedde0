"""Columns in rows to predict that the training data never had: they change nothing, which may not be meant."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

from core.errors import Problem, escaped
from core.nn.preparation.names import quoted
from core.nn.preparation.rows import Field

MAX_WARNINGS = 20

Places = Mapping[str, tuple[int, int]]


def others(rows: Sequence[Any], fields: Sequence[Field]) -> Places:
    """By their names the columns of the rows, which have all `fields`, that are none of these: the first row, and how many."""
    names = frozenset(field.name for field in fields)
    found: dict[str, tuple[int, int]] = {}
    for i, row in enumerate(rows):
        if isinstance(row, Mapping) and len(row) > len(names):
            for name in row:
                if name not in names:
                    first, count = found.get(name, (i, 0))
                    found[name] = first, count + 1
    return found


def strange(places: Places, known: Collection[str], at: str = "/rows") -> list[Problem]:
    """A warning for each of the columns that is not `known` from the training data, at most MAX_WARNINGS."""
    unknown = [name for name in places if name not in known][:MAX_WARNINGS]
    return [Problem(f"{at}/{places[name][0]}/{escaped(name)}", _told(name, places[name][1])) for name in unknown]


def _told(name: str, rows: int) -> str:
    count = "1 row has" if rows == 1 else f"{rows:,} rows have"
    return f"column {quoted(name)}: {count} a value of it, but the training data have no such column; it is ignored"
