"""CSV in UTF-8: a header row with a name for each column, then a row for each example.

The delimiter is the one of `,` `;` and tab that a first line `sep=;` names, as spreadsheets write it, or else that the header
has most of, outside quotes. Fields may stand in double quotes, a quote inside doubled. An empty field and the words of MISSING,
in upper or lower case, are missing. Decimals have the sign that is said, and the other one groups thousands. Where none is said
they have the one that a file with `;` or tabs shows (`core.data.formats.signs`), else of new rows the learned one, else the
point. Where a file shows both, columns whose numbers cannot have that sign may have the other one.
"""

import csv
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice, product
from pathlib import Path
from typing import Any

import pyarrow as pa
from pyarrow import csv as arrow_csv
from pyarrow import types

from core.data.cells import in_lines
from core.data.describe import Described, check_names, number, settled
from core.data.formats.arrow import described
from core.data.formats.decimals import SIGNS, Numbers, example, first, has_commas, numbers
from core.data.formats.numerals import separated
from core.data.formats.signs import Signs
from core.data.formats.text import first_line, scan
from core.data.likeness import quoted
from core.data.limits import Limits, Read
from core.data.styles import Styles
from core.errors import InvalidData, TooLarge
from core.nn.preparation.column import MAX_TEXTS
from core.nn.preparation.reading import AS_IT_LOOKS, MISSING, Decimal, Reading, ToPredict, read_as

_MISSING_AS_WRITTEN = ["".join(cases) for word in MISSING for cases in product(*({c, c.upper()} for c in word))]
_AMBIGUOUS = "its commas are read as decimal commas; if they separate thousands, upload the data with decimal=point"
_NAMED_DELIMITER = re.compile(rb'(?:\xef\xbb\xbf)?"?sep=([,;\t])"?\r?\n', re.IGNORECASE)
_PADDED = r"^\s*0[0-9]{2,}\s*$"  # but not 01, a month
_MAX_HEADER_CHARACTERS = 1 << 24
_FIRST_BLOCK_BYTES, _BLOCK_BYTES, _LARGEST_BLOCK_BYTES = 1 << 20, 1 << 23, 1 << 28


