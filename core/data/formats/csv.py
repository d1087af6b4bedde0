"""CSV in UTF-8: a header row with a name for each column, then a row for each example.

The delimiter is the one of `,` `;` and tab that the header has most of, outside quotes. Fields may stand in double quotes, a
quote inside doubled. An empty field and the words of MISSING, in upper or lower case, are missing. Decimals have the sign that
is said, and the other one groups thousands. Where none is said they have a point, unless a file with `;` or tabs shows that it
is the comma (`core.data.formats.signs`); where such a file shows both, a comma in columns all of whose numbers are so written.
"""

import csv
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv

from core.data.cells import in_lines
from core.data.describe import Described, check_names, number, settled
from core.data.formats.arrow import described
from core.data.formats.decimals import SIGNS, numbers
from core.data.formats.numerals import separated
from core.data.formats.signs import Signs
from core.data.formats.text import first_line, scan
from core.data.likeness import quoted
from core.data.limits import Limits, Read
from core.data.styles import Styles
from core.errors import InvalidData, TooLarge
from core.nn.preparation.column import MAX_TEXTS
from core.nn.preparation.reading import AS_IT_LOOKS, MISSING, Reading

_MISSING_AS_WRITTEN = ["".join(cases) for word in MISSING for cases in product(*({c, c.upper()} for c in word))]
_AMBIGUOUS = "its commas are read as decimal commas; if they separate thousands, upload the data with decimal=point"
_MAX_HEADER_CHARACTERS = 1 << 24
_FIRST_BLOCK_BYTES, _BLOCK_BYTES, _LARGEST_BLOCK_BYTES = 1 << 20, 1 << 23, 1 << 28


