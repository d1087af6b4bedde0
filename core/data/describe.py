"""From raw values to a column as the table keeps it: its kind, its array, its statistics.

Needs NumPy alone, so that the parsing child starts fast.
"""

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.data.cells import InvalidCell
from core.data.likeness import dates, likeness, number_likeness
from core.data.numbering import numbering
from core.data.styles import Styles
from core.data.table import RESERVED
from core.errors import InvalidData
from core.nn.preparation.column import (
    MAX_NUMBERS,
    MAX_TEXTS,
    MISSING_BOOLEAN,
    NUMBERING,
    Column,
    NumberLike,
    absent,
    first_rows,
    hardly_repeat,
)
from core.nn.preparation.reading import Reading, ToPredict, read_as
from core.nn.preparation.statistics import moments

MAX_NAME = 1000
MAX_TEXT_CHARACTERS = 1 << 20  # of all values of one column together
MAX_TABLE_CHARACTERS = 1 << 23
MAX_TABLE_NUMBERS = 50_000  # listed values of all number columns together

NO_DATES = "dates and times are not used; write what matters of them as numbers or texts"

_SAMPLE = 20_000
_DENSE_RANGE = 1 << 16
_EXACT = 2.0**53  # beyond it not every integer is a float64


@dataclass(frozen=True, slots=True)
class Described(Column):
    """A column, and the array that is stored (None where ignored)."""

    array: NDArray[Any] | None = None

    def to_json(self) -> dict[str, Any]:
        found = {field.name: getattr(self, field.name) for field in fields(Column)}
        return found if self.number_like is None else {**found, "number_like": asdict(self.number_like)}


def number(name: str, x: NDArray[Any]) -> Described:
    """x (N,): floats with NaN where missing, or integers. InvalidCell names the first infinite number's row."""
    if x.dtype.kind == "u":
        x = x.astype(np.int64) if x.itemsize < 8 or not len(x) or int(x.max()) < 2**63 else x.astype(np.float64)
    elif x.dtype.kind == "i":
        x = x.astype(np.int64, copy=False)
    else:
        with np.errstate(over="ignore"):
            x = x.astype(np.float64, copy=False)
    present, missing = x, 0
    if x.dtype.kind == "f":
        finite = np.isfinite(x)
        if not finite.all():
            infinite = np.flatnonzero(np.isinf(x))
            if len(infinite):
                row = int(infinite[0])
                raise InvalidCell(
                    name, row, f"{x[row]} is not a finite number; float64 numbers up to about 1.8e308 are allowed"
                )
            present = x[finite]
            missing = len(x) - len(present)
        if missing == len(x):
            return ignored(name, "every value is missing", missing)
        if not missing and _are_integers(x):
            x = present = x.astype(np.int64)
    values = _distinct(present)
    distinct = None if values is None else len(values)
    numbered = numbering(name, present, distinct)
    listed = tuple(values.tolist()) if values is not None and len(values) <= MAX_NUMBERS else None
    floats = present.astype(np.float64, copy=False)
    mean, deviation = moments(floats)
    found = Described(
        name,
        "number",
        missing,
        distinct,
        listed,
        float(present.min()),
        float(present.max()),
        mean,
        deviation,
        warning=None if numbered is None else NUMBERING[numbered],
        numbering=numbered,
        array=x,
    )
    return _with_rows(found, x)


def boolean(name: str, x: NDArray[Any], absent: NDArray[np.bool_] | None = None) -> Described:
    """x (N,) of truth values, missing where `absent` (N,) is true."""
    x = x.astype(np.uint8)
    if absent is not None:
        x[absent] = MISSING_BOOLEAN
    missing = int(np.count_nonzero(x == MISSING_BOOLEAN))
    if missing == len(x):
        return ignored(name, "every value is missing", missing)
    count, ones = len(x) - missing, int(np.count_nonzero(x == 1))
    values = tuple(value for value, times in ((False, count - ones), (True, ones)) if times)
    share = ones / count
    deviation = float(np.sqrt(share * (1 - share)))
    low, high = float(values[0]), float(values[-1])
    return _with_rows(Described(name, "boolean", missing, len(values), values, low, high, share, deviation, array=x), x)


