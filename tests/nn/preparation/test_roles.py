from dataclasses import replace
from typing import Any

import pytest

from core.nn.preparation.choice import MAX_PROBLEMS, problems
from core.nn.preparation.column import Column, NumberLike
from core.nn.preparation.roles import classes, feature_columns, inputs, left_out, target_width
from core.nn.preparation.schema import Schema
from core.nn.spec import AnyLoss, BinaryCrossEntropy, DataSpec, MeanSquaredError, Poisson, SoftmaxCrossEntropy

SCHEMA = Schema(
    rows=150,
    columns=(
        Column(name="age", kind="number", distinct=90),
        Column(name="height", kind="number", missing=3, distinct=80),
        Column(name="city", kind="text", distinct=3, values=("Bern", "Oslo", "Rome")),
        Column(name="member", kind="boolean", distinct=2, values=(False, True)),
        Column(name="grade", kind="number", distinct=2, values=(1, 2)),
        Column(name="answer", kind="text", distinct=2, values=("no", "yes")),
        Column(name="constant", kind="text", distinct=1, values=("x",)),
        Column(name="born", kind="ignored", reason="dates"),
        Column(name="flag", kind="number", distinct=2, values=(0, 1)),
        Column(name="score", kind="number", min=-2.5),
    ),
)


def found(data: DataSpec, loss: AnyLoss) -> list[tuple[str, str]]:
    return [(problem.pointer, problem.message) for problem in problems(SCHEMA, data, loss)]


def test_features_default_to_every_usable_column_but_the_targets() -> None:
    names = [column.name for column in feature_columns(SCHEMA, DataSpec(target=("age", "flag")))]
    assert names == ["height", "city", "member", "grade", "answer", "constant", "score"]


def test_a_text_column_is_as_wide_as_it_has_values() -> None:
    data = DataSpec(target="age", features=("city", "height", "member"))
    assert [column.name for column in feature_columns(SCHEMA, data)] == ["city", "height", "member"]
    assert inputs(SCHEMA, data).width == 3 + 1 + 1


NAMES = Column(name="name", kind="text", values=tuple(f"name {i}" for i in range(60)))


@pytest.mark.parametrize(
    ("rows", "fields", "found"),
    [
        (599, {}, {"name"}),
        (600, {}, set()),
        (599, {"features": ("name",)}, set()),
        (599, {"categories": "embedding"}, set()),
        (599, {"target": ("age", "name")}, set()),
    ],
)
def test_texts_that_hardly_repeat_are_left_out_unless_they_are_named(rows: int, fields: Any, found: set[str]) -> None:
    schema = Schema(rows=rows, columns=(*SCHEMA.columns, NAMES))
    assert left_out(schema, DataSpec(**{"target": "age", **fields})) == found


@pytest.mark.parametrize(
    ("texts", "rows", "missing", "is_left_out"),
    [(3, 3, 0, True), (2, 2, 0, False), (12, 12, 0, True), (11, 12, 0, False), (11, 12, 1, True), (40, 900, 860, True)],
)
def test_texts_that_differ_in_every_row_are_left_out_however_few_they_are(
    texts: int, rows: int, missing: int, is_left_out: bool
) -> None:
    some = replace(NAMES, values=tuple(f"name {i}" for i in range(texts)), missing=missing)
    schema = Schema(rows=rows, columns=(SCHEMA.column("age"), SCHEMA.column("member"), some))
    assert left_out(schema, DataSpec(target="age")) == ({"name"} if is_left_out else set())


NUMBER = Column(name="number", kind="number", numbering="rising")


@pytest.mark.parametrize("fields", [{}, {"categories": "embedding"}])
def test_numbers_of_the_rows_are_left_out_unless_they_are_named(fields: Any) -> None:
    schema = Schema(rows=150, columns=(*SCHEMA.columns, NUMBER))
    assert left_out(schema, DataSpec(target="age", **fields)) == {"number"}
    assert left_out(schema, DataSpec(target="age", features=("number",), **fields)) == set()
    assert left_out(schema, DataSpec(target="number", **fields)) == set()


def test_where_only_columns_that_tell_rows_apart_are_left_the_numbers_among_them_are_taken() -> None:
    age = SCHEMA.column("age")
    assert left_out(Schema(rows=90, columns=(age, NUMBER)), DataSpec(target="age")) == set()
    both = Schema(rows=90, columns=(age, NUMBER, NAMES))
    assert left_out(both, DataSpec(target="age")) == {"name"}
    assert left_out(both, DataSpec(target="age", categories="embedding")) == {"number"}


