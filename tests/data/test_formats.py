import csv
import io
import json
import re
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.data.likeness import number_likeness
from core.data.parse import Format, parse_upload
from core.data.parsed import Parsed
from core.data.table import read_columns
from core.errors import InvalidData
from core.nn.preparation.column import MAX_TEXTS, Cell, NumberLike
from core.nn.preparation.reading import MISSING, Reading
from core.nn.preparation.schema import Schema
from core.settings import Settings
from tests.data.files import read_here

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "data"
REFERENCE = ROOT / "docs" / "reference.md"

ROWS: list[dict[str, Any]] = [
    {"age": 31, "height": 1.75, "city": "Oslo", "member": True, "score": 3, "born": "1994-01-02"},
    {"age": None, "height": 1.6, "city": "Bern, old town", "member": False, "score": -1, "born": "1999-12-31"},
    {"age": 44, "height": 1.5, "city": None, "member": True, "score": 3, "born": "1980-05-05"},
    {"age": 27, "height": 2.25, "city": 'the "big" one', "member": True, "score": 7, "born": "1997-07-07"},
]
NAMES = list(ROWS[0])


def read(content: bytes, format_name: Format, directory: Path) -> tuple[Parsed, dict[str, np.ndarray]]:
    parsed = read_here(content, format_name, directory)
    return parsed, read_columns(directory / "table", [c.name for c in parsed.schema.columns if c.kind != "ignored"])


def as_csv(delimiter: str = ",", newline: str = "\n", **options: Any) -> bytes:
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator=newline, **options)
    writer.writerow(NAMES)
    writer.writerows([["" if value is None else value for value in row.values()] for row in ROWS])
    return text.getvalue().encode()


def as_parquet() -> bytes:
    table = pa.Table.from_pylist(ROWS)
    born = pa.array([date.fromisoformat(row["born"]) for row in ROWS])
    sink = io.BytesIO()
    parquet.write_table(table.set_column(NAMES.index("born"), "born", born), sink)
    return sink.getvalue()


def as_npz(**arrays: Any) -> bytes:
    sink = io.BytesIO()
    np.savez_compressed(sink, **arrays)
    return sink.getvalue()


def as_npy(array: Any) -> bytes:
    sink = io.BytesIO()
    np.save(sink, array)
    return sink.getvalue()


CONTENTS: dict[str, tuple[Format, bytes]] = {
    "csv": ("csv", as_csv()),
    "csv with semicolons": ("csv", as_csv(";")),
    "csv with tabs": ("csv", as_csv("\t")),
    "csv of Windows": ("csv", b"\xef\xbb\xbf" + as_csv(newline="\r\n")),
    "csv with every field quoted": ("csv", as_csv(quoting=csv.QUOTE_ALL)),
    "csv with blank lines": ("csv", b"\n" + as_csv(newline="\n\n")),
    "csv whose last line does not end": ("csv", as_csv().rstrip(b"\n")),
    "jsonl": ("jsonl", "\n".join(map(json.dumps, ROWS)).encode()),
    "jsonl without its nulls": (
        "jsonl",
        "\n".join(json.dumps({k: v for k, v in row.items() if v is not None}) for row in ROWS).encode(),
    ),
    "json rows": ("json", json.dumps(ROWS).encode()),
    "json columns": ("json", json.dumps({name: [row[name] for row in ROWS] for name in NAMES}).encode()),
    "parquet": ("parquet", as_parquet()),
}


