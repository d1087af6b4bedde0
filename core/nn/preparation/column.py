"""One column of a table, as the reader of a file describes and stores it and the rules of training look at it.

Its kind says what its values are and how they are stored:

    number     float64, NaN where missing; int64 where every value is an integer and none is missing
    boolean    uint8, 0 or 1, 255 where missing
    text       int32 codes into `values`, −1 where missing
    ignored    not stored; `reason` says why

Needs NumPy alone, so that the process that parses a file starts fast.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar

import numpy as np
from numpy.typing import NDArray

from core.nn.preparation.reading import Decimal

Kind = Literal["number", "boolean", "text", "ignored"]
Numbering = Literal["rising", "named"]
Value = bool | int | float | str
Columns = Mapping[str, NDArray[Any]]  # those of a table as they are stored, each (N,), by name

MAX_TEXTS = 10_000  # distinct values of a column that are listed, and so how many classes there can be
MAX_NUMBERS = 1_000
FIRST_ROWS = 5
MISSING_BOOLEAN = 255  # as stored

# How whole numbers show that they only number the rows → what is said of them.
NUMBERING: Mapping[Numbering, str] = {
    "rising": "its numbers rise by 1 from row to row, so they probably only number the rows",
    "named": "its numbers are hardly ever the same, and it is named as ids are, so they probably only number the rows",
}

_FEW = 50
_LEAST_TEXTS = 3


@dataclass(frozen=True, slots=True)
class Cell:
    row: int  # from 0
    text: str


@dataclass(frozen=True, slots=True)
class NumberLike:
    """Of a text column most of whose distinct values look like numbers: how many `cells` do, `of` how many that are there.

    `strange` is how many are no plain numbers: those that look like numbers only, such as "1,200", "12,5 m" and "$5", and those
    that do not. `examples` are the first of them, those that look like none before others.
    `words` are what an upload is to say, so that those that look like numbers are; None where that does not do it.
    """

    cells: int
    of: int
    strange: int
    examples: tuple[Cell, ...] = ()
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Column:
    """One column and its statistics over all rows; no number in it is NaN or infinite.

    `values` are the sorted distinct values: always of a boolean or text column, of a number column where they are few (at most
    1,000; fewer in a very wide table), else None. `distinct` is None where it was not counted. `deviation` is the
    population's standard deviation. The four statistics are None where there is no number. `warning` says where the column
    looks like something else than it was read as, or costs many inputs; it changes nothing. `missing_rows` are the first
    FIRST_ROWS of those that miss it. `numbering` says how whole numbers show that they probably only number the rows: they are
    `rising` by 1 from row to row, or hardly ever the same and `named` as ids are. `doubtful` is the first of its cells with a
    point or comma where all of these may begin decimals or separate thousands, and at most other columns tell which; `decimal`
    is the sign with which they were read.
    """

    name: str
    kind: Kind
    missing: int = 0
    distinct: int | None = None
    values: tuple[Value, ...] | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    deviation: float | None = None
    reason: str | None = None
    warning: str | None = None
    number_like: NumberLike | None = None
    missing_rows: tuple[int, ...] = ()
    numbering: Numbering | None = None
    doubtful: str | None = None
    decimal: Decimal | None = None

    def __post_init__(self) -> None:
        """Databases may give 1.0 back as 1: where one value is a float, all are."""
        if self.values is not None and any(type(value) is float for value in self.values):
            object.__setattr__(self, "values", tuple(float(value) for value in self.values))


_Some = TypeVar("_Some", bound=Column)


def as_meant(column: _Some) -> _Some:
    """Numbers that are meant, even if they look as if they only number the rows."""
    if column.numbering is None:
        return column
    return replace(column, warning=None if column.warning == NUMBERING[column.numbering] else column.warning, numbering=None)


def row_at(row: int, first_line: int | None = None) -> str:
    """A row as messages name it: counted from 0, as in requests; and its line, where `first_line` is that of row 0."""
    return f"row {row}" if first_line is None else f"row {row} (line {row + first_line} of the file)"


def rows_at(rows: Sequence[int], count: int, first_line: int | None = None) -> str:
    """The first of `count` rows as messages name them, as `row_at` does one."""
    if count == 1:
        return row_at(rows[0], first_line)
    more = ", …" if count > len(rows) else ""
    told = f"rows {', '.join(map(str, rows))}{more}"
    if first_line is None:
        return told
    return f"{told} (lines {', '.join(str(row + first_line) for row in rows)}{more} of the file)"


def first_rows(found: NDArray[np.bool_]) -> tuple[int, ...]:
    """The first FIRST_ROWS places of `found` (N,) that are true."""
    rows: list[int] = []
    start = 0
    while len(rows) < FIRST_ROWS and found[start:].any():
        start += int(found[start:].argmax()) + 1
        rows.append(start - 1)
    return tuple(rows)


def are_many(distinct: int, rows: int) -> bool:
    """Whether a column with so many distinct values hardly ever repeats one, as measured quantities and names do."""
    return distinct > _FEW and 10 * distinct > rows


def hardly_repeat(texts: int, rows: int, missing: int) -> bool:
    """Whether so many different texts are many, or there is another in every row that does not miss it."""
    return are_many(texts, rows) or _LEAST_TEXTS <= texts == rows - missing


def absent(array: NDArray[Any]) -> NDArray[np.bool_]:
    """(N,) true where the number is NaN, the boolean 255 or the code of a text below 0."""
    found: NDArray[np.bool_]
    if array.dtype.kind == "f":
        found = np.isnan(array)
    elif array.dtype == np.int32:
        found = array < 0
    elif array.dtype == np.uint8:
        found = array == MISSING_BOOLEAN
    else:
        found = np.zeros(len(array), np.bool_)
    return found
