import csv
import io
import json
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from core.data.parse import Format, parse_upload
from core.data.table import read_columns
from core.errors import InvalidData
from core.settings import Settings
from tests.data.files import read

ROOT = Path(__file__).resolve().parents[2]
EXAMPLES = ROOT / "examples" / "data"

ROWS: list[dict[str, Any]] = [
    {"age": 31, "height": 1.75, "city": "Oslo", "member": True, "score": 3, "born": "1994-01-02"},
    {"age": None, "height": 1.6, "city": "Bern, old town", "member": False, "score": -1, "born": "1999-12-31"},
    {"age": 44, "height": 1.5, "city": None, "member": True, "score": 3, "born": "1980-05-05"},
    {"age": 27, "height": 2.25, "city": 'the "big" one', "member": True, "score": 7, "born": "1997-07-07"},
]
NAMES = list(ROWS[0])


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


@pytest.mark.parametrize("line", [b"sep=;\r\n", b"SEP=;\n", b'"sep=;"\n', b"\xef\xbb\xbfsep=;\r\n"])
def test_a_first_line_may_name_the_delimiter(tmp_path: Path, line: bytes) -> None:
    content = b"price,more;n,a,m,e;x\n1,5;a;1\n2,5;b;2\n"
    parsed, columns = read(line + content, "csv", tmp_path)
    assert [column.name for column in parsed.schema.columns] == ["price,more", "n,a,m,e", "x"]
    np.testing.assert_array_equal(columns["price,more"], [1.5, 2.5])
    assert (parsed.schema.rows, parsed.schema.first_line) == (2, 3)
    for wrong, told in ((b"1;2\n", "line 5 has 2 fields, the header has 3"), (b'1;"2;3\n', "line 5 has a quoted field")):
        with pytest.raises(InvalidData, match=told):
            read(line + content + wrong, "csv", tmp_path)


def test_a_column_may_be_named_as_delimiters_are(tmp_path: Path) -> None:
    parsed, _ = read(b"sep=;x\n1;2\n", "csv", tmp_path)
    assert [column.name for column in parsed.schema.columns] == ["sep=", "x"]


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