@pytest.mark.parametrize("label", CONTENTS)
def test_one_table_is_the_same_in_every_format(tmp_path: Path, label: str) -> None:
    format_name, content = CONTENTS[label]
    parsed, table = read(content, format_name, tmp_path)

    assert [column.name for column in parsed.schema.columns] == NAMES
    assert parsed.schema.rows == 4
    kinds = {column.name: column.kind for column in parsed.schema.columns}
    assert kinds == {
        "age": "number",
        "height": "number",
        "city": "text",
        "member": "boolean",
        "score": "number",
        "born": "ignored",
    }
    np.testing.assert_array_equal(table["age"], [31.0, np.nan, 44.0, 27.0])
    np.testing.assert_array_equal(table["height"], [1.75, 1.6, 1.5, 2.25])
    np.testing.assert_array_equal(table["city"], [1, 0, -1, 2])
    np.testing.assert_array_equal(table["member"], [1, 0, 1, 1])
    np.testing.assert_array_equal(table["score"], [3, -1, 3, 7])
    assert [table[name].dtype for name in NAMES[:5]] == [np.float64, np.float64, np.int32, np.uint8, np.int64]

    age, city, member, score = (parsed.schema.column(name) for name in ("age", "city", "member", "score"))
    assert (age.missing, age.distinct, age.min, age.max, age.mean) == (1, 3, 27, 44, 34)
    assert age.deviation == pytest.approx(((9 + 100 + 49) / 3) ** 0.5)
    assert (city.missing, city.values) == (1, ("Bern, old town", "Oslo", 'the "big" one'))
    assert (member.values, member.mean) == ((False, True), 0.75)
    assert (score.values, list(map(type, score.values or ()))) == ((-1, 3, 7), [int, int, int])
    assert {k: v for k, v in parsed.preview[2].items() if k != "born"} == {
        "age": 44,
        "height": 1.5,
        "city": None,
        "member": True,
        "score": 3,
    }


def test_an_npz_names_columns_by_its_arrays(tmp_path: Path) -> None:
    content = as_npz(
        x=np.arange(6, dtype=np.float32).reshape(3, 2),
        y=np.array(["b", "a", "b"]),
        z=np.array([True, False, True]),
        when=np.array(["2020-01-01"] * 3, "datetime64[D]"),
    )
    parsed, table = read(content, "npz", tmp_path)
    kinds = {column.name: column.kind for column in parsed.schema.columns}
    assert kinds == {"x0": "number", "x1": "number", "y": "text", "z": "boolean", "when": "ignored"}
    np.testing.assert_array_equal(table["x1"], [1, 3, 5])
    np.testing.assert_array_equal(table["y"], [1, 0, 1])


@pytest.mark.parametrize("dtype", ["<f8", ">f8", "<f4", "<f2", ">i2", "<u1", "<u8", "<i8", "?"])
@pytest.mark.parametrize("order", ["C", "F"])
def test_an_npy_is_read_whatever_its_layout(tmp_path: Path, dtype: str, order: Any) -> None:
    array = np.array([[1, 0, 1], [0, 1, 1]], dtype, order=order)
    _, table = read(as_npy(array), "npy", tmp_path)
    np.testing.assert_array_equal(np.column_stack([table["x0"], table["x1"], table["x2"]]), array.astype(float))


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["npy", "npz"])
def test_images_become_columns_in_c_order_and_their_shape_is_told(tmp_path: Path, kind: Format, order: Any) -> None:
    images = np.arange(4 * 3 * 2 * 5, dtype=np.float32).reshape(4, 3, 2, 5)
    digits, stored = np.array([7, 8, 9, 7]), images.copy(order)
    content = as_npy(stored) if kind == "npy" else as_npz(x=stored, digit=digits, flat=digits[:, None])
    parsed, columns = read(content, kind, tmp_path)
    names = [f"x{i}" for i in range(30)]
    assert [column.name for column in parsed.schema.columns] == names + (["digit", "flat0"] if kind == "npz" else [])
    assert parsed.schema.shapes == {"x": (3, 2, 5)}
    np.testing.assert_array_equal(np.stack([columns[name] for name in names], 1).reshape(images.shape), images)


def test_an_npy_of_one_dimension_is_one_column(tmp_path: Path) -> None:
    parsed, table = read(as_npy(np.array([1.5, np.nan])), "npy", tmp_path)
    assert parsed.schema.column("x0").missing == 1
    np.testing.assert_array_equal(table["x0"], [1.5, np.nan])