def test_texts_that_hardly_repeat_are_taken_where_nothing_else_is_left_and_kept_to_be_refused_where_they_are_misread() -> None:
    age = SCHEMA.column("age")
    assert left_out(Schema(rows=90, columns=(age, NAMES)), DataSpec(target="age")) == set()
    misread = replace(NAMES, number_like=NumberLike(89, 90, 1))
    city = SCHEMA.column("city")
    assert left_out(Schema(rows=90, columns=(age, city, misread)), DataSpec(target="age")) == set()


def test_an_indicator_is_one_more_input_for_each_number_or_boolean_that_misses_values() -> None:
    data = DataSpec(target="age", features=("height", "member", "city"), missing="indicator")
    assert inputs(SCHEMA, data).width == (1 + 1) + 1 + 3


def test_a_code_is_one_input_whose_vocabulary_has_a_place_for_what_is_missing_or_unseen() -> None:
    data = DataSpec(target="age", features=("height", "city", "member", "answer"), missing="indicator", categories="embedding")
    assert inputs(SCHEMA, data).width == 2 + 1 + 1 + 1
    assert inputs(SCHEMA, data).categories == {2: 4, 4: 3}
    assert inputs(SCHEMA, DataSpec(target="age")).categories == {}


@pytest.mark.parametrize("loss", [SoftmaxCrossEntropy(), BinaryCrossEntropy()])
@pytest.mark.parametrize("scaling", ["standard", "min_max"])
def test_targets_that_must_stay_as_they_are_cannot_be_scaled(loss: AnyLoss, scaling: Any) -> None:
    [(pointer, message)] = found(DataSpec(target="answer", target_scaling=scaling), loss)
    assert pointer == "/dataset/target_scaling"
    assert message == f'target_scaling is "{scaling}"; {loss.type} needs its targets as they are: "none", or "auto"'
    assert found(DataSpec(target="answer", target_scaling="none"), loss) == []
    assert found(DataSpec(target="age", target_scaling=scaling), MeanSquaredError()) == []


@pytest.mark.parametrize(
    ("target", "loss", "width", "labels"),
    [
        ("city", SoftmaxCrossEntropy(), 3, ("Bern", "Oslo", "Rome")),
        ("member", SoftmaxCrossEntropy(), 2, (False, True)),
        (("flag", "member"), SoftmaxCrossEntropy(), 2, ("flag", "member")),
        ("answer", BinaryCrossEntropy(), 1, ("no", "yes")),
        ("grade", BinaryCrossEntropy(), 1, (1, 2)),
        (("flag", "member"), BinaryCrossEntropy(), 2, None),
        ("age", MeanSquaredError(), 1, None),
        (("age", "flag"), MeanSquaredError(), 2, None),
    ],
)
def test_the_targets_decide_the_outputs(
    target: str | tuple[str, ...], loss: AnyLoss, width: int, labels: tuple[object, ...] | None
) -> None:
    data = DataSpec(target=target)
    assert problems(SCHEMA, data, loss) == []
    assert target_width(SCHEMA, data, loss) == width
    assert classes(SCHEMA, data, loss) == labels


@pytest.mark.parametrize(
    ("missing", "rows", "line", "where"),
    [
        (1, (317,), 2, "in row 317 (line 319 of the file)"),
        (1, (317,), None, "in row 317"),
        (3, (0, 5, 7), 1, "in rows 0, 5, 7 (lines 1, 6, 8 of the file)"),
        (9, (0, 5, 7, 8, 9), 2, "in rows 0, 5, 7, 8, 9, … (lines 2, 7, 9, 10, 11, … of the file)"),
    ],
)
def test_missing_targets_are_counted_and_the_first_rows_and_lines_named(
    missing: int, rows: tuple[int, ...], line: int | None, where: str
) -> None:
    column = Column(name="price", kind="number", missing=missing, missing_rows=rows)
    schema = Schema(rows=1000, columns=(column, *SCHEMA.columns), first_line=line)
    [problem] = problems(schema, DataSpec(target="price"), MeanSquaredError())
    assert problem.message == (
        f'column "price" misses {missing} of 1,000 values, {where}; a target must have all of them: fill them in, or leave '
        "these rows out"
    )


