"""What is wrong with the rows to validate on, by the schemas alone."""

from dataclasses import replace
from typing import Any

import pytest

from core.nn.preparation.choice import MAX_PROBLEMS
from core.nn.preparation.column import Column
from core.nn.preparation.reading import Reading
from core.nn.preparation.schema import Schema
from core.nn.preparation.validation import data_problems, row_counts, row_problems, stratifies
from core.nn.spec import DataSpec, TrainingSpec

SCHEMA = Schema(
    rows=10,
    columns=(
        Column(name="x", kind="number", distinct=9, min=-1, max=5),
        Column(name="city", kind="text", distinct=2, values=("Bern", "Oslo")),
        Column(name="flag", kind="boolean", distinct=2, values=(False, True)),
        Column(name="digit", kind="number", distinct=3, values=(1, 2, 3), min=1, max=3),
        Column(name="w", kind="number", distinct=3, min=0, max=3),
    ),
)
AT = "/training/validation"


def training(loss: str = "mean_squared_error", **validation: Any) -> TrainingSpec:
    return TrainingSpec.model_validate({"loss": loss, "validation": validation or None})


def changed(name: str, **fields: Any) -> Schema:
    columns = tuple(replace(column, **fields) if column.name == name else column for column in SCHEMA.columns)
    return Schema(rows=SCHEMA.rows, columns=columns)


def found(other: Schema | None = None, loss: str = "mean_squared_error", target: str = "x", **data: Any) -> dict[str, str]:
    spec = DataSpec(target=target, **data)
    problems = data_problems(training(loss, dataset="ds_1"), spec, SCHEMA, other or SCHEMA)
    return {problem.pointer: problem.message for problem in problems}


@pytest.mark.parametrize(
    ("validation", "counts"),
    [({}, (10, 0)), ({"fraction": 0.3}, (7, 3)), ({"rows": [0, 9]}, (8, 2)), ({"dataset": "ds_1"}, (10, 4))],
)
def test_every_way_has_its_numbers_of_rows(validation: dict[str, Any], counts: tuple[int, int]) -> None:
    other = Schema(rows=4, columns=SCHEMA.columns) if "dataset" in validation else None
    assert row_counts(training(**validation), SCHEMA, other) == counts


def test_rows_are_there_once_and_not_all() -> None:
    messages = {problem.pointer: problem.message for problem in row_problems(training(rows=[0, 10, 5, 0]), SCHEMA)}
    assert messages == {
        f"{AT}/rows/1": "row 10 is not there; the dataset's 10 rows are 0 to 9",
        f"{AT}/rows/3": "row 0 is named twice",
    }
    assert row_problems(training(rows=list(range(9))), SCHEMA) == []
    [problem] = row_problems(training(rows=list(range(10))), SCHEMA)
    assert (problem.pointer, problem.message[:24]) == (f"{AT}/rows", "rows names all of the da")


def test_a_hundred_thousand_wrong_rows_give_a_bounded_answer() -> None:
    assert len(row_problems(training(rows=list(range(100, 100_100))), SCHEMA)) == MAX_PROBLEMS


@pytest.mark.parametrize(
    ("loss", "target", "stratify", "expected"),
    [
        ("softmax_cross_entropy", "city", None, True),
        ("softmax_cross_entropy", "city", False, False),
        ("binary_cross_entropy", "flag", None, True),
        ("mean_squared_error", "x", None, False),
    ],
)
def test_classes_are_drawn_alike_unless_it_is_not_wanted(loss: str, target: str, stratify: bool | None, expected: bool) -> None:
    spec = training(loss, fraction=0.2, stratify=stratify)
    assert stratifies(spec, SCHEMA, DataSpec(target=target)) == expected
    assert data_problems(spec, DataSpec(target=target), SCHEMA, None) == []


def test_where_there_are_no_classes_none_can_be_drawn_alike() -> None:
    [problem] = data_problems(training(fraction=0.2, stratify=True), DataSpec(target="x"), SCHEMA, None)
    assert problem.pointer == f"{AT}/stratify"
    assert problem.message == "stratify is true, but there are no classes to draw from: mean_squared_error has none here"


def test_data_of_the_same_columns_are_accepted_whatever_their_texts() -> None:
    assert found() == {}
    assert found(changed("city", values=("Paris", "Rome"))) == {}
    assert found(changed("x", missing=3, kind="ignored"), target="digit", features=("flag",)) == {}
    assert found(loss="softmax_cross_entropy", target="city", weight="w") == {}


@pytest.mark.parametrize(
    ("other", "choice", "message"),
    [
        (Schema(rows=3, columns=SCHEMA.columns[1:]), {}, 'there is no column "x"; the columns are "city"'),
        (changed("x", kind="text"), {}, 'column "x" is text in the validation data, number in the training data'),
        (
            changed("city", kind="ignored", reason="every value is missing"),
            {},
            'column "city" is not usable: every value is missing',
        ),
        (changed("x", missing=2), {}, 'column "x" misses 2 of 10 values; a target must have all of them'),
        (changed("x", min=-1), {"loss": "poisson", "target": "x"}, 'column "x" goes down to -1; poisson needs counts'),
        (
            changed("city", values=("Bern", "Rome")),
            {"loss": "softmax_cross_entropy", "target": "city"},
            'column "city" holds "Rome", a class that the training data do not know',
        ),
        (
            changed("digit", values=(0, 1, 2, 9)),
            {"loss": "softmax_cross_entropy", "target": "digit"},
            'column "digit" holds 0, 9, classes that the training data do not know',
        ),
        (
            changed("digit", values=None),
            {"loss": "softmax_cross_entropy", "target": "digit"},
            'column "digit" has more than 1000 different numbers; the training data know 3 classes',
        ),
        (changed("w", max=0), {"weight": "w"}, 'column "w" is 0 in every row; at least one row must count'),
    ],
)
def test_a_column_that_does_not_fit_is_named(other: Schema, choice: dict[str, Any], message: str) -> None:
    [(pointer, told)] = found(other, **choice).items()
    assert pointer == f"{AT}/dataset"
    assert told.startswith(f"validation data: {message}")


def test_points_that_may_separate_thousands_are_refused_where_those_of_the_training_data_do() -> None:
    doubtful, comma = changed("x", doubtful="1.204"), SCHEMA.model_copy(update={"reading": Reading(decimal="comma")})
    assert data_problems(training(dataset="ds_1"), DataSpec(target="x"), SCHEMA, doubtful) == []
    [problem] = data_problems(training(dataset="ds_1"), DataSpec(target="x"), comma, doubtful)
    assert problem.pointer == f"{AT}/dataset"
    assert "upload this file with decimal=comma" in problem.message


def test_lists_of_another_form_are_pointed_at() -> None:
    def lists(*names: str) -> Schema:
        return Schema(rows=4, columns=tuple(Column(name=name, kind="number") for name in names))

    spec = training(inputs=[[1]], targets=[1])
    ours = lists("input0", "input1", "target", "weight")
    problems = data_problems(spec, DataSpec(target="target", weight="weight"), ours, lists("input0", "target0", "target1"))
    assert {problem.pointer: problem.message for problem in problems} == {
        f"{AT}/inputs": "validation.inputs holds rows of 1, the dataset's inputs rows of 2; they must be alike",
        f"{AT}/targets": "validation.targets holds rows of 2, the dataset's targets values; they must be alike",
        f"{AT}/weights": "validation.weights holds nothing, the dataset's weights values; they must be alike",
    }