@pytest.mark.parametrize(("name", "rows", "columns"), [("digits", 1797, 65), ("iris", 150, 5), ("diabetes", 442, 11)])
def test_the_examples_are_read(tmp_path: Path, name: str, rows: int, columns: int) -> None:
    parsed = parse_upload(EXAMPLES / f"{name}.csv", "csv", tmp_path / "table", Settings())
    assert (parsed.schema.rows, len(parsed.schema.columns)) == (rows, columns)
    assert {column.kind for column in parsed.schema.columns} <= {"number", "text"}
    assert sum(column.missing for column in parsed.schema.columns) == 0


def test_digits_have_the_sums_that_their_publisher_gives(tmp_path: Path) -> None:
    parsed, table = read((EXAMPLES / "digits.csv").read_bytes(), "csv", tmp_path)
    np.testing.assert_array_equal(np.bincount(table["digit"]), [178, 182, 177, 183, 181, 182, 181, 179, 174, 180])
    assert max(column.max or 0 for column in parsed.schema.columns) == 16


def test_floats_that_are_all_integers_are_stored_as_integers(tmp_path: Path) -> None:
    parsed, table = read(b"a,b\n1.0,1\n2.0,9007199254740993\n", "csv", tmp_path)
    assert table["a"].dtype == np.int64
    assert parsed.schema.column("b").values == (1, 9007199254740993)


@pytest.mark.parametrize(
    ("format_name", "content"),
    [("csv", b"n,m\n99999999999999999999999,1\n1,2\n"), ("json", b'{"n": [99999999999999999999999, 1], "m": [1, 2]}')],
)
def test_integers_beyond_64_bits_become_floats(tmp_path: Path, format_name: Format, content: bytes) -> None:
    _, table = read(content, format_name, tmp_path)
    np.testing.assert_array_equal(table["n"], [1e23, 1])


@pytest.mark.parametrize("word", ["n/a", "N/A", "#N/A", "#n/a", "-", "--", "NA", "na", "Nan", "NULL", "none", "?", '"-"', ""])
def test_a_word_for_missing_is_no_text(tmp_path: Path, word: str) -> None:
    parsed, table = read(f"income,city\n1.5,Oslo\n{word},{word}\n-2,Bern\n".encode(), "csv", tmp_path)
    np.testing.assert_array_equal(table["income"], [1.5, np.nan, -2])
    assert (parsed.schema.column("city").missing, parsed.schema.column("city").values) == (1, ("Bern", "Oslo"))


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize("quote", ["", '"'])
def test_a_decimal_comma_is_read_where_no_comma_separates_fields(tmp_path: Path, delimiter: str, quote: str) -> None:
    rows = [["33696,33", "Oslo"], ["-1,5", "1,5"], ["+2", "2"], ["-", ""], [" ,25 ", "3"], ["1,5E+03", "0"]]
    lines = [delimiter.join(f"{quote}{field}{quote}" for field in row) for row in [["price", "city"], *rows]]
    parsed, table = read("\n".join(lines).encode(), "csv", tmp_path)
    np.testing.assert_array_equal(table["price"], [33696.33, -1.5, 2, np.nan, 0.25, 1500])
    assert parsed.schema.column("price").warning is None
    assert parsed.schema.column("city").kind == "text"  # not all of it are numbers


def test_many_different_decimal_commas_are_read_across_blocks(tmp_path: Path) -> None:
    x = np.arange(600_000) / 8
    parsed, table = read(("x;y\n" + "".join(f"{v!r};1\n" for v in x.tolist())).replace(".", ",").encode(), "csv", tmp_path)
    np.testing.assert_array_equal(table["x"], x)
    assert parsed.schema.column("x").warning is None


@pytest.mark.parametrize(
    ("values", "is_ambiguous"),
    [
        (["1,234", "12,500", "999"], True),
        (["1,234", "12,5", "999"], False),
        (["0,234", "0,500"], False),
        (["1234,500", "1,000"], False),
    ],
)
def test_commas_that_may_separate_thousands_warn(tmp_path: Path, values: list[str], is_ambiguous: bool) -> None:
    parsed, table = read("\n".join(["x;y", *(f"{v};1" for v in values)]).encode(), "csv", tmp_path)
    np.testing.assert_array_equal(table["x"], [float(v.replace(",", ".")) for v in values])
    assert ("if they separate thousands" in (parsed.schema.column("x").warning or "")) == is_ambiguous


