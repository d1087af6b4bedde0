"""A JSON document: `{"column": [value, …], …}` or `[{"column": value, …}, …]`. null, or a key left out, is a missing value."""

import json
from collections import Counter
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np

from core.data.cells import InvalidCell
from core.data.describe import Described, boolean, check_names, ignored, number, settled, text
from core.data.formats.numerals import numerals
from core.data.formats.text import scan
from core.data.limits import Limits, Read
from core.data.styles import Styles
from core.errors import InvalidData
from core.nn.preparation.reading import AS_IT_LOOKS, Decimal, Reading

MAX_DEPTH = 32
TOO_DEEP = f"the JSON has too many lists or objects inside one another; {MAX_DEPTH} are allowed"

_KINDS = {
    type(None): "null",
    bool: "a boolean",
    int: "a number",
    float: "a number",
    str: "a text",
    list: "a list",
    dict: "an object",
}


def read(path: Path, limits: Limits, reading: Reading = AS_IT_LOOKS) -> Read:
    scan(path)
    document = load(path.read_bytes())
    if isinstance(document, dict):
        names, rows = list(document), _length(document)
        columns = list(document.values())
    elif isinstance(document, list):
        for i, row in enumerate(document):
            if not isinstance(row, dict):
                raise InvalidData(f"row {i} is {kind(row)}; every row must be an object, {{column: value, …}}")
        rows = len(document)
        names = list(dict.fromkeys(chain.from_iterable(document)))
        limits.check(rows, len(names))
        columns = [[row.get(name) for row in document] for name in names]
    else:
        raise InvalidData(f"the document is {kind(document)}; an object of columns or a list of rows is needed")
    limits.check(rows, len(names))
    check_names(names)
    reading = settled(reading, names).with_sign()
    described = [_described(name, values, reading) for name, values in zip(names, columns, strict=True)]
    return Read(rows, described, reading=reading)


def load(document: str | bytes) -> Any:
    """The parsed document. InvalidData says where it is not JSON; NaN, Infinity and doubled keys are not."""
    try:
        parsed = json.loads(document, object_pairs_hook=_object, parse_constant=_constant)
    except json.JSONDecodeError as error:
        raise InvalidData(f"not JSON at line {error.lineno}, character {error.colno}: {error.msg}") from error
    except RecursionError as error:
        raise InvalidData(TOO_DEEP) from error
    except ValueError as error:  # an integer of thousands of digits, or a byte that is not UTF-8
        raise InvalidData(f"not JSON that can be read: {error}") from error
    level = [parsed]
    for _ in range(MAX_DEPTH + 1):
        level = [inner for outer in level for inner in _inside(outer)]
        if not level:
            return parsed
    raise InvalidData(TOO_DEEP)


def kind(value: Any) -> str:
    return _KINDS[type(value)]


def _inside(value: Any) -> list[Any]:
    """The lists and objects directly in a value."""
    found = value if type(value) is list else value.values() if type(value) is dict else ()
    return [inner for inner in found if type(inner) is list or type(inner) is dict]


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        doubled = Counter(name for name, _ in pairs).most_common(1)[0][0]
        raise InvalidData(f'"{doubled}" stands twice in one object; names must differ')
    return found


def _constant(name: str) -> float:
    raise InvalidData(f"{name} is not JSON; finite numbers are allowed, and null where a value is missing")


def _length(columns: dict[str, Any]) -> int:
    first: str | None = None
    for name, values in columns.items():
        if not isinstance(values, list):
            raise InvalidData(f'"{name}" is {kind(values)}; every column must be a list of values')
        if first is None:
            first = name
        elif len(values) != len(columns[first]):
            raise InvalidData(
                f'column "{name}" has {len(values)} values, column "{first}" has {len(columns[first])}; all must have as many'
            )
    return 0 if first is None else len(columns[first])


def _described(name: str, values: Sequence[Any], reading: Reading) -> Described:
    if reading.missing_values:
        values = [None if isinstance(value, str) and value in reading.missing_values else value for value in values]
    if name in reading.texts:
        values = [json.dumps(value) if isinstance(value, bool | int | float) else value for value in values]
    elif name in reading.numbers:
        values = _as_numbers(values, reading.sign)
    kinds = {_KINDS[found] for found in set(map(type, values))} - {"null"}
    missing = values.count(None)
    if not kinds:
        return ignored(name, "every value is missing", missing)
    if kinds <= {"a list", "an object"}:
        if name in (*reading.numbers, *reading.texts):
            raise InvalidData(f'column "{name}" holds {min(kinds)} in each row; numbers and texts cannot be read from that')
        return ignored(name, "nested values are not used; numbers, booleans and texts are", missing)
    if len(kinds) > 1:
        first = next(kind(value) for value in values if value is not None)
        row, other = next((i, kind(v)) for i, v in enumerate(values) if v is not None and kind(v) != first)
        raise InvalidCell(name, row, f"{other} among values that begin with {first}; one kind is needed")
    if kinds == {"a number"}:
        return number(name, _numbers(name, values, missing))
    if kinds == {"a boolean"}:
        absent = np.array([value is None for value in values]) if missing else None
        return boolean(name, np.array([value is True for value in values]), absent)
    places = {value: i for i, value in enumerate(dict.fromkeys(value for value in values if value is not None))}
    codes = np.array([-1 if value is None else places[value] for value in values])
    if name in reading.numbers:
        return numerals(name, list(places), codes, (), styles=Styles(reading.sign))
    return text(name, codes, list(places), is_meant=name in reading.texts, styles=Styles(reading.sign))


def _as_numbers(values: Sequence[Any], decimal: Decimal | None) -> Sequence[Any]:
    """Numbers among texts as texts of that decimal sign, true and false as numbers."""
    if any(isinstance(value, str) for value in values):
        point = "," if decimal == "comma" else "."
        return [json.dumps(value).replace(".", point) if type(value) in (int, float) else value for value in values]
    return [int(value) if isinstance(value, bool) else value for value in values]


def _numbers(name: str, values: Sequence[Any], missing: int) -> Any:
    if not missing and set(map(type, values)) == {int}:
        try:
            return np.array(values, np.int64)
        except OverflowError:
            pass
    try:
        return np.array([np.nan if value is None else value for value in values], np.float64)
    except OverflowError as error:
        raise InvalidData(f'column "{name}" has an integer beyond float64 (about 1.8e308)') from error
