"""Columns of CSV that are numbers, or nearly: decimal commas, words for missing, cells that make a text of them."""

import re
from pathlib import Path

import numpy as np
import pytest

from core.data.likeness import number_likeness
from core.data.parse import Format
from core.data.table import read_columns
from core.errors import InvalidData
from core.nn.preparation.column import Cell, NumberLike
from core.nn.preparation.reading import MISSING, Reading
from core.nn.preparation.schema import Schema
from tests.data.files import read, read_here, warning

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference.md"


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


def test_a_column_of_numbers_with_a_few_texts_says_which(tmp_path: Path) -> None:
    content = "x\n" + "".join(f"{i}.5\n" for i in range(566)) + "".join(f"{word}\n" for word in ("-?", "abc", "n.a.", "…\x1b"))
    assert warning(content, tmp_path) == (
        'text, but 566 of its 570 distinct values are numbers; the others are "-?", "abc", "n.a.", …; '
        "if numbers are meant, upload the data with numbers=x, and missing_values= for each text that means a missing value; "
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


@pytest.mark.parametrize(
    ("values", "found"),
    [
        (["1.5", "2", "abc", "3", "", "abc"], NumberLike(3, 5, 2, (Cell(2, "abc"), Cell(5, "abc")), "numbers=x")),
        (["$5", "$7.50", "free", "$1"], NumberLike(3, 4, 4, (Cell(2, "free"), Cell(0, "$5"), Cell(1, "$7.50")), "numbers=x")),
        (["$5", "€7.50", "free", "$1"], NumberLike(3, 4, 4, (Cell(2, "free"), Cell(0, "$5"), Cell(1, "€7.50")))),
        (["12", "13", "14", "12,5x", "15,5"], NumberLike(4, 5, 2, (Cell(3, "12,5x"), Cell(4, "15,5")), "numbers=x")),
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


def test_cells_far_down_a_long_column_are_found_and_counted() -> None:
    values, codes = ("1.5", "2.5", "x"), np.tile(np.array([0, 1, -1], np.int32), 700_000)
    codes[[5, 2_000_000]] = 2
    found = number_likeness(values, codes)
    assert found == NumberLike(1_400_000, 1_400_002, 2, (Cell(5, "x"), Cell(2_000_000, "x")))


@pytest.mark.parametrize(
    "values",
    [
        ["Oslo", "Bern", "7", "7"],
        ["3+", "A1", "5", "5"],
        [f"name {i}" for i in range(60)] * 10,
        ["1.5", "-", "2"],
        ["x" * 50_000, "1"],
    ],
)
def test_texts_and_numbers_do_not_warn(tmp_path: Path, values: list[str]) -> None:
    assert warning("x\n" + "\n".join(values) + "\n", tmp_path) is None


def test_texts_of_which_there_is_another_in_each_row_warn_of_their_inputs(tmp_path: Path) -> None:
    said = "3 distinct texts in 4 rows: as a feature it becomes 3 inputs"
    assert warning("x,y\nOslo,1\nBern,2\n,3\nRome,4\n", tmp_path) == said
    assert warning("x,y\nOslo,1\nBern,2\n,3\nBern,4\n", tmp_path) is None


@pytest.mark.parametrize("quote", ["", '"'])
def test_too_many_texts_that_are_mostly_numbers_say_so_too(tmp_path: Path, quote: str) -> None:
    content = "x\nabc\n" + "".join(f"{quote}{i}.5{quote}\n" for i in range(12_000))
    found = 'text, but 9999 of the first 10000 distinct values are numbers; the other is "abc"'
    remedy = "upload the data with numbers=x and missing_values=abc, if that means a missing value"
    assert warning(content, tmp_path) == f"{found}; if numbers are meant, {remedy}"


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
    ("cells", "expected", "told"),
    [
        (
            ["961,85 €", "1.234,50 €"],
            [961.85, 1234.5],
            'unit € is taken off and its thousands are separated: "1.234,50 €"',
        ),
        (["$1,234.50", "-$7", "$ -3"], [1234.5, -7, -3], 'unit $ is taken off and its thousands are separated: "$1,234.50" is'),
        (["EUR 7", "+12,5\u00a0EUR", "k.A."], [7, 12.5, None], 'its unit EUR is taken off: "'),
        (["1,1 %", "20%"], [1.1, 20], 'its unit % is taken off: "1,1 %" is read as 1.1'),
    ],
)
def test_the_unit_of_a_column_that_is_said_to_be_numbers_is_taken_off(
    cells: list[str], expected: list[float | None], told: str, tmp_path: Path
) -> None:
    content = "x;y\n" + "".join(f'"{cell}";1\n' for cell in cells)
    reading = Reading(numbers=("x",), missing_values=("k.A.",))
    column = read_here(content.encode(), "csv", tmp_path, reading=reading).schema.column("x")
    found = read_columns(tmp_path / "table", ["x"])["x"]
    assert [None if np.isnan(value) else value for value in found] == expected
    assert told in (column.warning or "")


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        (["5 €", "$7"], 'different units: "5 €" has €, "$7" has $; write all in one unit'),
        (["5 %", "0.07"], 'different units: "5 %" has %, "0.07" has none;'),
        (["5 km", "7"], '1 of its 2 cells is none: "5 km" in row 0'),
        (["€", "7"], '1 of its 2 cells is none: "€" in row 0'),
    ],
)
def test_units_that_differ_and_words_are_none(cells: list[str], told: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidData) as caught:
        read_here("\n".join(["x", *cells]).encode(), "csv", tmp_path, reading=Reading(numbers=("x",)))
    assert told in caught.value.message


@pytest.mark.parametrize("cells", [["961,85 €", "7 €"], ["12%", "7.5 %"], ["$1,234.50", "$7"]])
def test_what_is_advised_of_numbers_with_a_unit_helps(cells: list[str], tmp_path: Path) -> None:
    content = "x;y\n" + "".join(f"{cell};1\n" for cell in cells)
    assert "if numbers are meant, upload the data with numbers=x" in (warning(content, tmp_path) or "")
    assert read_here(content.encode(), "csv", tmp_path, reading=Reading(numbers=("x",))).schema.column("x").kind == "number"