def test_a_decimal_comma_among_points_or_dates_stays_text(tmp_path: Path) -> None:
    parsed, _ = read(b"a;b\n1,5;1,5\n2.5;16.05.2020\n7,5;2,5\n", "csv", tmp_path)
    assert [column.kind for column in parsed.schema.columns] == ["text", "text"]
    assert 'a decimal comma, as "1,5"; the other is "16.05.2020"' in (parsed.schema.column("b").warning or "")


def warning(content: str, directory: Path) -> str | None:
    """Of the column x."""
    return read(content.encode(), "csv", directory)[0].schema.column("x").warning


def test_a_column_of_numbers_with_a_few_texts_says_which(tmp_path: Path) -> None:
    content = "x\n" + "".join(f"{i}.5\n" for i in range(566)) + "".join(f"{word}\n" for word in ("-?", "abc", "n.a.", "…\x1b"))
    assert warning(content, tmp_path) == (
        'text, but 566 of its 570 distinct values are numbers; the others are "-?", "abc", "n.a.", …; '
        "as a feature it becomes 570 inputs"
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (["1 000", "2 500", "999"], 'numbers with a thousands separator, as "1 000"'),
        (['"1,234.5"', '"1,000"', "7"], 'numbers with a thousands separator, as "1,000"'),
        (["1.234.567", "1.234.568", "abc"], 'a thousands separator, as "1.234.567"; the other is "abc"'),
        (['"33696,33"', '"1,5"', "2"], 'numbers with a decimal comma, as "1,5"'),
        (["$5", "$7.50", "-$1"], 'numbers with a currency sign, as "$5"'),
        (["12%", "7.5 %"], 'numbers with a percent sign, as "12%"'),
        ([f"name {i}" for i in range(60)], "60 distinct texts in 60 rows: as a feature it becomes 60 inputs"),
    ],
)
def test_a_text_column_that_looks_like_something_else_or_costs_many_inputs_warns(
    tmp_path: Path, values: list[str], words: str
) -> None:
    assert words in (warning("x\n" + "\n".join(values) + "\n", tmp_path) or "")


@pytest.mark.parametrize("format_name", ["csv", "json"])
@pytest.mark.parametrize(
    ("values", "form"),
    [
        (["16.05.2020", "01.02.2020"], "DD.MM.YYYY"),
        (["16.05.20", "01.02.20 7:15"], "DD.MM.YYYY"),
        (["5/16/2020", "1/2/2020 10:30", "1/2/20, 1:05 PM"], "DD/MM/YYYY or MM/DD/YYYY"),
        (["16-05-2020", "17-05-2020"], "DD-MM-YYYY or MM-DD-YYYY"),
        (["2020-05-16", "2020-05-17", "soon"], "YYYY-MM-DD"),
        (["2020.05.06 13:00", "2020.05.07"], "YYYY-MM-DD"),
        (["16.05.2020", "5/17/2020", "2020-05-18", "unknown"], "DD.MM.YYYY"),
    ],
)
def test_dates_are_left_out_however_they_are_written_unless_texts_are_meant(
    tmp_path: Path, format_name: Format, values: list[str], form: str
) -> None:
    content = (
        json.dumps([{"x": value} for value in values]) if format_name == "json" else "\n".join(["x", *map(json.dumps, values)])
    )
    column = read(content.encode(), format_name, tmp_path)[0].schema.column("x")
    assert (column.kind, column.distinct) == ("ignored", len(values))
    assert column.reason == "dates and times are not used; write what matters of them as numbers or texts"
    assert column.warning == f"looks like dates, {form}; if texts are meant, upload the data with texts=x"
    meant = read_here(content.encode(), format_name, tmp_path, reading=Reading(texts=("x",))).schema.column("x")
    assert (meant.kind, meant.warning, meant.values) == ("text", None, tuple(sorted(values)))


