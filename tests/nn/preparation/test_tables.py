"""A stored table as rows to predict: which columns fit, and that they are read as those that a network learned from."""

from contextlib import nullcontext
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from core.data.describe import Described, boolean, bounded, ignored, number, text
from core.data.parsed import schema_of
from core.errors import InvalidData
from core.nn.preparation.column import Columns
from core.nn.preparation.features import Boolean, Category, Indicator, Number, Text
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.reading import Decimal
from core.nn.preparation.schema import Schema
from core.nn.preparation.tables import Fitting
from core.nn.preparation.targets import Target

NAN = np.nan
CITIES = ("Bern", "Oslo", "Rome")
FITTED = Preprocessing(
    (Number("age", 30.0, 7.0, 30.0), Indicator("age"), Boolean("member", 0.75), Text("city", CITIES), Category("from", CITIES)),
    (Target("score", "number"),),
)
AGE = number("age", np.array([1, 2.5, NAN]))
MEMBER = boolean("member", np.array([1, 0, 1]), np.array([False, False, True]))
CITY = text("city", np.array([0, 1, -1]), ["Oslo", "Paris"])
FROM = text("from", np.array([0, 0, 0]), ["Rome"])


def table(*columns: Described) -> tuple[Schema, Columns]:
    found = bounded(columns)
    stored = {column.name: column.array for column in found if column.array is not None}
    return schema_of(found, 3), stored


def read(*columns: Described) -> Any:
    schema, stored = table(*columns)
    fitting = Fitting(schema, FITTED, np.float32)
    assert set(fitting.names) <= set(stored)
    return FITTED.inputs(fitting.block(stored, 0, 3), np.float64)


def test_texts_that_are_missing_or_never_seen_and_missing_numbers_are_taken_as_in_training() -> None:
    expected = [
        [(1 - 30) / 7, 0, 1, 0, 1, 0, 2],
        [(2.5 - 30) / 7, 0, 0, 0, 0, 0, 2],
        [0, 1, 0.75, 0, 0, 0, 2],
    ]
    np.testing.assert_array_equal(read(AGE, MEMBER, CITY, FROM), expected)


def test_columns_that_are_not_needed_do_not_matter() -> None:
    more = [ignored("id", "too many"), number("score", np.arange(3))]
    np.testing.assert_array_equal(read(AGE, MEMBER, CITY, FROM, *more), read(AGE, MEMBER, CITY, FROM))


def test_a_column_without_any_value_is_missing_in_every_row() -> None:
    empty = [number("age", np.full(3, NAN)), ignored("member", "every value is missing", 3), text("city", np.full(3, -1), [])]
    assert {column.kind for column in empty} == {"ignored"}
    np.testing.assert_array_equal(read(*empty, FROM), [[0, 1, 0.75, 0, 0, 0, 2]] * 3)


def test_flags_and_the_numbers_0_and_1_stand_for_each_other() -> None:
    flags = boolean("age", np.array([1, 0, 1]), np.array([False, False, True]))
    x = read(flags, number("member", np.array([0, 1, NAN])), CITY, FROM)
    np.testing.assert_array_equal(x[:, :3], [[-29 / 7, 0, 0], [-30 / 7, 0, 1], [0, 1, 0.75]])


def test_a_block_is_a_part_of_the_whole() -> None:
    schema, stored = table(AGE, MEMBER, CITY, number("from", np.full(3, NAN)))
    fitting = Fitting(schema, FITTED, np.float32)
    whole = FITTED.inputs(fitting.block(stored, 0, 3), np.float64)
    np.testing.assert_array_equal(FITTED.inputs(fitting.block(stored, 1, 3), np.float64), whole[1:])


def test_rows_with_texts_that_were_never_seen_are_counted_and_the_texts_named() -> None:
    schema, stored = table(AGE, MEMBER, CITY, text("from", np.array([0, 1, 1]), ["Rome", "Ulm"]))
    fitting = Fitting(schema, FITTED, np.float32)
    parts = [fitting.unseen(stored, 0, 2), fitting.unseen(stored, 2, 3)]
    assert parts == [{"city": 1, "from": 1}, {"city": 0, "from": 1}]
    assert [(each.pointer, each.message) for each in fitting.warnings(parts[0] + parts[1])] == [
        ("/dataset", 'column "city": 1 row holds a text that training never saw ("Paris"); it counts as missing'),
        ("/dataset", 'column "from": 2 rows hold a text that training never saw ("Ulm"); it counts as missing'),
    ]


