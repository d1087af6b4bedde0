"""Texts in rows to predict that training never saw. They count as missing, which may not be meant: a client is told of them."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np

from core.errors import Problem, escaped
from core.nn.preparation.column import Columns
from core.nn.preparation.names import listed, quoted
from core.nn.preparation.rows import Field

MAX_WARNINGS = 20

_SHOWN = 3


def unseen_in_rows(rows: Sequence[Any], fields: Sequence[Field], columns: Columns, at: str = "/rows") -> list[Problem]:
    """A warning for each of the `fields` with such texts among the `rows` that became these columns, at most MAX_WARNINGS; each
    points at the first."""
    return list(islice(_unseen_in_rows(rows, fields, columns, at), MAX_WARNINGS))


def _unseen_in_rows(rows: Sequence[Any], fields: Sequence[Field], columns: Columns, at: str) -> Iterator[Problem]:
    for place, field in enumerate(fields):
        if not field.is_text or columns[field.name].min() >= 0:
            continue
        texts: dict[str, int] = {}
        count = 0
        for i in np.flatnonzero(columns[field.name] < 0).tolist():
            value = rows[i][field.name if isinstance(rows[i], Mapping) else place]
            if value is not None:
                texts.setdefault(value, i)
                count += 1
        if texts:
            first = next(iter(texts.values()))
            step = escaped(field.name) if isinstance(rows[first], Mapping) else place
            yield Problem(f"{at}/{first}/{step}", unseen(field.name, count, list(texts)))


def unseen(column: str, rows: int, texts: Sequence[str]) -> str:
    """The message about so many `rows` with these different `texts`."""
    more = ", …" if len(texts) > _SHOWN else ""
    has = "1 row holds a text" if rows == 1 else f"{rows:,} rows hold {'a text' if len(texts) == 1 else 'texts'}"
    counts = "it counts" if len(texts) == 1 else "they count"
    return f"column {quoted(column)}: {has} that training never saw ({listed(texts[:_SHOWN])}{more}); {counts} as missing"