@pytest.mark.parametrize(
    "values",
    [
        ["1.2.10", "1.3.2"],
        ["32.01.2020", "01.13.2020"],
        ["2020-13-01", "2020-00-01"],
        ["1/2", "3/4"],
        ["2023.1.1", "2024.1.2", "2024.10.2"],  # versions
        ["0902.10.10", "0402.10.11", "8703.10.18"],  # of tariffs
        ["01.11.11", "10.13.14", "10.71.11", "02.10.30"],  # of branches
        ["12-01-4000", "12-02-4000"],  # of parts
        ["2020-05-16", "2020-05-17", "2020-05-18", "never", "once"],
    ],
)
def test_what_is_no_date_stays_text(tmp_path: Path, values: list[str]) -> None:
    assert read("\n".join(["x", *values]).encode(), "csv", tmp_path)[0].schema.column("x").kind == "text"


def test_dates_that_are_too_many_for_a_list_of_texts_are_still_told_as_dates(tmp_path: Path) -> None:
    lines = [f"{day:02}.{month:02}.{year}" for year in range(1950, 1990) for month in range(1, 13) for day in range(1, 29)]
    column = read("\n".join(["x", *lines]).encode(), "csv", tmp_path)[0].schema.column("x")
    assert len(lines) > MAX_TEXTS
    assert (column.kind, column.reason) == (
        "ignored",
        "dates and times are not used; write what matters of them as numbers or texts",
    )


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["1.5", "2", "abc", "3", "", "abc"], NumberLike(3, 5, 2, (Cell(2, "abc"), Cell(5, "abc")))),
        (["$5", "$7.50", "free", "$1"], NumberLike(3, 4, 4, (Cell(2, "free"), Cell(0, "$5"), Cell(1, "$7.50")))),
        (["12", "13", "14", "12,5x", "15,5"], NumberLike(4, 5, 2, (Cell(3, "12,5x"), Cell(4, "15,5")))),
        (["Oslo", "Bern", "7"], None),
        (["2020-05-16", "2020-05-17", "soon"], None),
    ],
)
def test_cells_that_keep_a_column_from_being_numbers_are_named_with_their_rows(
    tmp_path: Path, values: list[str], found: NumberLike | None
) -> None:
    content = "x;y\n" + "".join(f'"{value}";1\n' for value in values)
    parsed, _ = read(content.encode(), "csv", tmp_path)
    assert parsed.schema.column("x").number_like == found
    assert Schema.model_validate(parsed.schema.model_dump(mode="json")) == parsed.schema


@pytest.mark.parametrize(
    ("format_name", "content", "line"),
    [
        ("csv", "x\n1\n2\n", 2),
        ("csv", "\ufeffx\r\n1\r\n2", 2),
        ("csv", 'x\n"1"\n2\n\n\r\n', 2),
        ("csv", "x,y\n1,a\n\n2,b\n", None),
        ("csv", 'x,y\n1,"a\nb"\n2,b\n', None),
        ("csv", "x,y\r1,a\r2,b\r", None),
        ("jsonl", '{"x": 1}\n{"x": 2}\n', 1),
        ("jsonl", '{"x": 1}\n\n{"x": 2}', None),
        ("json", '[{"x": 1}, {"x": 2}]', None),
    ],
)
def test_the_line_of_the_first_row_is_told_where_every_row_is_one_line(
    tmp_path: Path, format_name: Format, content: str, line: int | None
) -> None:
    parsed, _ = read(content.encode(), format_name, tmp_path)
    assert (parsed.schema.rows, parsed.schema.first_line) == (2, line)


def test_the_first_rows_that_miss_a_value_are_told(tmp_path: Path) -> None:
    content = "x,y,z\n1,true,a\n,,\n3,false,\n" + ",,b\n" * 6
    parsed, _ = read(content.encode(), "csv", tmp_path)
    assert [column.missing_rows for column in parsed.schema.columns] == [(1, 3, 4, 5, 6), (1, 3, 4, 5, 6), (1, 2)]


def test_cells_far_down_a_long_column_are_found_and_counted() -> None:
    values, codes = ("1.5", "2.5", "x"), np.tile(np.array([0, 1, -1], np.int32), 700_000)
    codes[[5, 2_000_000]] = 2
    found = number_likeness(values, codes)
    assert found == NumberLike(1_400_000, 1_400_002, 2, (Cell(5, "x"), Cell(2_000_000, "x")))


