"""Small datasets that come inside the request: `inputs` and `targets` as JSON lists, read in this process.

`inputs` is a list of rows of numbers; the columns are called input0, input1, …. `targets` is a list of numbers, booleans or
texts (one column, `target`) or a list of rows of numbers or booleans (target0, target1, …). `weights`, where they are given, is
a list of numbers (`weight`). true and false among numbers count as 1 and 0.
"""

import math
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from core.data.describe import Described, boolean, bounded, number, preview, text, unstorable
from core.data.parsed import Parsed, schema_of
from core.data.table import write_table
from core.errors import InvalidSpec, Problem
from core.nn.preparation.column import as_meant
from core.nn.preparation.names import shown

WEIGHT = "weight"  # the name of their column
MAX_PROBLEMS = 20
MAX_COLUMNS = 20_000
_NUMBERS = {int, float, bool}


def inline_table(inputs: Any, targets: Any, into: Path, weights: Any = None, at: str = "/dataset") -> Parsed:
    """Writes the table to `into`; OSError where the disk is full.

    InvalidSpec with a pointer, which begins with `at`, to everything that is not as it must be (at most MAX_PROBLEMS).
    """
    problems = list(islice(_row_problems(inputs, f"{at}/inputs"), MAX_PROBLEMS))
    by_row = isinstance(targets, list | tuple) and bool(targets) and isinstance(targets[0], list | tuple)
    of_targets = (_row_problems if by_row else _value_problems)(targets, f"{at}/targets")
    problems += islice(of_targets, MAX_PROBLEMS - len(problems))
    if weights is not None:
        problems += islice(_weight_problems(weights, f"{at}/weights"), MAX_PROBLEMS - len(problems))
    if not problems:
        for name, rows in (("targets", targets), ("weights", inputs if weights is None else weights)):
            if len(rows) != len(inputs):
                message = f"{name} has {len(rows)} rows, inputs has {len(inputs)}; they must be equal"
                problems.append(Problem(f"{at}/{name}", message))
    if problems:
        raise InvalidSpec(problems)
    found = _columns(inputs, "input") + (_columns(targets, "target") if by_row else [_target(targets)])
    if weights is not None:
        found.append(number(WEIGHT, np.array(weights, np.float64)))
    columns = bounded(found)
    write_table(into, {column.name: column.array for column in columns if column.array is not None})
    return Parsed(schema_of(columns, len(inputs)), preview(columns, len(inputs)))


def _columns(rows: Sequence[Sequence[Any]], prefix: str) -> list[Described]:
    by_column = np.ascontiguousarray(np.array(rows, np.float64).T)
    return [as_meant(number(f"{prefix}{i}", x)) for i, x in enumerate(by_column)]


def _target(values: Sequence[Any]) -> Described:
    if isinstance(values[0], str):
        distinct = list(dict.fromkeys(values))
        places = {value: i for i, value in enumerate(distinct)}
        codes = np.fromiter(map(places.__getitem__, values), np.int32, len(values))
        return text("target", codes, distinct, is_meant=True)  # it is never a feature
    if set(map(type, values)) == {bool}:
        return boolean("target", np.array(values))
    if set(map(type, values)) == {int} and min(values) >= -(2**63) and max(values) < 2**63:
        return as_meant(number("target", np.array(values, np.int64)))  # may be labels, of which no two must become one
    return as_meant(number("target", np.array(values, np.float64)))


def _row_problems(rows: Any, pointer: str) -> Iterator[Problem]:
    """What keeps `rows` from being a list of rows of finite numbers, all of one length."""
    if not isinstance(rows, list | tuple) or not rows:
        yield Problem(pointer, f"{shown(rows)} is given; a list of rows is expected, for example [[0, 1], [1, 0]]")
        return
    width = len(rows[0]) if isinstance(rows[0], list | tuple) else None
    if width is not None and not 1 <= width <= MAX_COLUMNS:
        yield Problem(f"{pointer}/0", f"the row has {width} numbers; 1 to {MAX_COLUMNS} are allowed")
        return
    for i, row in enumerate(rows):
        if not isinstance(row, list | tuple):
            yield Problem(f"{pointer}/{i}", f"{shown(row)} is given; a row, that is a list of numbers, is expected")
        elif width is None:
            width = len(row)
        elif len(row) != width:
            yield Problem(f"{pointer}/{i}", f"the row has {len(row)} numbers, the first row has {width}; all must be equal")
        if isinstance(row, list | tuple) and not _are_finite(row):
            yield from _number_problems(row, f"{pointer}/{i}")


def _value_problems(values: Any, pointer: str) -> Iterator[Problem]:
    """What keeps `values` from being a list of finite numbers and booleans, or a list of texts."""
    if not isinstance(values, list | tuple) or not values:
        expected = "a list of numbers, booleans or texts, or of rows of numbers, is expected"
        yield Problem(pointer, f"{shown(values)} is given; {expected}")
    elif not isinstance(values[0], str):
        if not _are_finite(values):
            yield from _number_problems(values, pointer)
    else:
        for i, value in enumerate(values):
            if not isinstance(value, str):
                yield Problem(f"{pointer}/{i}", f"{shown(value)} is given; the first target is a text, so all must be texts")
            elif unstorable(value):
                yield Problem(f"{pointer}/{i}", f"the text has {unstorable(value)}, which cannot be stored")


def _weight_problems(values: Any, pointer: str) -> Iterator[Problem]:
    """What keeps `values` from being a list of finite numbers."""
    if not isinstance(values, list | tuple) or not values:
        yield Problem(pointer, f"{shown(values)} is given; a list of numbers is expected, one for each row")
    elif not _are_finite(values):
        yield from _number_problems(values, pointer)


def _number_problems(values: Sequence[Any], pointer: str) -> Iterator[Problem]:
    for i, value in enumerate(values):
        if type(value) not in _NUMBERS:
            yield Problem(f"{pointer}/{i}", f"{shown(value)} is given; a number is expected")
        elif not _are_finite([value]):
            given = "an integer of too many digits" if type(value) is int else str(value)
            yield Problem(f"{pointer}/{i}", f"{given} is given; a finite float64 number is expected")


def _are_finite(values: Sequence[Any]) -> bool:
    """Whether all are numbers or booleans, and finite as float64; may say no where only their sum overflows."""
    if not set(map(type, values)) <= _NUMBERS:
        return False
    try:
        return math.isfinite(math.fsum(values))
    except (OverflowError, ValueError):  # too large, or inf − inf
        return False
