"""Columns that a client says are numbers or texts, and texts that it says mean a missing value."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.data.parse import Format
from core.data.table import read_columns
from core.errors import InvalidData
from core.nn.preparation.column import Column
from core.nn.preparation.reading import AS_IT_LOOKS, Reading, ToPredict
from tests.data.files import read_here

DIRTY = b'area,city\n950,Ulm\nabc,Ulm\n"1,200",Bonn\n-,unknown\n80.5,Bonn\n'


def column(content: bytes, format_name: Format, directory: Path, name: str = "area", **words: Any) -> tuple[Column, list[Any]]:
    """The column as it is described, and its values."""
    reading = Reading(**{part: given if part == "decimal" else tuple(given) for part, given in words.items()})
    parsed = read_here(content, format_name, directory, reading=reading)
    found = parsed.schema.column(name)
    told = parsed.schema.reading or AS_IT_LOOKS
    assert replace(told, decimal=None) == replace(reading, decimal=None)
    if found.kind == "ignored":
        return found, []
    values = read_columns(directory / "table", [name])[name]
    if found.kind == "text":
        return found, [None if code < 0 else (found.values or ())[code] for code in values]
    return found, [None if np.isnan(value) else value for value in values]


def test_cells_that_are_no_numbers_are_refused_with_their_rows_and_lines(tmp_path: Path) -> None:
    with pytest.raises(InvalidData) as refusal:
        column(DIRTY, "csv", tmp_path, numbers=["area"])
    assert refusal.value.message == (
        'column "area" is to be numbers, but 1 of its 5 cells is none: "abc" in row 1 (line 3 of the file); correct them or '
        "leave them empty, or name the texts that mean a missing value in missing_values"
    )


def test_of_many_such_cells_the_first_five_are_named(tmp_path: Path) -> None:
    content = b"area\n1\n" + b"".join(b"?%d\n" % i for i in range(700)) + b"2\n"
    with pytest.raises(
        InvalidData, match=r'but 700 of its 702 cells are none: "\?0" in row 1 .*"\?4" in row 5 \(line 7 .*, …;'
    ):
        column(content, "csv", tmp_path, numbers=["area"])


def test_texts_that_mean_a_missing_value_are_missing_in_every_column(tmp_path: Path) -> None:
    words = {"missing_values": ["abc", "unknown"]}
    area, values = column(DIRTY, "csv", tmp_path, numbers=["area"], **words)
    assert (area.kind, area.missing, area.missing_rows) == ("number", 2, (1, 3))
    assert values == [950, None, 1200, None, 80.5]
    assert area.warning == 'its thousands are separated: "1,200" is read as 1200'
    assert column(DIRTY, "csv", tmp_path, "city", **words)[1] == ["Ulm", "Ulm", "Bonn", None, "Bonn"]


@pytest.mark.parametrize(
    ("delimiter", "cells", "values"),
    [
        (",", ["1", " 2.5 ", "-3e2", "+.5"], [1, 2.5, -300, 0.5]),
        (",", ["x", "1'200", "12 000 000", "1,234.5"], [None, 1200, 12e6, 1234.5]),
        (";", ["x", "1,5", "1.234,5", "-7"], [None, 1.5, 1234.5, -7]),
        (";", ["x", "1.5", "1,234.5", "-7"], [None, 1.5, 1234.5, -7]),
        ("\t", ["1,5", "2"], [1.5, 2]),
    ],
)
def test_numbers_are_read_as_they_are_mostly_written(
    tmp_path: Path, delimiter: str, cells: list[str], values: list[float]
) -> None:
    content = f"area{delimiter}y\n" + "".join(f'"{cell}"{delimiter}1\n' for cell in cells)
    assert column(content.encode(), "csv", tmp_path, numbers=["area"], missing_values=["x"])[1] == values


@pytest.mark.parametrize("cell", ["0,125", "1,20", "12,3456", "1,200,30", "1 200,5", "1.2.3", "--1", "1_000", "٣"])
def test_what_may_be_two_numbers_or_none_is_no_number(tmp_path: Path, cell: str) -> None:
    with pytest.raises(InvalidData, match="1 of its 2 cells is none"):
        column(f'area\n"{cell}"\n7\n'.encode(), "csv", tmp_path, numbers=["area"])


def test_more_different_numbers_than_texts_may_be_are_read_too(tmp_path: Path) -> None:
    content = "area\nn.a.\n" + "".join(f"{i}.5\n" for i in range(12_000))
    assert column(content.encode(), "csv", tmp_path)[0].kind == "ignored"
    area, values = column(content.encode(), "csv", tmp_path, numbers=["area"], missing_values=["n.a."])
    assert (area.kind, area.missing, values[-1]) == ("number", 1, 11_999.5)


def test_digits_that_are_texts_stay_as_they_are_written(tmp_path: Path) -> None:
    content = b"area\n01067\n10115\n01067\n"
    assert column(content, "csv", tmp_path)[0].kind == "number"
    area, values = column(content, "csv", tmp_path, texts=["area"])
    assert values == ["01067", "10115", "01067"]
    assert (area.warning, area.number_like) == (None, None)


ROWS: list[dict[str, Any]] = [{"area": "950"}, {"area": "?"}, {"area": None}, {"area": "1,200"}]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_leading_zeros_of_codes_are_warned_of(tmp_path: Path, delimiter: str) -> None:
    rows = ["12345", "", " 01067", '"00999"'] * 3
    content = "\n".join([f"area{delimiter}x", *(f"{code}{delimiter}{i}" for i, code in enumerate(rows))])
    found, values = column(content.encode(), "csv", tmp_path)
    assert values[2:4] == [1067, 999]
    assert found.warning == (
        'its numbers have leading zeros, " 01067" is read as 1067; if texts are meant, upload the data with texts=area'
    )
    assert column(content.encode(), "csv", tmp_path, texts=("area",))[0].values == (" 01067", "00999", "12345")
    assert column(content.encode(), "csv", tmp_path, numbers=("area",))[0].warning is None
    learned = ToPredict(learned=AS_IT_LOOKS)
    assert read_here(content.encode(), "csv", tmp_path, reading=learned).schema.column("area").warning is None


def test_a_code_of_any_length_is_told(tmp_path: Path) -> None:
    found, values = column(b"area,x\n" + b"0" * 5000 + b"12,1\n", "csv", tmp_path)
    assert values == [12]
    assert (found.warning or "").endswith('0…" is read as 12; if texts are meant, upload the data with texts=area')


@pytest.mark.parametrize("cell", ["0", "00", "07", "-012", "0.5", "010.5", "100", "1e5", "0e05"])
def test_other_zeros_are_not(tmp_path: Path, cell: str) -> None:
    assert column(f"area,x\n{cell},1\n1,2\n".encode(), "csv", tmp_path)[0].warning is None


def as_parquet(**columns: Any) -> bytes:
    sink = pa.BufferOutputStream()
    parquet.write_table(pa.table(columns), sink)
    return sink.getvalue().to_pybytes()


@pytest.mark.parametrize(
    ("format_name", "content"),
    [
        ("json", json.dumps(ROWS).encode()),
        ("json", json.dumps([{"area": 950}, *ROWS[1:]]).encode()),
        ("jsonl", "\n".join(map(json.dumps, ROWS)).encode()),
        ("parquet", as_parquet(area=[row["area"] for row in ROWS])),
    ],
)
def test_other_formats_are_read_so_too(tmp_path: Path, format_name: Format, content: bytes) -> None:
    assert column(content, format_name, tmp_path, numbers=["area"], missing_values=["?"])[1] == [950, None, None, 1200]
    with pytest.raises(InvalidData, match='1 of its 4 cells is none: "\\?" in row 1'):
        column(content, format_name, tmp_path, numbers=["area"])


@pytest.mark.parametrize(
    ("format_name", "content"),
    [
        ("json", b'{"area": [1, 2, null], "is": [true, false, null]}'),
        ("jsonl", b'{"area": 1, "is": true}\n{"area": 2, "is": false}\n{}\n'),
        ("parquet", as_parquet(area=[1, 2, None], **{"is": [True, False, None]})),
    ],
)
def test_numbers_and_booleans_can_be_texts_and_booleans_numbers(tmp_path: Path, format_name: Format, content: bytes) -> None:
    assert column(content, format_name, tmp_path, texts=["area"])[1] == ["1", "2", None]
    assert column(content, format_name, tmp_path, "is", texts=["is"])[1] == ["true", "false", None]
    assert column(content, format_name, tmp_path, "is", numbers=["is"])[1] == [1, 0, None]


@pytest.mark.parametrize(
    ("format_name", "content", "words", "message"),
    [
        ("csv", DIRTY, {"numbers": ["aera"]}, 'numbers: there is no column "aera"; near it: "area"'),
        ("csv", DIRTY, {"texts": ["town"]}, 'texts: there is no column "town"; the columns are "area", "city"'),
        ("csv", b"area\n2020-01-01\n", {"numbers": ["area"]}, "cannot be read as numbers: dates and times are not used"),
        ("json", b'{"area": [[1], [2]]}', {"numbers": ["area"]}, 'column "area" holds a list in each row'),
        ("jsonl", b'{"area": [1]}\n', {"texts": ["area"]}, "cannot be read as texts: nested values"),
        ("parquet", as_parquet(area=[[1]]), {"numbers": ["area"]}, "cannot be read as numbers: nested values"),
        ("npy", b"\x93NUMPY", {"numbers": ["x0"]}, "those of npy have their types"),
    ],
)
def test_what_cannot_be_read_so_is_refused(
    tmp_path: Path, format_name: Format, content: bytes, words: dict[str, list[str]], message: str
) -> None:
    with pytest.raises(InvalidData, match=message):
        column(content, format_name, tmp_path, **words)


def test_a_column_without_a_value_is_left_out_whatever_it_is_to_be(tmp_path: Path) -> None:
    area, _ = column(b"area,y\n?,1\n?,2\nx,3\n", "csv", tmp_path, numbers=["area"], missing_values=["x"])
    assert (area.kind, area.reason) == ("ignored", "every value is missing")
