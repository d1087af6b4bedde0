from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.inline import MAX_PROBLEMS, inline_table
from core.data.table import read_columns
from core.errors import InvalidSpec

XOR = [[0, 0], [0, 1], [1, 0], [1, 1]]


def refused(inputs: Any, targets: Any, into: Path) -> dict[str, str]:
    with pytest.raises(InvalidSpec) as caught:
        inline_table(inputs, targets, into / "table")
    assert not (into / "table").exists()
    return {problem.pointer: problem.message for problem in caught.value.problems}


def test_rows_and_numbers_become_a_table(tmp_path: Path) -> None:
    parsed = inline_table(XOR, [0, 1, 1, 0], tmp_path / "table")
    assert [column.name for column in parsed.schema.columns] == ["input0", "input1", "target"]
    assert parsed.schema.rows == 4
    assert parsed.preview[1] == {"input0": 0, "input1": 1, "target": 1}
    table = read_columns(tmp_path / "table", ["input1", "target"])
    np.testing.assert_array_equal(table["input1"], [0, 1, 0, 1])
    np.testing.assert_array_equal(table["target"], [0, 1, 1, 0])


@pytest.mark.parametrize(
    ("targets", "kind", "values", "stored"),
    [
        ([0.5, -1.5], "number", (-1.5, 0.5), [0.5, -1.5]),
        ([True, False], "boolean", (False, True), [1, 0]),
        (["yes", "no"], "text", ("no", "yes"), [1, 0]),
        ([2, True], "number", (1, 2), [2, 1]),
    ],
)
def test_targets_may_be_numbers_booleans_or_texts(
    tmp_path: Path, targets: list[Any], kind: str, values: tuple[Any, ...], stored: list[float]
) -> None:
    parsed = inline_table([[1], [2]], targets, tmp_path / "table")
    column = parsed.schema.column("target")
    assert (column.kind, column.values) == (kind, values)
    np.testing.assert_array_equal(read_columns(tmp_path / "table", ["target"])["target"], stored)


def test_integers_that_float64_cannot_tell_apart_stay_apart(tmp_path: Path) -> None:
    labels = [2**53, 2**53 + 1, -(2**63), 2**63 - 1]
    parsed = inline_table([[0]] * 4, labels, tmp_path / "table")
    assert parsed.schema.column("target").values == tuple(sorted(labels))
    assert read_columns(tmp_path / "table", ["target"])["target"].tolist() == labels


def test_weights_become_a_column_of_their_own(tmp_path: Path) -> None:
    parsed = inline_table(XOR, [0, 1, 1, 0], tmp_path / "table", [1, 0.5, 0, True])
    assert [column.name for column in parsed.schema.columns] == ["input0", "input1", "target", "weight"]
    np.testing.assert_array_equal(read_columns(tmp_path / "table", ["weight"])["weight"], [1, 0.5, 0, 1])


@pytest.mark.parametrize(
    ("weights", "pointer", "message"),
    [
        ([1, 2], "/dataset/weights", "weights has 2 rows, inputs has 4; they must be equal"),
        ([], "/dataset/weights", "an empty list is given; a list of numbers is expected, one for each row"),
        ([1, "2", 3, 4], "/dataset/weights/1", '"2" is given; a number is expected'),
        ([[1], [2], [3], [4]], "/dataset/weights/0", "a list is given; a number is expected"),
    ],
)
def test_weights_that_are_none_are_pointed_at(tmp_path: Path, weights: Any, pointer: str, message: str) -> None:
    with pytest.raises(InvalidSpec) as caught:
        inline_table(XOR, [0, 1, 1, 0], tmp_path / "table", weights)
    first = caught.value.problems[0]
    assert (first.pointer, first.message) == (pointer, message)


def test_targets_may_be_rows(tmp_path: Path) -> None:
    parsed = inline_table([[1], [2]], [[1, 0], [0, 1]], tmp_path / "table")
    assert [column.name for column in parsed.schema.columns] == ["input0", "target0", "target1"]


def test_every_problem_has_its_pointer(tmp_path: Path) -> None:
    inputs = [[0, 1], [2], [3, "four"], None, [float("nan"), 10**400], [0, 1, 2]]
    messages = refused(inputs, ["a", "b", 3, "\0", "\ud800", "c"], tmp_path)
    assert messages == {
        "/dataset/inputs/1": "the row has 1 numbers, the first row has 2; all must be equal",
        "/dataset/inputs/2/1": '"four" is given; a number is expected',
        "/dataset/inputs/3": "null is given; a row, that is a list of numbers, is expected",
        "/dataset/inputs/4/0": "nan is given; a finite float64 number is expected",
        "/dataset/inputs/4/1": "an integer of too many digits is given; a finite float64 number is expected",
        "/dataset/inputs/5": "the row has 3 numbers, the first row has 2; all must be equal",
        "/dataset/targets/2": "3 is given; the first target is a text, so all must be texts",
        "/dataset/targets/3": "the text has a NUL character, which cannot be stored",
        "/dataset/targets/4": "the text has half a surrogate pair, which cannot be stored",
    }


@pytest.mark.parametrize(
    ("inputs", "targets", "pointer"),
    [
        ([], [], "/dataset/inputs"),
        ("text", [1], "/dataset/inputs"),
        (None, [1], "/dataset/inputs"),
        ({"a": 1}, [1], "/dataset/inputs"),
        ([[]], [1], "/dataset/inputs/0"),
        ([1, 2], [1, 2], "/dataset/inputs/0"),
        ([[1]], None, "/dataset/targets"),
        ([[1]], [], "/dataset/targets"),
        ([[1]], {}, "/dataset/targets"),
        ([[1]], [None], "/dataset/targets/0"),
        ([[1]], [[{}]], "/dataset/targets/0/0"),
        ([[1], [2]], [1], "/dataset/targets"),
        ([[[1]]], [1], "/dataset/inputs/0/0"),
        ([[1e308 * 10]], [1], "/dataset/inputs/0/0"),
    ],
)
def test_other_shapes_are_refused(tmp_path: Path, inputs: Any, targets: Any, pointer: str) -> None:
    assert pointer in refused(inputs, targets, tmp_path)


def test_the_list_of_problems_is_bounded(tmp_path: Path) -> None:
    assert len(refused([["x"] * 100] * 100, ["a"] * 100, tmp_path)) == MAX_PROBLEMS


def test_numbers_whose_sum_overflows_are_taken(tmp_path: Path) -> None:
    parsed = inline_table([[1.7e308, 1.7e308], [-1.7e308, 0]], [1, 2], tmp_path / "table")
    column = parsed.schema.column("input0")
    assert (column.mean, column.deviation) == (0.0, 1.7e308)


def test_one_long_text_among_many_short_ones_costs_its_own_length_only(tmp_path: Path) -> None:
    parsed = inline_table([[i] for i in range(20_000)], ["a"] * 19_999 + ["b" * 1_000_000], tmp_path / "table")
    assert parsed.schema.column("target").distinct == 2
    assert len(parsed.preview[0]) == 2
