"""Which sign begins the decimals of a CSV file: said, shown by the file, or doubtful."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.data.formats.decimals import numbers, shown
from core.data.styles import FOUND
from core.data.table import read_columns
from core.nn.preparation.column import Column
from core.nn.preparation.reading import AS_IT_LOOKS, Decimal, Reading, ToPredict
from tests.data.files import read_here, warning

COMMA, POINT = Reading(decimal="comma"), Reading(decimal="point")


def columns(content: str, directory: Path, **words: Any) -> tuple[dict[str, Column], dict[str, list[float]], Reading]:
    """Each column, the values of those of numbers, and the reading."""
    schema = read_here(content.encode(), "csv", directory, reading=Reading(**words)).schema
    numbers = [column.name for column in schema.columns if column.kind == "number"]
    table = read_columns(directory / "table", numbers)
    found = {column.name: column for column in schema.columns}
    return found, {name: table[name].tolist() for name in numbers}, schema.reading or AS_IT_LOOKS


def rows(*lines: str) -> str:
    return "a;b\n" + "".join(f"{line}\n" for line in lines)


def test_a_column_of_decimal_commas_shows_that_points_group_thousands_in_the_others(tmp_path: Path) -> None:
    found, values, reading = columns(rows("950;12,5", "1.234;13,1", "12.500;7,0", "980;9,9"), tmp_path)
    assert values == {"a": [950, 1234, 12_500, 980], "b": [12.5, 13.1, 7, 9.9]}
    assert (reading, found["b"].warning) == (COMMA, None)
    assert found["a"].warning == 'its thousands are separated: "1.234" is read as 1234'


@pytest.mark.parametrize("delimiter", [";", "\t"])
@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1.356,98", "950,5", "-2.000"], [1356.98, 950.5, -2000]),
        (["0,125", "1.234.567,8", ""], [0.125, 1_234_567.8, None]),
        ([" +1,5 ", "1.234", "2e3"], [1.5, 1234, 2000]),
        (["12,3456", "1.000"], [12.3456, 1000]),
        (["1.356,98", "950", "1.000,00"], [1356.98, 950, 1000]),
    ],
)
def test_a_file_that_can_be_read_with_a_decimal_comma_alone_is_read_so(
    tmp_path: Path, delimiter: str, cells: list[str], values: list[float | None]
) -> None:
    content = f"x{delimiter}y\n" + "".join(f"{cell}{delimiter}1\n" for cell in cells)
    _, found, reading = columns(content, tmp_path)
    assert [None if np.isnan(value) else value for value in found["x"]] == values
    assert reading == COMMA


@pytest.mark.parametrize("point", ["0.5", "12.34", "1234.500", "1.2345", ".5", "1.234e2"])
def test_where_a_number_can_only_have_a_decimal_point_each_column_is_read_by_itself(tmp_path: Path, point: str) -> None:
    content = "a;b;c;d\n" + f"1,5;{point};1.234;1.356,98\n" + "22,25;1.000;2.500;7\n"
    found, values, reading = columns(content, tmp_path)
    assert values == {"a": [1.5, 22.25], "b": [float(point), 1], "c": [1.234, 2.5], "d": [1356.98, 7]}
    assert reading == AS_IT_LOOKS  # new rows of such a file may show either
    assert columns(content, tmp_path, decimal="point")[1] == values
    assert found["a"].warning == "its decimals have a comma, those of other columns a point"
    assert "if they separate thousands, upload the data with decimal=comma" in (found["c"].warning or "")


def test_decimal_points_among_texts_and_behind_the_first_blocks_count_too(tmp_path: Path) -> None:
    long = rows("1.234;1,5") + "1.234;2,5\n" * 300_000
    assert columns(long, tmp_path)[2] == COMMA
    assert columns(f"{long}0.5;1\n", tmp_path)[2] == AS_IT_LOOKS
    assert columns(f"{long}950.0;1\n", tmp_path)[2] == AS_IT_LOOKS
    assert columns(rows("0.5;1,5", "1.25;2,5", "soon;2,5"), tmp_path)[2] == AS_IT_LOOKS


@pytest.mark.parametrize("words", [{}, {"numbers": ("a",)}])
def test_points_that_may_separate_thousands_are_warned_of(tmp_path: Path, words: dict[str, Any]) -> None:
    found, values, reading = columns(rows("950;1", "1.234;2", "12.500;2"), tmp_path, **words)
    assert values["a"] == [950, 1.234, 12.5]
    assert reading == Reading(**words)
    assert found["a"].warning == (
        'its points are read as decimal points, "1.234" is read as 1.234; if they separate thousands, upload the data with '
        "decimal=comma"
    )


@pytest.mark.parametrize("cell", ["0.123", "950.5", "1.23", "1234.567", "1.234e1", "100", "1e5"])
def test_points_that_separate_no_thousands_are_not(tmp_path: Path, cell: str) -> None:
    assert (
        warning(f"x;y\n1.234;1\n{cell};2\n".replace("1.234;", "1;" if cell.isdigit() or cell == "1e5" else "1.234;"), tmp_path)
        is None
    )


def test_neither_are_they_where_another_column_has_decimal_points_or_commas_delimit(tmp_path: Path) -> None:
    assert warning("x;y\n1.234;0.5\n", tmp_path) is None
    assert warning("x,y\n1.234,1\n", tmp_path) is None


@pytest.mark.parametrize(
    ("lines", "doubtful"),
    [
        (["1.234;5"], {"a": "1.234"}),
        (["1,234;5"], {"a": "1,234"}),
        (["1.234;3,5"], {"a": "1.234"}),
        (["1.234;3,5", "1,5;7"], {}),
        (["1.234;0.5"], {"a": "1.234"}),
        (["1,234;0.5"], {"a": "1,234"}),
        (["1,234;3,5", "2,500;7"], {"a": "1,234"}),
        (["1.234;0.5", "12.34;0.5"], {}),
        (["1.234;1,5", "+2.500;2.5"], {"a": "1.234"}),
        (["+1.234;5"], {"a": "+1.234"}),
        (["+5;5"], {}),
        (["1.234.567;0.5", "5;3,5"], {}),
        (["1,234,567;5"], {}),
    ],
)
def test_what_may_be_another_number_is_doubtful_unless_its_sign_is_said(
    tmp_path: Path, lines: list[str], doubtful: dict[str, str]
) -> None:
    found, values, reading = columns(rows(*lines), tmp_path)
    assert {name: column.doubtful for name, column in found.items() if column.doubtful} == doubtful
    meant, same, _ = columns(rows("k.A.;1", *lines), tmp_path, numbers=("a",), missing_values=("k.A.",))
    assert ({name: column.doubtful for name, column in meant.items() if column.doubtful}, same["a"][1:]) == (
        doubtful,
        values["a"],
    )
    again, same, _ = columns(rows(*lines), tmp_path, decimal=reading.decimal or found["a"].decimal or "point")
    assert all(column.doubtful is None for column in again.values())
    assert same == values


def test_a_column_that_is_said_to_be_numbers_is_warned_of_like_others(tmp_path: Path) -> None:
    for cell, value in (("1,234", 1.234), ("1.234", 1.234)):
        plain, _, _ = columns(rows(f"{cell};5", ";7"), tmp_path)
        said, values, _ = columns(rows(f"{cell};5", " ;7"), tmp_path, numbers=("a",))
        assert values["a"][0] == value
        assert (said["a"].warning, said["a"].doubtful) == (plain["a"].warning, cell)
        assert "if they separate thousands" in (said["a"].warning or "")


def test_of_a_file_with_both_signs_a_column_that_is_said_to_be_numbers_has_points_where_it_may(tmp_path: Path) -> None:
    content = "a;b;c\n1,234;0.5;2,5\n{};0.25;1,5\n"
    for blank in ("2,500", " "):
        found, values, _ = columns(content.format(blank), tmp_path, numbers=("a",))
        assert values["a"][0] == 1234
        assert (found["a"].doubtful, found["a"].decimal) == ("1,234", "point")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a,b\n1.234,5\n12.500,7\n", [1.234, 12.5]),
        ('a,b\n1.234,"0,5"\n12.500,7\n', [1234, 12_500]),
        ('a,b\n1.234,"1.234,5"\n12.500,7\n', [1234, 12_500]),
        ('a,b\n1.234,"Ulm, 5"\n12.500,7\n', [1.234, 12.5]),
    ],
)
def test_a_comma_that_a_network_learned_with_holds_between_commas_where_a_cell_has_one(
    tmp_path: Path, content: str, expected: list[float]
) -> None:
    read_here(content.encode(), "csv", tmp_path, reading=ToPredict(learned=COMMA))
    assert read_columns(tmp_path / "table", ["a"])["a"].tolist() == expected


def test_a_file_that_shows_points_has_thousands_with_commas(tmp_path: Path) -> None:
    found, values, reading = columns(rows("1,234;0.5", "950;0.75"), tmp_path)
    assert (values["a"], reading) == ([1234, 950], POINT)
    assert found["a"].warning == 'its thousands are separated: "1,234" is read as 1234'


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_of_a_file_with_both_signs_each_column_is_read_by_itself_whatever_was_said(tmp_path: Path, delimiter: str) -> None:
    content = "a;b;c\n3,5;0.5;1.234\n1,25;0.75;2.500\n"
    content = "\n".join(delimiter.join(f'"{cell}"' for cell in line.split(";")) for line in content.split())
    expected = {"a": [3.5, 1.25], "b": [0.5, 0.75]}
    assert columns(content, tmp_path, decimal="comma")[1] == {**expected, "c": [1234, 2500]}
    found, values, _ = columns(content, tmp_path, decimal="point")
    assert values == {**expected, "c": [1.234, 2.5]}
    assert found["a"].warning == "its decimals have a comma, those of other columns a point"


def test_columns_that_are_meant_to_be_texts_show_nothing_and_stay(tmp_path: Path) -> None:
    found, values, reading = columns(rows("1.234;1,5", "2.000;2,5"), tmp_path, texts=("b",))
    assert (values["a"], found["b"].values, reading.decimal) == ([1.234, 2], ("1,5", "2,5"), None)
    found, _, reading = columns(rows("1.234;1,5", "2.000;2,5"), tmp_path, texts=("a",))
    assert (found["a"].values, reading.decimal) == (("1.234", "2.000"), "comma")


def test_texts_of_which_some_look_like_decimals_show_nothing(tmp_path: Path) -> None:
    found, values, reading = columns(rows("1.234;Ulm", "2.500;Bonn", "3.000;3,5"), tmp_path)
    assert (values, reading, found["b"].kind) == ({"a": [1.234, 2.5, 3]}, AS_IT_LOOKS, "text")


def test_cells_that_are_missing_by_a_word_of_their_own_do_not_hide_the_sign(tmp_path: Path) -> None:
    content = rows("1.356,98;1", "k.A.;2", "950,5;3")
    found, _, reading = columns(content, tmp_path)
    assert (found["a"].kind, reading.decimal) == ("text", "comma")
    remedy = "if numbers are meant, upload the data with numbers=a and missing_values=k.A., if that means a missing value"
    assert remedy in (found["a"].warning or "")
    assert columns(content, tmp_path, missing_values=("k.A.",))[1]["a"][::2] == [1356.98, 950.5]
    assert columns(content, tmp_path, numbers=("a",), missing_values=("k.A.",))[1]["a"][::2] == [1356.98, 950.5]


@pytest.mark.parametrize(
    ("decimal", "cells", "values"),
    [
        ("comma", ["1.234", "12.500"], [1234, 12_500]),
        ("comma", ["1,234", "1.234,5"], [1.234, 1234.5]),
        ("comma", ["1.234.567,8", "0,5"], [1_234_567.8, 0.5]),
        ("point", ["1,234", "22,500"], [1234, 22_500]),
        ("point", ["1.234", "1,234.5"], [1.234, 1234.5]),
        ("point", ["1.234", "12.500"], [1.234, 12.5]),
    ],
)
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_sign_that_is_said_holds_in_every_column(
    tmp_path: Path, delimiter: str, decimal: Decimal, cells: list[str], values: list[float]
) -> None:
    content = f"x{delimiter}y\n" + "".join(f'"{cell}"{delimiter}"{cell}"\n' for cell in cells)
    for words in ({}, {"numbers": ("y",)}):
        found, read, reading = columns(content, tmp_path, decimal=decimal, **words)
        assert read == {"x": values, "y": values}
        assert reading.decimal == decimal
        assert not any("upload" in (column.warning or "") for column in found.values())


@pytest.mark.parametrize(("decimal", "cell"), [("comma", "12.34"), ("comma", "0.500"), ("point", "12,34"), ("point", "1.2.3")])
def test_what_is_no_number_of_that_sign_is_a_text(tmp_path: Path, decimal: Decimal, cell: str) -> None:
    found, _, _ = columns(rows(f"{cell};1", "7;2"), tmp_path, decimal=decimal)
    assert found["a"].kind == "text"


def test_what_the_warning_of_a_decimal_comma_advises_helps(tmp_path: Path) -> None:
    content = 'x,y\n"1,5",1\n"22,25",2\n'
    assert "upload the data with decimal=comma;" in (warning(content, tmp_path) or "")
    assert columns(content, tmp_path, decimal="comma")[1]["x"] == [1.5, 22.25]
    content = rows("1,234;1", "22,500;2")
    assert "upload the data with decimal=point" in (columns(content, tmp_path)[0]["a"].warning or "")
    assert columns(content, tmp_path, decimal="point")[1]["a"] == [1234, 22_500]


def test_texts_behind_chunks_of_nothing_show_their_sign() -> None:
    assert shown(pa.chunked_array([pa.array([None, None], pa.string()), pa.array(["3,5", None])])) == {"comma"}


@settings(deadline=None)
@given(st.text(" +-0123456789.,eE", max_size=12), st.sampled_from(["comma", "point"]))
def test_columns_are_numbers_where_texts_are(cell: str, decimal: Decimal) -> None:
    """Whether somebody said so or not."""
    read, found = FOUND[decimal].read(cell.strip()), numbers(pa.chunked_array([[cell]]), decimal)
    assert (found and (found.x.tolist(), found.grouped is not None)) == (read and ([read[0]], read[1]))


NUMBERS = st.lists(st.integers(-(10**10), 10**10).map(lambda x: x / 100), min_size=2, max_size=20)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(numbers=NUMBERS, is_said=st.booleans(), parts=st.booleans())
def test_numbers_are_read_as_they_were_written(tmp_path: Path, numbers: list[float], is_said: bool, parts: bool) -> None:
    """Two decimals show the sign by themselves."""
    swapped = str.maketrans(".,", ",.")
    cells = [(f"{x:,.2f}" if parts else f"{x:.2f}").translate(swapped) for x in numbers]
    content = "x;y\n" + "".join(f"{cell};a\n" for cell in cells)
    _, values, reading = columns(content, tmp_path, **({"decimal": "comma"} if is_said else {}))
    assert values["x"] == numbers
    assert reading.decimal == "comma"
