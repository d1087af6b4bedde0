"""Rows that stand in a request, as the columns that a fitted preprocessing reads.

A row is an object, {column: value, …}, or a list of the values of those columns that the network learned from, in their order.
null is a missing value, and a text that was never seen is taken as in training too. Other columns than these are ignored; one
that is left out is a mistake, since it may be a name that is written wrongly.
"""

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import islice
from operator import itemgetter
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from core.errors import InvalidData, Problem, escaped
from core.nn.preparation.column import MISSING_BOOLEAN, Columns
from core.nn.preparation.features import Boolean, Category, Indicator, Number, Text
from core.nn.preparation.names import Known, quoted, shown
from core.nn.preparation.preprocessing import Preprocessing

MAX_PROBLEMS = 100
_NEAR = 256  # rows

_NUMBERS = {int, float, bool, type(None)}
_TEXTS = {str, type(None)}
_OR_NULL = "or null where it is missing"


@dataclass(frozen=True, slots=True)
class Field:
    """A column that the network learned from: what is allowed in it, and how values become an array, (N,).

    `read` gives None where one of the values is not allowed.
    """

    name: str
    allowed: str
    read: Callable[[Sequence[Any]], NDArray[Any] | None]
    is_text: bool = False


def fields_of(fitted: Preprocessing) -> tuple[Field, ...]:
    """The columns of a row that is a list, in their order."""
    found: dict[str, Field] = {}
    for feature in fitted.features:
        if isinstance(feature, Number):
            field = Field(feature.column, f"a finite number is expected, {_OR_NULL}", _numbers)
        elif isinstance(feature, Boolean):
            field = Field(feature.column, f"true or false is expected, {_OR_NULL}", _booleans)
        elif isinstance(feature, Text | Category):
            codes = {text: code for code, text in enumerate(feature.values)}
            field = Field(feature.column, f"a text is expected, {_OR_NULL}", partial(_texts, codes), is_text=True)
        else:  # an indicator stands beside the feature of the same column
            continue
        found[feature.column] = field
    return tuple(found.values())


def columns_of(rows: Any, fields: Sequence[Field], at: str = "/rows") -> Columns:
    """The columns of the rows. InvalidData with a pointer, which begins with `at`, to everything that is not as it must be, at
    most MAX_PROBLEMS."""
    found = _columns(rows, fields)
    if found is not None:
        return found
    raise refusal(list(islice(_problems(rows, fields, at), MAX_PROBLEMS)))


def beyond(rows: Sequence[Any], columns: Columns, fitted: Preprocessing, dtype: DTypeLike, at: str = "/rows") -> list[Problem]:
    """Which numbers of the rows, which became these columns, leave the range of the dtype; at most MAX_PROBLEMS."""
    found = []
    for place, feature in enumerate(each for each in fitted.features if not isinstance(each, Indicator)):
        if not isinstance(feature, Number):
            continue
        x = np.empty((len(rows), 1), dtype)
        with np.errstate(over="ignore"):
            feature.fill(x, columns[feature.column])
        for i in np.flatnonzero(~np.isfinite(x[:, 0]))[:MAX_PROBLEMS].tolist():
            step = escaped(feature.column) if isinstance(rows[i], Mapping) else place
            value = columns[feature.column][i]
            message = f"rows[{i}]: column {quoted(feature.column)} is {value:g}, which leaves the range of {np.dtype(dtype)}"
            found.append((i, place, Problem(f"{at}/{i}/{step}", message)))
    return [problem for *_, problem in sorted(found, key=itemgetter(0, 1))[:MAX_PROBLEMS]]


def refusal(problems: Sequence[Problem]) -> InvalidData:
    """One error of all problems."""
    first = problems[0].message
    return InvalidData(first if len(problems) == 1 else f"{len(problems)} problems; the first: {first}", problems)