def text(
    name: str,
    codes: NDArray[Any],
    values: Sequence[str],
    *,
    is_meant: bool = False,
    may_be_dates: bool = True,
    styles: Styles = Styles(),  # noqa: B008  it is frozen
) -> Described:
    """codes (N,) into the distinct `values` in any order, negative where missing; values that no row has are dropped.

    Unless texts are what `is_meant`, dates are ignored if they `may_be_dates`, and it warns of what looks like numbers and of
    texts that are hardly ever the same. `styles` are those in which they could be read as numbers.
    """
    missing = int(np.count_nonzero(codes < 0))
    if missing == len(codes):
        return ignored(name, "every value is missing", missing)
    used = np.zeros(len(values), np.bool_)
    used[codes[codes >= 0]] = True
    order = sorted(np.flatnonzero(used).tolist(), key=values.__getitem__)
    if not is_meant and may_be_dates and (found := dated(name, [values[i] for i in order], missing, len(order))) is not None:
        return found
    if len(order) > MAX_TEXTS:
        reason = f"{len(order)} different texts; {MAX_TEXTS} are allowed"
        return ignored(name, reason, missing, len(order), remark(name, [values[i] for i in order], styles))
    kept = tuple(values[i] for i in order)
    characters = sum(map(len, kept))
    if characters > MAX_TEXT_CHARACTERS:
        reason = f"its different texts are {characters} characters together; {MAX_TEXT_CHARACTERS} are allowed"
        return ignored(name, reason, missing, len(order))
    for value in kept:
        if fault := unstorable(value):
            row = int(np.argmax(codes == values.index(value)))
            raise InvalidCell(name, row, f"the text has {fault}, which cannot be stored")
    ranks = np.full(len(values) + 1, -1, np.int32)  # the last place serves the code −1
    ranks[order] = np.arange(len(order), dtype=np.int32)
    array = ranks[np.maximum(codes, -1)]
    described = Described(name, "text", missing, len(order), kept, array=array)
    if not is_meant:
        warning = _text_warning(name, kept, len(codes), missing, styles)
        described = replace(described, warning=warning, number_like=_like(name, kept, array, styles))
    return _with_rows(described, array)


def dated(name: str, values: Sequence[str], missing: int, distinct: int | None = None) -> Described | None:
    """A column of these texts, which are dates; None where they are not."""
    if (form := dates(values)) is None:
        return None
    told = f"looks like dates, {form}; if texts are meant, upload the data with {read_as(name, 'texts')}"
    return ignored(name, NO_DATES, missing, distinct, told)


def without(missing: Collection[str], values: Sequence[str], codes: NDArray[Any]) -> NDArray[Any]:
    """codes (N,) into `values`, −1 also for the texts that mean a missing value."""
    if not missing:
        return codes
    kept = np.array([-1 if value in missing else place for place, value in enumerate(values)] + [-1], codes.dtype)
    moved: NDArray[Any] = kept[np.maximum(codes, -1)]
    return moved


def ignored(name: str, reason: str, missing: int = 0, distinct: int | None = None, warning: str | None = None) -> Described:
    return Described(name, "ignored", missing, distinct, reason=reason, warning=warning)


def unstorable(value: str) -> str | None:
    """What a database or a JSON document would not take about the text, or None."""
    if "\0" in value:
        return "a NUL character"
    if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
        return "half a surrogate pair"
    return None


def check_names(names: Sequence[str]) -> None:
    """InvalidData unless every column has a name of its own that can be stored and shown."""
    seen: dict[str, int] = {}
    for place, name in enumerate(names, 1):
        if not name:
            raise InvalidData(
                f"column {place} has no name; every column needs one (a row index written by pandas is left out by index=False)"
            )
        if len(name) > MAX_NAME:
            raise InvalidData(f"column {place} has a name of {len(name)} characters; {MAX_NAME} are allowed")
        if unstorable(name) or any(unicodedata.category(character) == "Cc" for character in name):
            raise InvalidData(f"column {place} is named {name!a}; control characters are not allowed in names")
        if name == RESERVED:
            raise InvalidData(f'column {place} is named "{name}"; that name is reserved')
        if name in seen:
            raise InvalidData(f'columns {seen[name]} and {place} are both named "{name}"; names must differ')
        seen[name] = place


def settled(reading: Reading, names: Sequence[str]) -> Reading:
    """With the columns of the table that are to be read otherwise than they look. Several may be said in one, with commas
    between them, where no column is named so. InvalidData where the table lacks one that is said, or one is said to be both."""
    known = frozenset(names)
    numbers, texts = (_columns(part, getattr(reading, part), known, names) for part in ("numbers", "texts"))
    if both := [name for name in numbers if name in texts]:
        raise InvalidData(f'numbers and texts both name the column "{both[0]}"; it is one of them')
    if isinstance(reading, ToPredict):
        said, learned = {*numbers, *texts}, reading.learned
        numbers += tuple(name for name in learned.numbers if name in known and name not in said)
        texts += tuple(name for name in learned.texts if name in known and name not in said)
        reading = replace(reading, missing_values=tuple(dict.fromkeys((*reading.missing_values, *learned.missing_values))))
    return replace(reading, numbers=numbers, texts=texts)