@pytest.mark.parametrize(
    "values",
    [["Oslo", "Bern", "7"], ["3+", "A1", "5"], [f"name {i}" for i in range(60)] * 10, ["1.5", "-", "2"], ["x" * 50_000, "1"]],
)
def test_texts_and_numbers_do_not_warn(tmp_path: Path, values: list[str]) -> None:
    assert warning("x\n" + "\n".join(values) + "\n", tmp_path) is None


@pytest.mark.parametrize(
    ("name", "values", "words"),
    [
        ("x", range(7, 27), "its numbers rise by 1 from row to row; if they only number the rows, leave the column out"),
        (
            "customer_id",
            [37 * i % 1009 for i in range(300)],
            "its numbers are hardly ever the same, and it is named as ids are; ",
        ),
        ("orderId", [37 * i % 1009 for i in range(300)], "it is named as ids are"),
        ("ID", [(7919 * i) % 104729 for i in range(30_000)], "it is named as ids are"),
        ("day", [f"2020-01-{i:02}" for i in range(1, 20)], None),
        ("x", range(19), None),
        ("x", [*range(18), 18, 18, 20], None),
        ("income", [37 * i % 1009 for i in range(300)], None),
        ("shop_id", [i % 7 for i in range(300)], None),
        ("humid", [37 * i % 1009 for i in range(300)], None),
        ("id", [i + 0.5 for i in range(300)], None),
    ],
)
def test_numbers_that_only_number_the_rows_warn(tmp_path: Path, name: str, values: Any, words: str | None) -> None:
    found, _ = read((f"{name}\n" + "".join(f"{value}\n" for value in values)).encode(), "csv", tmp_path)
    [column] = found.schema.columns
    assert (column.warning is None) if words is None else (words in (column.warning or ""))


def test_dates_are_left_out_and_say_why(tmp_path: Path) -> None:
    found, _ = read(b"day,x\n2020-01-01,1\n2020-01-02,2\n", "csv", tmp_path)
    reason = "dates and times are not used; write what matters of them as numbers or texts"
    assert (found.schema.column("day").kind, found.schema.column("day").reason) == ("ignored", reason)


@pytest.mark.parametrize("quote", ["", '"'])
def test_too_many_texts_that_are_mostly_numbers_say_so_too(tmp_path: Path, quote: str) -> None:
    content = "x\nabc\n" + "".join(f"{quote}{i}.5{quote}\n" for i in range(12_000))
    assert warning(content, tmp_path) == 'text, but 9999 of the first 10000 distinct values are numbers; the other is "abc"'


@pytest.mark.parametrize(
    ("format_name", "content"), [("json", b'{"x": ["1", "2", "2"]}'), ("jsonl", b'{"x": "1"}\n{"x": "2"}\n{"x": "2"}\n')]
)
def test_numbers_between_quotes_warn_in_json(tmp_path: Path, format_name: Format, content: bytes) -> None:
    parsed, _ = read(content, format_name, tmp_path)
    assert "all of its 2 distinct values are numbers" in (parsed.schema.column("x").warning or "")


def test_the_reference_lists_every_word_for_missing() -> None:
    [line] = [line for line in REFERENCE.read_text().splitlines() if line.startswith("- In CSV an empty field")]
    assert set(re.findall(r"`([^`]+)`", line)) == {word.upper() for word in MISSING if word}


@pytest.mark.parametrize(
    ("format_name", "content"),
    [
        ("csv", b"a,b\ntrue,1\n,2\nfalse,3\ntrue,4\n"),
        ("json", b'{"a": [true, null, false, true]}'),
        ("jsonl", b'{"a": true}\n{"a": null}\n{"a": false}\n{"a": true}\n'),
    ],
)
def test_booleans_stay_booleans_where_one_is_missing(tmp_path: Path, format_name: Format, content: bytes) -> None:
    parsed, table = read(content, format_name, tmp_path)
    column = parsed.schema.column("a")
    assert (column.kind, column.missing, column.distinct, column.values) == ("boolean", 1, 2, (False, True))
    assert (column.min, column.max) == (0, 1)
    assert (column.mean, column.deviation) == pytest.approx((2 / 3, (2 / 9) ** 0.5))
    assert table["a"].dtype == np.uint8
    np.testing.assert_array_equal(table["a"], [1, 255, 0, 1])
    assert [row["a"] for row in parsed.preview] == [True, None, False, True]