def read(path: Path, limits: Limits, reading: Reading = AS_IT_LOOKS) -> Read:
    counts = scan(path, '",;\t\r\n')
    if not counts["\r"] + counts["\n"] and any(counts[delimiter] for delimiter in ",;\t"):
        raise InvalidData(
            "the file is one line, so it is a header and 0 rows; "
            "was it sent with curl -d, which drops the ends of lines? Use --data-binary"
        )
    delimiter, names = _header(path, limits)
    check_names(names)
    _check_header(names)
    quotes, width = counts['"'], len(names)
    if width > 1 and not quotes:
        limits.check(max(1, counts[delimiter] // (width - 1) - 1), width)
    if quotes % 2:
        _diagnose(path, delimiter, width)  # a quote that never closes would swallow the rows after it
    reading, file = settled(reading, names), _File(path, delimiter, has_quotes=quotes > 0)
    signs = Signs()
    try:
        table = file.table(reading)
        if reading.decimal is None and delimiter != ",":
            signs = Signs.of(table, reading.texts, lambda columns: file.texts(columns, reading))
            if signs.is_comma:
                del table
                reading = replace(reading, decimal="comma")
                table = file.table(reading)
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            limits.check(0, width)
        _diagnose(path, delimiter, width)
        raise InvalidData(f"the file is not CSV as needed: {error}") from error
    limits.check(table.num_rows, table.num_columns)
    line = first_line(path, counts["\n"], table.num_rows, header=1)
    styles = Styles(reading.decimal, may_have_commas=delimiter != ",", is_csv=True)
    with in_lines(line):
        columns = [_column(name, table.column(i), reading, line, styles) for i, name in enumerate(names)]
    doubtful = signs.doubtful
    columns = [_doubted(each, doubtful[each.name]) if each.name in doubtful else each for each in columns]
    return Read(table.num_rows, columns, first_line=line, reading=reading)


def _column(name: str, column: Any, reading: Reading, first_line: int | None, styles: Styles) -> Described:
    found = None
    if name not in reading.texts and (reading.decimal is not None or styles.may_have_commas):
        found = numbers(column, reading.decimal or "comma")
    if found is None or (reading.decimal is None and found.grouped is not None and not found.are_decimal):
        return described(name, column, reading=reading, styles=styles, first_line=first_line)
    if found.grouped is not None:
        return replace(number(name, found.x), warning=separated(*found.grouped))
    if reading.decimal is None and not found.are_decimal:
        return replace(number(name, found.x), warning=_AMBIGUOUS)
    return number(name, found.x)


def _doubted(column: Described, text: str) -> Described:
    """Its first cell with a point is the text."""
    told = f"its points are read as decimal points, {quoted(text)} is read as {float(text):.15g}"
    return replace(column, warning=f"{told}; if they separate thousands, upload the data with decimal=comma", doubtful=text)


@dataclass(frozen=True, slots=True)
class _File:
    """Whose delimiter is known."""

    path: Path
    delimiter: str
    has_quotes: bool

    def table(self, reading: Reading) -> Any:
        block = _BLOCK_BYTES
        while True:
            try:
                return arrow_csv.read_csv(self.path, self._blocks(block), self._parsing, self._conversion(reading))
            except pa.ArrowInvalid as error:
                block = _larger(block, error)

    def texts(self, columns: Sequence[str], reading: Reading) -> Iterator[Any]:
        """The cells of the columns as they are written, in tables of some rows each, of which one may come twice."""
        conversion = self._conversion(reading, dict.fromkeys(columns, pa.string()), columns)
        block = _FIRST_BLOCK_BYTES
        while True:
            try:
                with arrow_csv.open_csv(self.path, self._blocks(block), self._parsing, conversion) as pieces:
                    yield from pieces
                return
            except pa.ArrowInvalid as error:
                block = _larger(block, error)

    def _blocks(self, size: int) -> Any:
        return arrow_csv.ReadOptions(use_threads=False, block_size=size)

    @property
    def _parsing(self) -> Any:
        return arrow_csv.ParseOptions(delimiter=self.delimiter, newlines_in_values=self.has_quotes)

    def _conversion(self, reading: Reading, kinds: Mapping[str, Any] | None = None, columns: Sequence[str] = ()) -> Any:
        return arrow_csv.ConvertOptions(
            null_values=[*_MISSING_AS_WRITTEN, *reading.missing_values],
            column_types=dict.fromkeys(reading.texts, pa.string()) if kinds is None else kinds,
            include_columns=columns,
            strings_can_be_null=True,
            auto_dict_encode=True,
            auto_dict_max_cardinality=MAX_TEXTS,
            decimal_point=SIGNS[reading.decimal or "point"],
        )


def _larger(block: int, error: pa.ArrowInvalid) -> int:
    """The size of blocks to try next, where a row was larger than one."""
    if "straddling" not in str(error) or block >= _LARGEST_BLOCK_BYTES:
        raise error
    return block * 8


def _header(path: Path, limits: Limits) -> tuple[str, list[str]]:
    """The delimiter and the names."""
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as file:
        line = "\n"
        while line and not line.strip("\r\n"):
            line = file.readline(_MAX_HEADER_CHARACTERS)
        if not line:
            raise InvalidData("the file has blank lines only; a header row with the columns' names is needed")
        if len(line) >= _MAX_HEADER_CHARACTERS:
            raise TooLarge(f"the first line has more than {_MAX_HEADER_CHARACTERS} characters")
        bare = "".join(line.split('"')[::2])
        delimiter = max(",;\t", key=bare.count)
        if bare.count(delimiter) >= limits.columns:
            limits.check(1, bare.count(delimiter) + 1)
        try:
            return delimiter, next(csv.reader(_Chained(line, file), delimiter=delimiter, strict=True))
        except (csv.Error, StopIteration) as error:
            raise InvalidData(f"the header cannot be read: {error}") from error


class _Chained:
    """The line already read, then the others: a quoted name may span lines."""

    def __init__(self, line: str, file: Any) -> None:
        self._line: str | None = line
        self._file = file
        self._left = _MAX_HEADER_CHARACTERS

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        line, self._line = self._line, None
        if line is None:
            line = self._file.readline(self._left)
            self._left -= len(line)
            if not line:
                raise StopIteration
        return line


def _check_header(names: list[str]) -> None:
    """InvalidData where the first row is data, not names; numbers are names only where they are 0, 1, 2, … (pandas)."""
    if all(map(_is_number, names)) and names != list(map(str, range(len(names)))):
        shown = ", ".join(names[:4]) + (", …" if len(names) > 4 else "")
        raise InvalidData(f"the first row ({shown}) holds numbers; a header row with the columns' names is needed")


def _is_number(name: str) -> bool:
    try:
        float(name)
    except ValueError:
        return False
    return True


def _diagnose(path: Path, delimiter: str, width: int) -> None:
    """InvalidData with the line, if a row has another number of fields than the header or a quote never closes."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(file, delimiter=delimiter, strict=True)
        start = 1
        try:
            for row in rows:
                if row and len(row) != width:
                    raise InvalidData(f"line {start} has {len(row)} fields, the header has {width}; all rows need as many")
                start = rows.line_num + 1
        except csv.Error as error:
            what = "a quoted field that never ends" if "end of data" in str(error) else f"a wrong quote ({error})"
            raise InvalidData(f"line {start} has {what}") from error