def _columns(rows: Any, fields: Sequence[Field]) -> dict[str, NDArray[Any]] | None:
    """None where something is wrong."""
    if not isinstance(rows, list | tuple) or not rows:
        return None
    width = len(fields)
    if not all(isinstance(row, Mapping) or (isinstance(row, list | tuple) and len(row) == width) for row in rows):
        return None
    numbers = [place for place, field in enumerate(fields) if field.read is _numbers]
    found: dict[str, NDArray[Any]] = {}
    try:
        if numbers:  # all at once: for one row of many columns a call for each would take longest
            values = [row[fields[place].name] if isinstance(row, Mapping) else row[place] for row in rows for place in numbers]
            array = _numbers(values)
            if array is None:
                return None
            found |= zip((fields[place].name for place in numbers), array.reshape(len(rows), -1).T, strict=True)
        for place, field in enumerate(fields):
            if field.name not in found:
                array = field.read([row[field.name] if isinstance(row, Mapping) else row[place] for row in rows])
                if array is None:
                    return None
                found[field.name] = array
    except KeyError:
        return None
    return found


def _problems(rows: Any, fields: Sequence[Field], at: str) -> Iterator[Problem]:
    if not isinstance(rows, list | tuple) or not rows:
        yield Problem(at, f"rows is {shown(rows)}; a list of rows is expected, each an object {{column: value, …}} or a list")
        return
    known: Known | None = None
    for i, row in _suspects(rows, fields):
        if isinstance(row, Mapping):
            for field in fields:
                if field.name not in row:
                    known = known or Known("column", "columns", list(row))
                    yield Problem(f"{at}/{i}/{escaped(field.name)}", f"rows[{i}]: {known.lacks(field.name)}; {field.allowed}")
                else:
                    yield from _wrong(field, row[field.name], f"rows[{i}]", f"{at}/{i}/{escaped(field.name)}")
        elif not isinstance(row, list | tuple):
            yield Problem(f"{at}/{i}", f"rows[{i}] is {shown(row)}; an object {{column: value, …}} or a list is expected")
        elif len(row) != len(fields):
            names = ", ".join(quoted(field.name) for field in fields[:10]) + (", …" if len(fields) > 10 else "")
            message = f"rows[{i}] has {len(row)} values; {len(fields)} are expected, of the columns {names}"
            yield Problem(f"{at}/{i}", message)
        else:
            for place, (field, value) in enumerate(zip(fields, row, strict=True)):
                yield from _wrong(field, value, f"rows[{i}]", f"{at}/{i}/{place}")


def _suspects(rows: Sequence[Any], fields: Sequence[Field]) -> Iterator[tuple[int, Any]]:
    """Rows that stand near something wrong, with their numbers: to look at every value of all of them would take long."""
    for start in range(0, len(rows), _NEAR):
        near = rows[start : start + _NEAR]
        if _columns(near, fields) is None:
            yield from enumerate(near, start)


def _wrong(field: Field, value: Any, row: str, pointer: str) -> Iterator[Problem]:
    if field.read([value]) is None:
        yield Problem(pointer, f"{row}: column {quoted(field.name)} is {shown(value)}; {field.allowed}")


def _numbers(values: Sequence[Any]) -> NDArray[Any] | None:
    """NaN where missing; true and false count as 1 and 0."""
    if not set(map(type, values)) <= _NUMBERS:
        return None
    try:
        array = np.array(values, np.float64)
    except OverflowError:  # an integer of too many digits
        return None
    return None if np.isinf(array).any() else array


def _booleans(values: Sequence[Any]) -> NDArray[Any] | None:
    """1 and 0 count as true and false."""
    if not set(map(type, values)) <= _NUMBERS or any(not _is_missing(value) and value not in (0, 1) for value in values):
        return None
    return np.array([MISSING_BOOLEAN if _is_missing(value) else value for value in values], np.uint8)


def _texts(codes: Mapping[str, int], values: Sequence[Any]) -> NDArray[Any] | None:
    """Codes, −1 where missing or never seen."""
    if not set(map(type, values)) <= _TEXTS:
        return None
    return np.fromiter((codes.get(value, -1) for value in values), np.int32, len(values))


def _is_missing(value: Any) -> bool:
    return value is None or (isinstance(value, float) and math.isnan(value))
