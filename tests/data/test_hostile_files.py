"""Files made to hurt: each is refused in words that name the thing, and costs no more than reading it."""

import io
import json
import pickle
import struct
import warnings
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.data.parse import FORMATS, Format
from core.errors import InvalidData, TooLarge
from tests.data.files import read_here


def npy(header: str | bytes, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    text = header.encode() if isinstance(header, str) else header
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text + data


def array(shape: object, descr: str = "<f8", data: bytes = b"") -> bytes:
    return npy(repr({"descr": descr, "fortran_order": False, "shape": shape}), data)


def saved(values: Any, *, pickled: bool = False) -> bytes:
    sink = io.BytesIO()
    np.save(sink, values, allow_pickle=pickled)
    return sink.getvalue()


def archive(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", method) as file:
        for name, content in entries.items():
            file.writestr(name, content)
    return sink.getvalue()


def doubled(name: str) -> bytes:
    sink = io.BytesIO()
    with warnings.catch_warnings(action="ignore"), zipfile.ZipFile(sink, "w") as file:
        file.writestr(name, saved([1, 2]))
        file.writestr(name, saved([3, 4]))
    return sink.getvalue()


def encrypted() -> bytes:
    content = bytearray(archive({"a.npy": saved([1, 2])}))
    for signature, place in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        content[content.index(signature) + place] |= 1
    return bytes(content)


def claiming(size: int) -> bytes:
    """A zip whose directory claims another unpacked size than the entry has."""
    content = bytearray(archive({"a.npy": saved(np.arange(100.0))}))
    at = content.index(b"PK\1\2") + 24
    content[at : at + 4] = struct.pack("<I", size)
    return bytes(content)


def as_parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink, **options)
    return sink.getvalue()


DEEP = b"[" * 3000 + b"]" * 3000
GOOD = saved([1.0, 2.0])
WIDE = 20_001

HOSTILE: list[tuple[str, Format, bytes, type[Exception], str]] = [
    (
        "a header that asks 7 TiB",
        "npy",
        array((2**20, 2**20), data=b"x" * 64),
        InvalidData,
        "8796093022208 bytes, but 64 bytes",
    ),
    ("a shape beyond 64 bits", "npy", array((2**62, 2**62)), InvalidData, "follow the header"),
    ("a negative shape", "npy", array((-1, 4)), InvalidData, "shape (-1, 4)"),
    ("a negative pair", "npy", array((-2, -2), data=b"x" * 32), InvalidData, "shape (-2, -2)"),
    ("no dimension", "npy", saved(np.float64(3)), InvalidData, "shape ()"),
    (
        "nine dimensions",
        "npy",
        saved(np.zeros((1,) * 9)),
        InvalidData,
        "1 to 8 dimensions, the first of them rows, are allowed",
    ),
    ("a dimension of none", "npy", saved(np.zeros((2, 0, 2))), InvalidData, "2 rows and 0 columns"),
    ("a huge dimension", "npy", array((1, 2**40, 2**40)), InvalidData, "follow the header"),
    ("too many pixels", "npy", saved(np.zeros((1, 3, 100, 100), np.uint8)), TooLarge, "30000 columns; 20000 are allowed"),
    ("a shape that is no tuple", "npy", array("12"), InvalidData, "not NPY"),
    ("an object array", "npy", saved(np.array([{}, 1], object), pickled=True), InvalidData, "pickle"),
    ("a structured object array", "npy", saved(np.zeros(2, [("a", "O")]), pickled=True), InvalidData, "pickle"),
    ("a structured array", "npy", saved(np.zeros(2, [("a", "f8")])), InvalidData, "numbers, booleans and texts"),
    ("complex numbers", "npy", saved(np.zeros(2, complex)), InvalidData, "complex128"),
    ("raw bytes", "npy", saved(np.zeros(2, "V8")), InvalidData, "numbers, booleans and texts"),
    ("a bare pickle", "npy", pickle.dumps({"a": 1}), InvalidData, "not NPY"),
    ("a later version", "npy", npy("{}", version=b"\7\0"), InvalidData, "version 7.0"),
    ("a header that is code", "npy", npy("__import__('os').abort()"), InvalidData, "not NPY"),
    ("a header that nests", "npy", npy(b"(" * 9000), InvalidData, "not NPY"),
    ("a header of bytes", "npy", npy(bytes(range(128, 256))), InvalidData, "not NPY"),
    ("a header that is cut", "npy", GOOD[:40], InvalidData, "not NPY"),
    ("data that is cut", "npy", GOOD[:-1], InvalidData, "16 bytes, but 15 bytes"),
    ("data that goes on", "npy", GOOD + b"x", InvalidData, "16 bytes, but 17 bytes"),
    ("no rows", "npy", saved(np.zeros((0, 3))), InvalidData, "0 rows and 3 columns"),
    ("no columns", "npy", saved(np.zeros((3, 0))), InvalidData, "3 rows and 0 columns"),
    ("too many columns", "npy", saved(np.zeros((1, WIDE), np.uint8)), TooLarge, "20001 columns; 20000 are allowed"),
    ("too many values", "npy", saved(np.zeros((3000, 4000), np.uint8)), TooLarge, "12000000 values; 10000000 are allowed"),
    ("an infinity", "npy", saved(np.array([[1, 2], [3, -np.inf]])), InvalidData, 'column "x1", row 1: -inf'),
    (
        "a float that is beyond float64",
        "npy",
        saved(np.array([1, 10 ** np.longdouble(400)])),
        InvalidData,
        'column "x0", row 1',
    ),
    ("a text that is not Unicode", "npy", array((2,), "<U1", struct.pack("<II", 65, 0x7FFFFFFF)), InvalidData, "not Unicode"),
    ("bytes that are not UTF-8", "npy", saved(np.array([b"a", b"\xff"])), InvalidData, "not Unicode"),
    ("a text that is half a pair", "npy", saved(np.array(["a", "\ud800"])), InvalidData, "half a surrogate pair"),
    ("a text with a NUL", "npy", saved(np.array(["a\0b", "c"])), InvalidData, 'column "x0", row 0: the text has a NUL'),
    ("a zip bomb", "npz", archive({"a.npy": saved(np.zeros(9_000_000))}), TooLarge, "times as many; 200 are allowed"),
    ("a large zip bomb", "npz", archive({f"a{i}.npy": bytes(2**25) for i in range(9)}), TooLarge, "268435456 are allowed"),
    ("a zip in a zip", "npz", archive({"a.npy": archive({"a.npy": GOOD})}), InvalidData, 'array "a" is not NPY'),
    ("a directory that claims 4 GiB", "npz", claiming(2**32 - 2), TooLarge, "unpacks to 4294967294 bytes"),
    ("a directory that claims too much", "npz", claiming(2000), InvalidData, "bytes follow the header"),
    ("a directory that claims too little", "npz", claiming(200), InvalidData, "Bad CRC-32"),
    ("a lying header in a zip", "npz", archive({"a.npy": array((2**40,))}), InvalidData, 'array "a" says it has the shape'),
    ("an object array in a zip", "npz", archive({"a.npy": saved(np.array([{}]), pickled=True)}), InvalidData, "pickle"),
    ("a name that is no array's", "npz", archive({"../../etc/passwd": GOOD}), InvalidData, "'../../etc/passwd'"),
    ("a name of nothing", "npz", archive({".npy": GOOD}), InvalidData, "no name"),
    ("a name that is long", "npz", archive({"a" * 2000 + ".npy": GOOD}), InvalidData, "2000 characters; 1000 are allowed"),
    ("a name with an escape", "npz", archive({"a\x1b[2J.npy": GOOD}), InvalidData, "control characters"),
    ("a name the table needs", "npz", archive({"__metadata__.npy": GOOD}), InvalidData, "reserved"),
    ("a folder", "npz", archive({"a/": b""}), InvalidData, "'a/'"),
    ("names alike", "npz", doubled("a.npy"), InvalidData, 'both named "a"'),
    ("columns alike", "npz", archive({"a.npy": saved(np.ones((2, 2))), "a1.npy": GOOD}), InvalidData, 'both named "a1"'),
    ("lengths that differ", "npz", archive({"a.npy": GOOD, "b.npy": saved([1.0])}), InvalidData, '"b" has 1 rows'),
    ("an encrypted entry", "npz", encrypted(), InvalidData, "encrypted"),
    ("another packing", "npz", archive({"a.npy": GOOD}, zipfile.ZIP_LZMA), InvalidData, "method 14"),
    ("no entry", "npz", archive({}), InvalidData, "0 columns"),
    ("many entries", "npz", archive({f"{i}": b"" for i in range(WIDE)}, 0), TooLarge, "20001 columns"),
    ("a zip that is cut", "npz", archive({"a.npy": GOOD})[:-30], InvalidData, "not NPZ"),
    ("ragged rows", "csv", b"a,b\n1,2\n3,4,5\n", InvalidData, "line 3 has 3 fields, the header has 2"),
    ("a short row", "csv", b'a,b\n"x\ny",2\n3\n', InvalidData, "line 4 has 1 fields, the header has 2"),
    ("a NUL byte", "csv", b"a,b\n1,2\n3,\x00\n", InvalidData, "line 3 has a NUL byte"),
    ("Latin-1", "csv", "a,b\n1,été\n".encode("latin-1"), InvalidData, 'windows-1252 it is "é"): save the file as UTF-8'),
    ("lines without their ends", "csv", b"a,b,c5,1,x7,2,y", InvalidData, "0 rows; was it sent with curl -d"),
    ("names alike, without the ends of lines", "csv", b"a,b1,11,11,1", InvalidData, "Use --data-binary"),
    ("many lines without their ends", "csv", b"a;b" + b"1.5;2" * 5_000_000, InvalidData, "Use --data-binary"),
    ("an Excel file", "csv", archive({"xl/workbook.xml": b"<workbook/>"}), InvalidData, "this is a zip or Excel file"),
    ("a JPEG", "json", b"\xff\xd8\xff\xe0\0\x10JFIF", InvalidData, "this is a JPEG image"),
    ("Parquet", "csv", b"PAR1\x15\x04\x15", InvalidData, "this is a Parquet file, which is uploaded with format=parquet"),
    ("a zip", "jsonl", archive({"a.jsonl": b'{"a": 1}'}), InvalidData, "this is a zip or Excel file"),
    ("a byte that is not UTF-8", "csv", b"a,b\n1,\xe9t\xe9\n", InvalidData, "line 2 has the byte 0xe9"),
    ("a character that is cut", "csv", "a,b\n1,é".encode()[:-1], InvalidData, "ends within a UTF-8 character"),
    ("half of UTF-16", "csv", "a,b\n1,2\n".encode("utf-16")[:-1], InvalidData, "which is not UTF-16"),
    ("UTF-32", "csv", "a,b\n1,2\n".encode("utf-32"), InvalidData, "line 1 has a NUL byte"),
    ("names alike", "csv", b"a,b,a\n1,2,3\n", InvalidData, 'columns 1 and 3 are both named "a"'),
    ("no name", "csv", b",b\n1,2\n", InvalidData, "column 1 has no name"),
    ("no header", "csv", b"5.1,3.5\n4.9,3.0\n", InvalidData, "first row (5.1, 3.5) holds numbers"),
    ("header only", "csv", b"a,b\n", InvalidData, "0 rows"),
    ("header only, without its end", "csv", b"a,b", InvalidData, "0 rows"),
    ("blank lines only", "csv", b"\n\r\n\n", InvalidData, "header row"),
    ("a quote that never closes", "csv", b'a,b\n1,"x\n2,y\n3,z\n', InvalidData, "line 2 has a quoted field that never ends"),
    ("a header that never closes", "csv", b'"a,b\n1,2\n', InvalidData, "header cannot be read"),
    ("a first line without end", "csv", b"a" * 20_000_000, TooLarge, "16777216 characters"),
    ("an infinity", "csv", b"a,b\n1,2\n3,-Infinity\n", InvalidData, 'column "b", row 1 (line 3 of the file): -inf'),
    ("1e400", "csv", b"a,b\n1e400,2\n3,4\n", InvalidData, 'column "a", row 0 (line 2 of the file): inf'),
    ("too many columns", "csv", ",".join(f"c{i}" for i in range(WIDE)).encode() + b"\n", TooLarge, "20001 columns"),
    ("too many values", "csv", b"a,b,c,d\n" + b"1,2,3,4\n" * 2_600_000, TooLarge, "10000000 are allowed"),
    ("a name the table needs", "csv", b"__metadata__,b\n1,2\n", InvalidData, "reserved"),
    ("a picture", "csv", b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", InvalidData, "this is a PNG image; text is needed"),
    ("3000 lists deep", "jsonl", b'{"a":' + DEEP + b"}\n", InvalidData, "line 1: the JSON has too many lists or objects"),
    ("3000 lists deep, over lines", "jsonl", b'{"a":' + DEEP.replace(b"[", b"\n[") + b"}", InvalidData, "inside one another"),
    ("33 lists deep", "jsonl", b'{"a":' + b"[" * 33 + b"]" * 33 + b"}\n", InvalidData, "inside one another; 32 are allowed"),
    ("NaN", "jsonl", b'{"a": 1}\n{"a": NaN}\n', InvalidData, 'column "a", row 1 (line 2 of the file): NaN is not JSON'),
    ("Infinity", "jsonl", b'{"a": 1}\n{"a": Infinity}\n', InvalidData, 'column "a", row 1 (line 2 of the file): inf'),
    ("1e400", "jsonl", b'{"a": 1}\n{"a": 1e400}\n', InvalidData, 'line 2: column "a" has a number beyond float64'),
    ("half a surrogate pair", "jsonl", b'{"a": "\\ud800"}\n', InvalidData, 'line 1: column "a" has half a surrogate pair'),
    ("half a pair in a name", "jsonl", b'{"\\ud800": 1}\n', InvalidData, "half a surrogate pair"),
    ("an escaped NUL", "jsonl", b'{"a": "x\\u0000"}\n', InvalidData, "NUL character"),
    ("a doubled key", "jsonl", b'{"a": 1, "a": 2}\n', InvalidData, 'line 1: "a" stands twice'),
    ("other kinds", "jsonl", b'{"a": 1}\n{"a": "x"}\n', InvalidData, 'line 2: column "a" is a text, in line 1 it is a number'),
    ("a line that is a list", "jsonl", b'{"a": 1}\n[1]\n', InvalidData, "line 2 is a list"),
    ("a line that is not JSON", "jsonl", b'{"a": 1}\n{"a": 1\n', InvalidData, "line 2: not JSON"),
    ("empty objects", "jsonl", b"{}\n{}\n", InvalidData, "0 columns"),
    ("a key of its own in each row", "jsonl", b"".join(b'{"a%d":1}\n' % i for i in range(WIDE)), TooLarge, "20001 columns"),
    (
        "an integer of 5000 digits",
        "jsonl",
        b'{"a": %s}\n' % (b"9" * 5000),
        InvalidData,
        'column "a", row 0 (line 1 of the file): inf',
    ),
    ("3000 lists deep", "json", DEEP, InvalidData, "too many lists or objects"),
    ("100,000 lists deep", "json", b"[" * 100_000, InvalidData, "too many lists or objects"),
    ("NaN", "json", b'{"a": [1, NaN]}', InvalidData, "NaN is not JSON"),
    ("-Infinity", "json", b'[{"a": -Infinity}]', InvalidData, "-Infinity is not JSON"),
    ("1e400", "json", b'{"a": [1, 1e400]}', InvalidData, 'column "a", row 1: inf'),
    ("an integer of 400 digits", "json", b'{"a": [%s]}' % (b"9" * 400), InvalidData, "integer beyond float64"),
    ("an integer of 5000 digits", "json", b'{"a": [%s]}' % (b"9" * 5000), InvalidData, "digits"),
    ("half a surrogate pair", "json", b'{"a": ["x", "\\udfff"]}', InvalidData, 'column "a", row 1: the text has half a surr'),
    ("half a pair in a name", "json", b'{"\\ud800": [1]}', InvalidData, "control characters"),
    ("a doubled key", "json", b'{"a": [1], "a": [2]}', InvalidData, '"a" stands twice'),
    ("lengths that differ", "json", b'{"a": [1], "b": [1, 2]}', InvalidData, '"b" has 2 values, column "a" has 1'),
    ("other kinds", "json", b'{"a": [1, null, "x"]}', InvalidData, 'column "a", row 2: a text among values'),
    ("a column that is no list", "json", b'{"a": 1}', InvalidData, '"a" is a number'),
    ("a row that is no object", "json", b'[{"a": 1}, 2]', InvalidData, "row 1 is a number"),
    ("a bare number", "json", b"7", InvalidData, "the document is a number"),
    ("an empty list", "json", b"[]", InvalidData, "0 rows"),
    ("an empty object", "json", b"{}", InvalidData, "0 columns"),
    ("rows of nothing", "json", b"[{}, {}]", InvalidData, "0 columns"),
    ("a key of its own in each row", "json", json.dumps([{f"a{i}": 1} for i in range(WIDE)]).encode(), TooLarge, "20001 col"),
    ("too many values", "json", json.dumps([{f"a{i}": 1} for i in range(4000)]).encode(), TooLarge, "10000000 are allowed"),
    ("a footer that is cut", "parquet", as_parquet(pa.table({"a": [1, 2]}))[:-6], InvalidData, "not Parquet"),
    ("no footer", "parquet", b"PAR1" + bytes(100) + b"PAR1", InvalidData, "not Parquet"),
    ("no rows", "parquet", as_parquet(pa.table({"a": pa.array([], pa.int64())})), InvalidData, "0 rows"),
    (
        "too many rows",
        "parquet",
        as_parquet(pa.table({"a": pa.nulls(11_000_000, pa.int8())})),
        TooLarge,
        "10000000 are allowed",
    ),
    ("an infinity", "parquet", as_parquet(pa.table({"a": [1.0, float("inf")]})), InvalidData, 'column "a", row 1: inf'),
    (
        "a name with a NUL",
        "parquet",
        as_parquet(pa.table({"a\tb": [1.0]})),
        InvalidData,
        "column 1 is named 'a\\tb'; control characters",
    ),
]


@pytest.mark.parametrize(
    ("format_name", "content", "error", "words"),
    [case[1:] for case in HOSTILE],
    ids=[f"{case[1]}: {case[0]}" for case in HOSTILE],
)
def test_it_is_refused_in_words_that_name_it(
    tmp_path: Path, format_name: Format, content: bytes, error: type[Exception], words: str
) -> None:
    with pytest.raises(error) as caught:
        read_here(content, format_name, tmp_path)
    assert words in str(caught.value)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("format_name", FORMATS)
def test_an_empty_file_is_refused(tmp_path: Path, format_name: Format) -> None:
    with pytest.raises(InvalidData, match="the file is empty"):
        read_here(b"", format_name, tmp_path)


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_file_of_another_format_is_refused(tmp_path: Path, format_name: Format) -> None:
    with pytest.raises(InvalidData):
        read_here(b"\x1f\x8b\x08\x00 this is packed by gzip, or so it says \x00", format_name, tmp_path)


@pytest.mark.parametrize(
    ("format_name", "content"),
    [("csv", b"a,b\n1,x\n"), ("jsonl", b'{"a": 1, "b": "x"}'), ("json", b'[{"a": 1, "b": "x"}]')],
)
def test_one_row_is_enough(tmp_path: Path, format_name: Format, content: bytes) -> None:
    parsed = read_here(content, format_name, tmp_path)
    assert parsed.schema.rows == 1
    assert parsed.preview == [{"a": 1, "b": "x"}]


def test_a_hostile_name_in_an_archive_is_a_column_and_never_a_path(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    parsed = read_here(archive({"../escaped.npy": GOOD, "/absolute.npy": GOOD}), "npz", work)
    assert [column.name for column in parsed.schema.columns] == ["../escaped", "/absolute"]
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["source", "table", "work"]


def test_a_parquet_bomb_of_one_repeated_text_stays_small(tmp_path: Path) -> None:
    text = pa.DictionaryArray.from_arrays(pa.array(np.zeros(2_000_000, np.int32)), ["x" * 500_000])
    content = as_parquet(pa.table({"a": text, "b": np.arange(2_000_000)}))
    assert len(content) < 2**25
    parsed = read_here(content, "parquet", tmp_path)  # a terabyte, if the texts were written out
    assert parsed.schema.column("a").distinct == 1
