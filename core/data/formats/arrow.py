"""Arrow's columns as ours."""

from collections.abc import Collection
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import compute, types

from core.data.cells import InvalidCell
from core.data.describe import NO_DATES, Described, boolean, dated, ignored, number, remark, text, without
from core.data.formats.json import MAX_DEPTH, TOO_DEEP
from core.data.formats.numerals import numerals
from core.data.styles import Styles
from core.errors import InvalidData
from core.nn.preparation.column import MAX_TEXTS
from core.nn.preparation.reading import AS_IT_LOOKS, Reading

_SAMPLE = 100_000


def unusable(arrow_type: Any) -> str | None:
    """Why columns of this type are ignored, or None where they are used."""
    if types.is_temporal(arrow_type):
        return NO_DATES
    if types.is_nested(arrow_type):
        check_depth(arrow_type)
        return "nested values are not used; numbers, booleans and texts are"
    if types.is_dictionary(arrow_type):
        return unusable(arrow_type.value_type)
    if types.is_null(arrow_type):
        return "every value is missing"
    if _is_number(arrow_type) or types.is_boolean(arrow_type) or _is_text(arrow_type):
        return None
    return f"values of type {arrow_type} are not used; numbers, booleans and texts are"


def check_depth(arrow_type: Any) -> None:
    """InvalidData for lists and objects in one another beyond MAX_DEPTH: nothing good comes of walking through them."""
    level = [arrow_type]
    for _ in range(MAX_DEPTH):
        level = [t.field(i).type for t in level if types.is_nested(t) for i in range(t.num_fields)]
        if not level:
            return
    raise InvalidData(TOO_DEEP)


def check_type(name: str, arrow_type: Any, reading: Reading) -> None:
    """InvalidData where the column is to be read as what values of this type cannot be."""
    wanted = "numbers" if name in reading.numbers else "texts" if name in reading.texts else None
    if wanted and not types.is_null(arrow_type) and (reason := unusable(arrow_type)):
        raise InvalidData(f'column "{name}" cannot be read as {wanted}: {reason}')


def described(
    name: str,
    column: Any,
    *,
    refuses_nan: bool = False,
    reading: Reading = AS_IT_LOOKS,
    styles: Styles = Styles(),  # noqa: B008  it is frozen
    first_line: int | None = None,
) -> Described:
    """column: a ChunkedArray. With `refuses_nan`, a NaN is an error and null alone marks a missing value. `styles` are those of
    texts that are numbers."""
    check_type(name, column.type, reading)
    if reason := unusable(column.type):
        return ignored(name, reason, column.null_count)
    if types.is_dictionary(column.type) and not _is_text(column.type.value_type):
        column = column.cast(column.type.value_type)
    if name in reading.texts:
        values, codes = _encoded(column if _is_text(column.type) else column.cast(pa.string()))
        return text(name, without(reading.missing_values, values, codes), values, is_meant=True)
    if name in reading.numbers and not _is_number(column.type):
        if not types.is_boolean(column.type):
            missing, (values, codes) = reading.missing_values, _encoded(column)
            return numerals(name, values, codes, missing, styles=styles, first_line=first_line)
        column = column.cast(pa.int64())
    if types.is_boolean(column.type):
        absent = column.is_null().to_numpy() if column.null_count else None
        return boolean(name, compute.fill_null(column, False).to_numpy(), absent)
    if _is_number(column.type):
        if refuses_nan and types.is_floating(column.type):
            nan = compute.index(compute.is_nan(column), True).as_py()
            if nan >= 0:
                raise InvalidCell(name, nan, "NaN is not JSON; a missing value is written null")
        if column.null_count or types.is_decimal(column.type):
            column = column.cast(pa.float64(), safe=False)
        return number(name, column.to_numpy())
    return _text(name, column, reading.missing_values, styles)


def _text(name: str, column: Any, missing: Collection[str], styles: Styles) -> Described:
    if not types.is_dictionary(column.type):
        sample = column.slice(0, _SAMPLE).unique()
        if len(sample) - sample.null_count > MAX_TEXTS:
            first = sample.slice(0, MAX_TEXTS).drop_null().to_pylist()
            if (found := dated(name, first, column.null_count)) is not None:
                return found
            warning = remark(name, first, styles, "the first")
            reason = f"more than {MAX_TEXTS} different texts; {MAX_TEXTS} are allowed"
            return ignored(name, reason, column.null_count, warning=warning)
    values, codes = _encoded(column)
    return text(name, without(missing, values, codes), values, styles=styles)


def _encoded(column: Any) -> tuple[list[str], NDArray[Any]]:
    """The distinct texts, and for each row its place among them, −1 where missing."""
    if not types.is_dictionary(column.type):
        column = column.dictionary_encode()
    chunks = column.unify_dictionaries().chunks
    dictionary = max((chunk.dictionary for chunk in chunks), key=len)
    parts = [compute.fill_null(chunk.indices.cast(pa.int64()), -1).to_numpy(zero_copy_only=False) for chunk in chunks]
    values = dictionary.to_pylist()
    codes = np.concatenate(parts)
    if len(set(values)) < len(values) or None in values:
        places = {value: i for i, value in enumerate(dict.fromkeys(value for value in values if value is not None))}
        moved = np.array([-1 if value is None else places[value] for value in values] + [-1])
        values, codes = list(places), moved[codes]
    return values, codes


def _is_number(arrow_type: Any) -> bool:
    return bool(types.is_integer(arrow_type) or types.is_floating(arrow_type) or types.is_decimal(arrow_type))


def _is_text(arrow_type: Any) -> bool:
    if types.is_dictionary(arrow_type):
        return _is_text(arrow_type.value_type)
    return bool(types.is_string(arrow_type) or types.is_large_string(arrow_type) or types.is_string_view(arrow_type))