def read(path: Path, limits: Limits, reading: Reading = AS_IT_LOOKS) -> Read:
    counts = scan(path, '",;\t\r\n')
    if not counts["\r"] + counts["\n"] and any(counts[delimiter] for delimiter in ",;\t"):
        raise InvalidData(
            "the file is one line, so it is a header and 0 rows; "
            "was it sent with curl -d, which drops the ends of lines? Use --data-binary"
        )
    named = _named_delimiter(path)
    skipped = 0 if named is None else 1
    delimiter, names = _header(path, limits, named)
    check_names(names)
    _check_header(names)
    counts[delimiter] -= skipped
    quotes, width = counts['"'], len(names)
    if width > 1 and not quotes:
        limits.check(max(1, counts[delimiter] // (width - 1) - 1), width)
    if quotes % 2:
        _diagnose(path, delimiter, width, skipped)  # a quote that never closes would swallow the rows after it
    reading, file = settled(reading, names), _File(path, delimiter, skipped, has_quotes=quotes > 0)
    signs, said = Signs(), reading.decimal
    decimal = said
    try:
        table = file.table(reading)
        is_between = delimiter == "," and not _may_begin_decimals(table, reading)
        if said is not None or not is_between:
            signs = Signs.of(table, reading.texts, lambda columns: file.texts(columns, reading), said)
            decimal = said or signs.found or reading.sign
            if said is None and decimal == "comma":
                del table
                table = file.table(replace(reading, decimal=decimal))
    except pa.ArrowInvalid as error:
        if "Empty CSV file" in str(error):
            limits.check(0, width)
        _diagnose(path, delimiter, width, skipped)
        raise InvalidData(f"the file is not CSV as needed: {error}") from error
    limits.check(table.num_rows, table.num_columns)
    line = first_line(path, counts["\n"], table.num_rows, header=1 + skipped)
    is_shown = said is None and not is_between and (bool(signs.shown) or decimal is None)
    styles = Styles(
        decimal,
        may_have_commas=not is_between,
        is_csv=True,
        is_mixed=signs.are_mixed,
        is_doubtful=is_shown,
    )
    reading = replace(reading, decimal=said if signs.are_mixed else decimal)
    with in_lines(line):
        columns = [_column(name, table.column(i), reading, line, styles) for i, name in enumerate(names)]
    if is_shown:
        as_decimals = {**{each.name: each.doubtful for each in columns if each.warning is None}, **signs.doubtful}
        columns = [_doubted(each, as_decimals.get(each.name), is_known=len(signs.shown) == 1) for each in columns]
    if not isinstance(reading, ToPredict):
        padded = _padded(file, table, reading)
        columns = [_warned_of_zeros(each, padded[each.name]) if each.name in padded else each for each in columns]
    return Read(table.num_rows, columns, first_line=line, reading=reading)


def _may_begin_decimals(table: Any, reading: Reading) -> bool:
    """Whether commas may, though they stand between columns, too: in quotes, or where there is one column. Of new rows they may
    where the network learned a sign, and numbers have commas; where none has, programs wrote the file, with decimal points."""
    if not isinstance(reading, ToPredict) or reading.sign is None:
        return False
    columns = ((name, table.column(name)) for name in table.column_names if name not in reading.texts)
    return table.num_columns == 1 or any(has_commas(each, are_meant=name in reading.numbers) for name, each in columns)


def _column(name: str, column: Any, reading: Reading, first_line: int | None, styles: Styles) -> Described:
    for sign in () if name in reading.texts else styles.signs:
        found = numbers(column, sign)
        if found is not None and (styles.decimal is not None or found.grouped is None):
            return _numbers(name, column, found, sign, styles)
    return described(name, column, reading=reading, styles=styles, first_line=first_line)


def _numbers(name: str, texts: Any, found: Numbers, sign: Decimal, styles: Styles) -> Described:
    """`found` in texts, with this sign of decimals."""
    column = number(name, found.x)
    if found.grouped is not None:
        column = replace(column, warning=separated(*found.grouped))
        is_doubtful = styles.is_doubtful and not found.are_decimal
        return replace(column, doubtful=found.grouped[0], decimal=sign) if is_doubtful else column
    if styles.is_mixed and sign != styles.decimal:
        return replace(column, warning=f"its decimals have a {sign}, those of other columns a {styles.decimal}")
    text = example(texts, sign) if styles.is_doubtful and styles.decimal is None else None
    return _doubted(column, text, is_known=False)


def _padded(file: "_File", table: Any, reading: Reading) -> Mapping[str, str]:
    """Columns of whole numbers, which nobody said are that, with the first cell of their first rows that has leading zeros, as
    codes have."""
    said = (*reading.numbers, *reading.texts)
    names = [name for name in table.column_names if types.is_integer(table.column(name).type) and name not in said]
    for first_rows in file.texts(names, reading) if names else ():
        return {name: text for name in names if (text := first(first_rows.column(name), _PADDED)) is not None}
    return {}


def _warned_of_zeros(column: Described, text: str) -> Described:
    if column.warning is not None:
        return column
    told = f"its numbers have leading zeros, {quoted(text)} is read as {text.strip().lstrip('0') or 0}"
    return replace(column, warning=f"{told}; if texts are meant, upload the data with {read_as(column.name, 'texts')}")


def _doubted(column: Described, text: str | None, *, is_known: bool) -> Described:
    """Its points or commas, of which this text, if there is one, has the first, are read as those of decimals, and may separate
    thousands, as far as one cannot know from the other columns."""
    if text is None:
        return column
    column = replace(column, doubtful=text, decimal="comma" if "," in text else "point")
    if is_known:
        return column
    if column.decimal == "comma":
        return replace(column, warning=_AMBIGUOUS)
    told = f"its points are read as decimal points, {quoted(text)} is read as {float(text):.15g}"
    return replace(column, warning=f"{told}; if they separate thousands, upload the data with decimal=comma")


@dataclass(frozen=True, slots=True)
class _File:
    """Whose delimiter is known; so many lines are `skipped` before the header."""

    path: Path
    delimiter: str
    skipped: int
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
        return arrow_csv.ReadOptions(use_threads=False, block_size=size, skip_rows=self.skipped)

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


def _named_delimiter(path: Path) -> str | None:
    with path.open("rb") as file:
        found = _NAMED_DELIMITER.match(file.read(16))
    return found[1].decode() if found else None


def _header(path: Path, limits: Limits, named: str | None) -> tuple[str, list[str]]:
    """The delimiter, which a line above the header may have `named`, and the names."""
    csv.field_size_limit(sys.maxsize)
    with path.open(encoding="utf-8-sig", newline="") as file:
        if named is not None:
            file.readline()
        line = "\n"
        while line and not line.strip("\r\n"):
            line = file.readline(_MAX_HEADER_CHARACTERS)
        if not line:
            raise InvalidData("the file has blank lines only; a header row with the columns' names is needed")
        if len(line) >= _MAX_HEADER_CHARACTERS:
            raise TooLarge(f"the first line has more than {_MAX_HEADER_CHARACTERS} characters")
        bare = "".join(line.split('"')[::2])
        delimiter = named or max(",;\t", key=bare.count)
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


def _diagnose(path: Path, delimiter: str, width: int, skipped: int) -> None:
    """InvalidData with the line, if a row has another number of fields than the header or a quote never closes."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = csv.reader(islice(file, skipped, None), delimiter=delimiter, strict=True)
        start = 1 + skipped
        try:
            for row in rows:
                if row and len(row) != width:
                    raise InvalidData(f"line {start} has {len(row)} fields, the header has {width}; all rows need as many")
                start = rows.line_num + 1 + skipped
        except csv.Error as error:
            what = "a quoted field that never ends" if "end of data" in str(error) else f"a wrong quote ({error})"
            raise InvalidData(f"line {start} has {what}") from error