@pytest.mark.parametrize(
    ("target", "loss", "words"),
    [
        ("ages", MeanSquaredError(), ['no column "ages"', '"age"']),
        ("born", MeanSquaredError(), ['"born" is not usable', "dates"]),
        ("city", MeanSquaredError(), ['"city" is text', "mean_squared_error needs numbers"]),
        ("height", MeanSquaredError(), ['"height" misses 3 of 150']),
        (
            "age",
            SoftmaxCrossEntropy(),
            [
                '"age" has 90 different numbers',
                "1000 numbers or 10000 texts",
                "90 distinct values in 150 rows look like a quantity",
            ],
        ),
        ("score", SoftmaxCrossEntropy(), ["more than 1000 distinct values in 150 rows", "mean_squared_error with 1 unit"]),
        ("constant", SoftmaxCrossEntropy(), ["one value only", "at least 2 classes"]),
        ("score", Poisson(), ['"score" goes down to -2.5', "poisson needs counts", "from 0 on"]),
        ("city", Poisson(), ['"city" is text', "poisson needs numbers"]),
        ("age", BinaryCrossEntropy(), ['"age" has too many different values', "exactly two values"]),
        ("constant", BinaryCrossEntropy(), ["one value only", "at least 2 classes"]),
        ("city", BinaryCrossEntropy(), ['"Bern", "Oslo", "Rome"', "exactly two values"]),
    ],
)
def test_an_unfit_target_is_named_with_what_is_allowed(target: str, loss: AnyLoss, words: list[str]) -> None:
    [(pointer, message)] = found(DataSpec(target=target), loss)
    assert pointer == "/dataset/target"
    for word in words:
        assert word in message


def test_a_column_that_is_ignored_for_its_texts_says_what_they_look_like() -> None:
    reason, warning = "12000 different texts; 10000 are allowed", "looks like dates (DD.MM.YYYY)"
    schema = Schema(rows=2, columns=(Column(name="x", kind="ignored", reason=reason, warning=warning),))
    problem = problems(schema, DataSpec(target="x"), MeanSquaredError())[0]
    assert problem.message == f'column "x" is not usable: {reason} ({warning})'


def test_every_problem_is_found_at_once_each_with_its_pointer() -> None:
    data = DataSpec(target=("age", "age", "answer"), features=("city", "agee", "born", "age", "city"))
    messages = dict(found(data, MeanSquaredError()))
    assert list(messages) == [
        "/dataset/target/1",
        "/dataset/target/2",
        "/dataset/features/1",
        "/dataset/features/2",
        "/dataset/features/3",
        "/dataset/features/4",
    ]
    assert "twice as a target" in messages["/dataset/target/1"]
    assert 'near it: "age"' in messages["/dataset/features/1"]
    assert "is the target" in messages["/dataset/features/3"]
    assert "twice among the features" in messages["/dataset/features/4"]


def test_one_hot_targets_must_be_zeros_and_ones() -> None:
    assert [pointer for pointer, _ in found(DataSpec(target=("flag", "grade")), SoftmaxCrossEntropy())] == ["/dataset/target/1"]


@pytest.mark.parametrize(
    ("data", "pointer"),
    [
        (DataSpec(target=()), "/dataset/target"),
        (DataSpec(target="age", features=()), "/dataset/features"),
    ],
)
def test_empty_lists_are_refused(data: DataSpec, pointer: str) -> None:
    assert [at for at, _ in found(data, MeanSquaredError())] == [pointer]


def test_a_table_without_anything_beside_the_target_is_refused() -> None:
    schema = Schema(rows=2, columns=(Column(name="y", kind="number", values=(0, 1), distinct=2),))
    assert [problem.pointer for problem in problems(schema, DataSpec(target="y"), MeanSquaredError())] == ["/dataset/features"]


def test_twenty_thousand_unknown_names_cost_little_and_give_a_bounded_answer() -> None:
    data = DataSpec(target="age", features=tuple(f"column {i}" for i in range(20_000)))
    assert len(problems(SCHEMA, data, MeanSquaredError())) == MAX_PROBLEMS


def test_a_schema_comes_back_from_json_as_it_was() -> None:
    assert Schema.model_validate_json(SCHEMA.model_dump_json()) == SCHEMA
    [kept] = {tuple(map(type, Schema.model_validate_json(SCHEMA.model_dump_json()).column("member").values or ()))}
    assert kept == (bool, bool)


def test_floats_that_a_database_turned_into_integers_become_floats_again() -> None:
    assert list(map(type, Column(name="x", kind="number", values=(1, 2.5)).values or ())) == [float, float]