def _columns(part: str, said: Sequence[str], known: frozenset[str], names: Sequence[str]) -> tuple[str, ...]:
    found: dict[str, None] = {}
    for name in said:
        parts = [name] if name in known else [each.strip() for each in name.split(",")]
        if not known.issuperset(parts):
            from core.nn.preparation.names import Known  # which takes longer to import than most files to read

            several = f"; each is named by itself, as {part}=A&{part}=B" if any(each in known for each in parts) else ""
            raise InvalidData(f"{part}: {Known('column', 'columns', names).lacks(name)}{several}")
        found |= dict.fromkeys(parts)
    return tuple(found)


def bounded(columns: Iterable[Described]) -> list[Described]:
    """The same columns, with the lists of values of the whole table held to a size that a client can be given.

    Those with the fewest values keep them. A number column beyond the bound loses its list, a text column becomes ignored.
    """
    columns = list(columns)
    numbers = characters = 0
    for i in sorted(range(len(columns)), key=lambda i: len(columns[i].values or ())):
        column = columns[i]
        if column.values is None:
            continue
        if column.kind == "number":
            numbers += len(column.values)
            if numbers > MAX_TABLE_NUMBERS:
                columns[i] = replace(column, values=None)
        elif column.kind == "text":
            characters += sum(len(str(value)) for value in column.values)
            if characters > MAX_TABLE_CHARACTERS:
                reason = f"the texts of all columns together are more than {MAX_TABLE_CHARACTERS} characters"
                columns[i] = ignored(column.name, reason, column.missing, column.distinct, column.warning)
    return columns


def preview(columns: Sequence[Described], rows: int, cells: int = 20_000, characters: int = 200) -> list[dict[str, Any]]:
    """The first rows (at most 20, and `cells` in all) of the stored columns; long texts are cut, missing values are None."""
    count = min(rows, max(1, min(20, cells // max(1, len(columns)))))
    shown: dict[str, list[Any]] = {}
    for column in columns:
        if column.array is None:
            continue
        first = column.array[:count].tolist()
        if column.kind == "text":
            values = column.values or ()
            shown[column.name] = [None if code < 0 else values[code][:characters] for code in first]
        elif column.kind == "boolean":
            shown[column.name] = [None if value == MISSING_BOOLEAN else bool(value) for value in first]
        else:
            shown[column.name] = [None if value != value else value for value in first]  # NaN alone differs from itself
    return [{name: shown[name][i] for name in shown} for i in range(count)]


def _with_rows(column: Described, array: NDArray[Any]) -> Described:
    """With the first rows that miss a value."""
    return replace(column, missing_rows=first_rows(absent(array))) if column.missing else column


def remark(name: str, values: Sequence[str], styles: Styles, which: str = "its") -> str | None:
    """What `likeness` finds, and what helps."""
    found = likeness(values, which)
    helps = styles.remedy(name, values) if found else None
    return f"{found}; if numbers are meant, {helps}" if helps else found


def _like(name: str, values: Sequence[str], codes: NDArray[Any], styles: Styles) -> NumberLike | None:
    found = number_likeness(values, codes)
    return found and replace(found, words=styles.words(name, values))


def _text_warning(name: str, values: Sequence[str], rows: int, missing: int, styles: Styles) -> str | None:
    cost = f"as a feature it becomes {len(values)} inputs"
    if found := remark(name, values, styles):
        return f"{found}; {cost}"
    return f"{len(values)} distinct texts in {rows} rows: {cost}" if hardly_repeat(len(values), rows, missing) else None


def _are_integers(x: NDArray[np.float64]) -> bool:
    sample = x[:1000]
    if (np.trunc(sample) != sample).any():
        return False
    return bool((np.abs(x) <= _EXACT).all()) and bool((np.trunc(x) == x).all())


def _distinct(x: NDArray[Any]) -> NDArray[Any] | None:
    """The sorted distinct values; None where the first rows alone have more than MAX_NUMBERS, as counting costs a sort."""
    if x.dtype.kind == "i":
        low, high = int(x.min()), int(x.max())
        if high - low < _DENSE_RANGE:
            return np.flatnonzero(np.bincount(x - low)) + low
    if len(x) > _SAMPLE and len(np.unique(x[:_SAMPLE])) > MAX_NUMBERS:
        return None
    return np.unique(x)
