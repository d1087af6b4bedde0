"""Rows of a request as columns: read as a dataset of the same values is, and every mistake told with its place."""

from typing import Any

import numpy as np
import pytest

from core.data.describe import boolean, number, text
from core.errors import InvalidData
from core.nn.preparation.column import Columns
from core.nn.preparation.features import Boolean, Category, Indicator, Number, Text
from core.nn.preparation.names import exact
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.rows import MAX_PROBLEMS, columns_of, fields_of
from core.nn.preparation.targets import Target

CITIES = ("Bern", "Oslo", "Rome")
FITTED = Preprocessing(
    (
        Number("age", 30.0, 7.0, 30.0),
        Indicator("age"),
        Boolean("member", 0.75),
        Text("city", CITIES),
        Category("from", CITIES),
    ),
    (Target("score", "number"),),
)
FIELDS = fields_of(FITTED)


def problems(rows: Any) -> dict[str, str]:
    with pytest.raises(InvalidData) as raised:
        columns_of(rows, FIELDS)
    return {problem.pointer: problem.message for problem in raised.value.problems}


def row(**changes: Any) -> dict[str, Any]:
    return {"age": 41, "member": True, "city": "Oslo", "from": "Rome", **changes}


def stored() -> Columns:
    """The same values as below, as a dataset keeps them."""
    codes = np.array([1, 0, -1, -1], np.int32)
    columns = (
        number("age", np.array([41, 12.5, np.nan, 1e20])),
        boolean("member", np.array([1, 0, 0, 1]), np.array([False, False, True, False])),
        text("city", codes, CITIES),
        text("from", np.array([2, 0, -1, -1]), CITIES),
    )
    assert columns[2].array is not None
    arrays = {column.name: column.array for column in columns if column.array is not None}
    return {**arrays, "city": codes, "from": np.array([2, 0, -1, -1], np.int32)}


ROWS: list[dict[str, Any]] = [
    row(),
    row(**{"age": 12.5, "member": False, "city": "Bern", "from": "Bern"}),
    row(**{"age": None, "member": None, "city": None, "from": None}),
    row(**{"age": 10**20, "member": 1, "city": "Paris", "from": ""}),
]


def test_rows_become_the_inputs_of_a_dataset_of_the_same_values() -> None:
    x = FITTED.inputs(columns_of(ROWS, FIELDS), np.float64)
    np.testing.assert_array_equal(x, FITTED.inputs(stored(), np.float64))
    np.testing.assert_array_equal(x[2], [0, 1, 0.75, 0, 0, 0, 3])


def test_a_row_may_be_a_list_in_the_order_of_the_features() -> None:
    assert [field.name for field in FIELDS] == ["age", "member", "city", "from"]
    mixed: list[Any] = [list(each.values()) if i % 2 else each for i, each in enumerate(ROWS)]
    np.testing.assert_array_equal(
        FITTED.inputs(columns_of(mixed, FIELDS), np.float64), FITTED.inputs(columns_of(ROWS, FIELDS), np.float64)
    )


def test_columns_that_the_network_does_not_need_are_ignored() -> None:
    assert set(columns_of([row(id="x", score=[1])], FIELDS)) == {"age", "member", "city", "from"}


def test_a_value_is_told_as_it_was_sent() -> None:
    for value, told in (("dreißig", "dreißig"), ("a\nb", r"a\nb"), ("\ud800", r"\ud800"), ("ß" * 70, "ß" * 59 + "…")):
        assert f'column "age" is "{told}"; a finite' in problems([row(age=value)])["/rows/0/age"]


def test_every_mistake_of_every_row_is_told_at_once() -> None:
    found = problems([row(), row(age="old", member="yes"), 7, row(city=4), ["a", None, None], row(member=2, age=10**400)])
    assert found == {
        "/rows/1/age": 'rows[1]: column "age" is "old"; a finite number is expected, or null where it is missing',
        "/rows/1/member": 'rows[1]: column "member" is "yes"; true or false is expected, or null where it is missing',
        "/rows/2": "rows[2] is 7; an object {column: value, …} or a list is expected",
        "/rows/3/city": 'rows[3]: column "city" is 4; a text is expected, or null where it is missing',
        "/rows/4": 'rows[4] has 3 values; 4 are expected, of the columns "age", "member", "city", "from"',
        "/rows/5/age": 'rows[5]: column "age" is an integer of many digits; a finite number is expected, '
        "or null where it is missing",
        "/rows/5/member": 'rows[5]: column "member" is 2; true or false is expected, or null where it is missing',
    }


@pytest.mark.parametrize("value", [[], {}, "", float("inf")])
def test_what_is_no_number_is_refused(value: Any) -> None:
    assert list(problems([row(age=value)])) == ["/rows/0/age"]


def test_a_column_that_is_left_out_is_named_with_what_may_be_meant() -> None:
    short = {name: value for name, value in row().items() if name != "city"}
    found = problems([row(), {**short, "citty": "Oslo"}])
    assert list(found) == ["/rows/1/city"]
    assert found["/rows/1/city"].startswith('rows[1]: there is no column "city"; near it: "citty"')


def test_a_pointer_escapes_the_name() -> None:
    fitted = Preprocessing((Number("a/b~c", 0, 1, 0),), FITTED.outputs)
    with pytest.raises(InvalidData) as raised:
        columns_of([{"a/b~c": "x"}], fields_of(fitted))
    assert raised.value.problems[0].pointer == "/rows/0/a~1b~0c"


@pytest.mark.parametrize("rows", [[], {}, None, "x", 3])
def test_what_is_no_list_of_rows_is_refused(rows: Any) -> None:
    assert list(problems(rows)) == ["/rows"]


def test_mistakes_far_apart_are_all_told() -> None:
    rows: list[Any] = [row() for _ in range(2000)]
    wrong = (0, 255, 256, 777, 1999)
    for i in wrong:
        rows[i] = row(age="old")
    assert list(problems(rows)) == [f"/rows/{i}/age" for i in wrong]


def test_no_more_problems_are_listed_than_anyone_reads() -> None:
    assert len(problems([{}] * 1000)) == MAX_PROBLEMS


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (9.0, "9"),
        (100000.5, "100000.5"),
        (1234567.0, "1234567.0"),
        (np.float32(0.1), "0.1"),
        (1e300, "1e+300"),
        (np.nan, "nan"),
    ],
)
def test_a_number_is_told_apart_from_its_neighbours(number: Any, text: str) -> None:
    assert exact(np.float64(number) if isinstance(number, float) else number) == text