def problems(*columns: Described) -> list[str]:
    schema, _ = table(*columns)
    with pytest.raises(InvalidData) as raised:
        Fitting(schema, FITTED, np.float32)
    assert {problem.pointer for problem in raised.value.problems} == {"/dataset"}
    return [problem.message for problem in raised.value.problems]


def test_every_column_that_does_not_fit_is_told_at_once() -> None:
    found = problems(
        text("age", np.arange(3), ["a", "b", "c"]),
        number("member", np.array([0, 1, 2])),
        number("city", np.arange(3)),
        number("frm", np.arange(3)),
    )
    assert found == [
        'column "age" is text, such as "a", "b", "c"; the network learned from numbers',
        'column "member" is number with the values 0, 1, 2; the network learned from true and false',
        'column "city" is number; the network learned from texts; upload the data with texts=city',
        'there is no column "from"; near it: "frm"',
    ]


def test_cells_that_are_no_numbers_are_told_with_their_rows() -> None:
    [found] = problems(text("age", np.arange(3), ["31", "abc", "29"]), MEMBER, CITY, FROM)
    assert found == (
        'column "age" is text, though 2 of its 3 cells look like numbers; the other is "abc" in row 1; the network learned '
        "from numbers: correct these cells, or name those that mean a missing value as missing_values, and upload the data "
        "with numbers=age"
    )


def test_why_a_column_is_not_usable_is_told() -> None:
    assert problems(AGE, MEMBER, FROM, ignored("city", "10,001 different texts; 10,000 are allowed")) == [
        'column "city" is not usable: 10,001 different texts; 10,000 are allowed'
    ]


@pytest.mark.parametrize("value", [1e39, -1e39])
def test_a_number_beyond_the_range_is_told_before_any_row_is_read(value: float) -> None:
    [message] = problems(number("age", np.array([1e3, value * 7, 0])), MEMBER, CITY, FROM)
    assert message == f'column "age" holds {value * 7:g}, which leaves the range of the network\'s float32'


def test_the_same_number_fits_into_a_network_of_float64() -> None:
    schema, _ = table(number("age", np.array([1e3, 1e39, 0])), MEMBER, CITY, FROM)
    Fitting(schema, FITTED, np.float64)


@pytest.mark.parametrize(("decimal", "is_refused"), [("comma", True), ("point", False), (None, False)])
def test_points_that_may_separate_thousands_are_refused_where_those_of_the_training_data_do(
    decimal: Decimal | None, is_refused: bool
) -> None:
    more = replace(number("more", np.arange(3)), doubtful="1.5", decimal="point")
    schema, _ = table(replace(AGE, doubtful="1.204", decimal="point"), MEMBER, CITY, more, FROM)
    told = 'column "age" has points that may separate thousands, "1.204" is the first, .* upload this file with decimal=comma'
    with pytest.raises(InvalidData, match=told) if is_refused else nullcontext():
        Fitting(schema, FITTED, np.float32, decimal=decimal)


@pytest.mark.parametrize(
    ("text", "read", "learned", "told"),
    [
        ("1.204", "point", "comma", "points that may separate thousands"),
        ("1.204", "comma", "point", "points that may begin decimals"),
        ("1,204", "comma", "point", "commas that may separate thousands"),
        ("1,204", "point", "comma", "commas that may begin decimals"),
        ("1.204", "comma", "comma", None),
        ("1,204", "comma", "comma", None),
        ("1.204", "point", "point", None),
        ("1.204", "comma", None, None),
    ],
)
def test_signs_that_the_file_shows_otherwise_than_the_training_data_are_refused_where_they_may_be_either(
    text: str, read: Decimal, learned: Decimal | None, told: str | None
) -> None:
    schema, _ = table(replace(AGE, doubtful=text, decimal=read), MEMBER, CITY, FROM)
    message = f'column "age" has {told}, "{text}" is the first, .* upload this file with decimal={learned}, or where they '
    with nullcontext() if told is None else pytest.raises(InvalidData, match=message):
        Fitting(schema, FITTED, np.float32, decimal=learned)
