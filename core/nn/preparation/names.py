"""Names and values as messages show them, and the names that a client probably meant."""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from itertools import islice
from typing import Any

from core.nn.preparation.column import Column, Value, rows_at
from core.nn.preparation.reading import read_as
from core.nn.preparation.schema import Schema

_MAX_CANDIDATES = 2_000  # comparing names costs time: unknown names beyond these bounds get no suggestion
_MAX_SUGGESTIONS = 5
_LISTED = 10
_LONGEST = 60  # characters of a text


class Known:
    """The names there are of one kind of thing; says which are near an unknown one, or what they are."""

    def __init__(self, kind: str, plural: str, names: Sequence[Value]) -> None:
        self._kind, self._plural, self._names = kind, plural, names
        self._suggestions = _MAX_SUGGESTIONS

    def lacks(self, name: str) -> str:
        """The message to whoever asked for `name`."""
        near: Iterable[str] = []
        if self._suggestions:
            self._suggestions -= 1
            near = get_close_matches(name[:100], map(str, islice(self._names, _MAX_CANDIDATES)), n=3)
        if near:
            return f"there is no {self._kind} {quoted(name)}; near it: {', '.join(map(quoted, near))}"
        return f"there is no {self._kind} {quoted(name)}; {self.there_are()}"

    def there_are(self) -> str:
        more = ", …" if len(self._names) > _LISTED else ""
        return f"the {self._plural} are {listed(self._names[:_LISTED])}{more}"


class ColumnNames:
    """Says which columns can be used, and why one cannot."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._known = Known("column", "columns", [column.name for column in schema.columns if column.kind != "ignored"])

    def there_are(self) -> str:
        return self._known.there_are()

    def unusable(self, name: str) -> str | None:
        if name not in self._schema:
            return self._known.lacks(name)
        column = self._schema.column(name)
        if column.kind != "ignored":
            return None
        warning = f" ({column.warning})" if column.warning else ""
        return f"column {quoted(name)} is not usable: {column.reason}{warning}"


def exact(number: float) -> str:
    """A NumPy number as short as it can be told from its neighbours: 9, 0.1, 100000.5, 1e+300."""
    short = f"{number:g}"
    return short if type(number)(short) == number else str(number)


def quoted(value: Value) -> str:
    """The value as a message shows it: texts in double quotes and cut where they are long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + (value if len(value) <= _LONGEST else value[: _LONGEST - 1] + "…") + '"'
    return str(value)


def upload_as(name: str, kind: str) -> str:
    """The end of a message about a column that is of another kind in a file."""
    return f"; upload the data with {read_as(name, f'{kind}s')}" if kind in ("number", "text") else ""


def lacking(column: Column, schema: Schema) -> str:
    """How many values the column misses, and in which rows."""
    count = f"{column.missing:,} of {schema.rows:,} value{'' if schema.rows == 1 else 's'}"
    where = f", in {rows_at(column.missing_rows, column.missing, schema.first_line)}" if column.missing_rows else ""
    return f"column {quoted(column.name)} misses {count}{where}"


def shown(value: Any) -> str:
    """Of a JSON document, whatever it is."""
    if value is None:
        return "null"
    if isinstance(value, list | tuple):
        return "a list" if value else "an empty list"
    if isinstance(value, str):
        return quoted("".join(each if each.isprintable() else ascii(each)[1:-1] for each in value[: _LONGEST + 1]))
    if type(value) is int and abs(value) >= 10**20:
        return "an integer of many digits"
    return quoted(value) if type(value) in (int, float, bool) else "an object"


def listed(values: Iterable[Value]) -> str:
    return ", ".join(map(quoted, values))