def test_a_column_without_values_and_one_of_many_texts_are_ignored_with_the_reason(tmp_path: Path) -> None:
    content = "a,b,c\n" + "".join(f"{i},,text {i}\n" for i in range(10_001))
    parsed, table = read(content.encode(), "csv", tmp_path)
    assert list(table) == ["a"]
    assert parsed.schema.column("b").reason == "every value is missing"
    assert "10000 are allowed" in (parsed.schema.column("c").reason or "")


def test_fields_may_hold_newlines(tmp_path: Path) -> None:
    parsed, _ = read(b'a,"b"\n1,"x\ny"\n2,z\n', "csv", tmp_path)
    assert parsed.schema.column("b").values == ("x\ny", "z")


def test_parquet_reads_dictionaries_decimals_and_odd_names_and_skips_the_rest(tmp_path: Path) -> None:
    table = pa.table(
        {
            "a.b": pa.array(["x", None, "y"]).dictionary_encode(),
            "d": pa.array([Decimal("1.50"), None, Decimal("2.25")]),
            "n": pa.array([1, 2, 1]).dictionary_encode(),
            "l": pa.array([[1], [2], [3]]),
            "s": pa.array([{"b": 1}, {"b": 2}, {"b": 3}]),
            "raw": pa.array([b"x", b"y", b"z"]),
            "__index_level_0__": pa.array([7, 8, 9]),
        }
    )
    parquet.write_table(table, tmp_path / "source")
    parsed = parse_upload(tmp_path / "source", "parquet", tmp_path / "table", Settings())
    kinds = [column.kind for column in parsed.schema.columns]
    assert kinds == ["text", "number", "number", "ignored", "ignored", "ignored", "ignored"]
    columns = read_columns(tmp_path / "table", ["a.b", "d", "n"])
    np.testing.assert_array_equal(columns["a.b"], [0, -1, 1])
    np.testing.assert_array_equal(columns["d"], [1.5, np.nan, 2.25])
    np.testing.assert_array_equal(columns["n"], [1, 2, 1])


def test_long_files_are_read_across_blocks(tmp_path: Path) -> None:
    n = 300_000
    rng = np.random.default_rng(3)
    x, c = rng.normal(size=n), rng.integers(0, 500, n)
    lines = "".join(f"{a!r},label {b},{i}\n" for i, (a, b) in enumerate(zip(x.tolist(), c.tolist(), strict=True)))
    parsed, table = read(f"x,c,i\n{lines}".encode(), "csv", tmp_path)
    np.testing.assert_array_equal(table["x"], x)
    np.testing.assert_array_equal(table["i"], np.arange(n))
    values = parsed.schema.column("c").values or ()
    assert [values[code] for code in table["c"][:1000]] == [f"label {b}" for b in c[:1000]]
    assert parsed.schema.column("x").values is None
    assert parsed.schema.column("x").mean == pytest.approx(x.mean(), abs=1e-12)


def test_a_very_wide_row_is_read(tmp_path: Path) -> None:
    width = 15_000
    content = ",".join(f"column{i}" for i in range(width)) + "\n" + ",".join(["1000000.25"] * width) + "\n"
    parsed, _ = read(content.encode(), "csv", tmp_path)
    assert len(parsed.schema.columns) == width
    assert parsed.schema.rows == 1


def test_columns_named_alike_are_refused_in_parquet(tmp_path: Path) -> None:
    table = pa.Table.from_arrays([pa.array([1]), pa.array([2])], names=["a", "a"])
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    with pytest.raises(InvalidData, match='columns 1 and 2 are both named "a"'):
        read(sink.getvalue(), "parquet", tmp_path)
