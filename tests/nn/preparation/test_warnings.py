"""What a client probably did not mean about the choice of columns."""

from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from core.nn.preparation.choice import problems
from core.nn.preparation.column import Cell, Column, NumberLike
from core.nn.preparation.schema import Schema
from core.nn.preparation.warnings import MAX_WARNINGS, disguise, warnings
from core.nn.spec import AnyLoss, DataSpec
from core.nn.spec.losses import MeanSquaredError, SoftmaxCrossEntropy

TEXTS = tuple(sorted([*(f"{i}.5" for i in range(299)), "12,5x"]))
PRICE = Column(
    name="price",
    kind="text",
    distinct=300,
    values=TEXTS,
    number_like=NumberLike(cells=299, of=300, strange=1, examples=(Cell(56, "12,5x"),)),
)
SIZE = Column(name="size", kind="number")
NAME = Column(
    name="name",
    kind="text",
    distinct=300,
    values=tuple(f"name {i}" for i in range(300)),
    warning="300 distinct texts in 300 rows: as a feature it becomes 300 inputs",
)
KIND = Column(name="kind", kind="text", distinct=2, values=("a", "b"))
SAID = 'column "price" is text, though 299 of its 300 cells look like numbers; the other is "12,5x" in row 56'


def warned(*columns: Column, loss: AnyLoss | None = None, rows: int = 300, **data: Any) -> list[tuple[str, str]]:
    found = warnings(Schema(rows=rows, columns=columns), DataSpec(**data), loss or MeanSquaredError())
    return [(warning.pointer, warning.message) for warning in found]


REMEDY = (
    "correct these cells, or name those that mean a missing value as missing_values, and upload the data with numbers=price, "
    "and it is one input; if texts are meant, say texts=price; if it is no feature, leave it out of features"
)


def test_a_feature_of_numbers_with_a_text_that_would_become_many_inputs_is_refused_with_the_cell_and_its_row() -> None:
    schema = Schema(rows=300, columns=(SIZE, KIND, PRICE))
    [default] = problems(schema, DataSpec(target="size"), MeanSquaredError())
    told = f"{SAID}; as a feature it would become 300 inputs: {REMEDY}"
    assert (default.pointer, default.message) == ("/dataset/features", told)
    [named] = problems(schema, DataSpec(target="size", features=("kind", "price")), MeanSquaredError())
    assert (named.pointer, named.message) == ("/dataset/features/1", told)
    assert problems(schema, DataSpec(target="size", features=("kind",)), MeanSquaredError()) == []
    assert problems(schema, DataSpec(target="size", categories="embedding"), MeanSquaredError()) == []


@pytest.mark.parametrize(
    ("cells", "strange", "count", "is_refused"),
    [(151, 1, 21, True), (151, 0, 21, False), (150, 1, 21, False), (299, 1, 20, False)],
)
def test_where_most_cells_are_texts_or_few_inputs_come_of_them_or_all_are_sent_as_texts_a_warning_does(
    cells: int, strange: int, count: int, is_refused: bool
) -> None:
    column = replace(PRICE, values=TEXTS[:count], number_like=NumberLike(cells, 300, strange, (Cell(56, "12,5x"),)))
    schema = Schema(rows=300, columns=(column, SIZE))
    assert bool(problems(schema, DataSpec(target="size"), MeanSquaredError())) == is_refused
    assert len(warned(column, SIZE, target="size")) == 1


@pytest.mark.parametrize(
    ("like", "told"),
    [
        (
            NumberLike(593, 595, 595, (Cell(3, "k.A."), Cell(9, "k.A."), Cell(0, "1,5"))),
            '593 of its 595 cells look like numbers, such as "1,5" in row 0, …; '
            'the 2 others are "k.A." in row 3, "k.A." in row 9',
        ),
        (
            NumberLike(295, 300, 5, (Cell(3, "a"), Cell(9, "b"), Cell(20, "c"))),
            '295 of its 300 cells look like numbers; the 5 others are "a" in row 3, "b" in row 9, "c" in row 20, …',
        ),
        (
            NumberLike(296, 300, 5, (Cell(3, "a"), Cell(9, "b"), Cell(20, "c"))),
            'look like numbers, 1 of which is written otherwise than 12.5; the 4 others are "a" in row 3, "b" in row 9, '
            '"c" in row 20, …',
        ),
        (
            NumberLike(300, 300, 1, (Cell(0, "$5"),)),
            'all of its 300 cells look like numbers, 1 of which is written otherwise than 12.5: "$5" in row 0',
        ),
    ],
)
def test_cells_that_are_no_numbers_are_told_from_numbers_that_are_written_otherwise(like: NumberLike, told: str) -> None:
    assert told in (disguise(replace(PRICE, number_like=like), Schema(rows=600, columns=(PRICE,))) or "")


def test_codes_of_numbers_with_a_text_are_warned_of_too() -> None:
    [(_, told)] = warned(PRICE, NAME, SIZE, target="size", categories="embedding", features=("price",))
    assert told.startswith(f"{SAID}; they become codes for an embedding;")


def test_a_target_of_numbers_with_a_text_is_said_to_be_classes() -> None:
    remedy = "correct these cells or leave their rows out, and upload the data with numbers=price, and numbers are learned"
    told = f"{SAID}; each of its 300 texts is a class; {remedy}"
    assert warned(PRICE, SIZE, target="price", loss=SoftmaxCrossEntropy()) == [("/dataset/target", told)]
    assert warned(PRICE, SIZE, target=("price",), loss=SoftmaxCrossEntropy()) == [("/dataset/target/0", told)]


def test_numbers_sent_as_texts_may_be_meant_as_classes_and_hardly_as_inputs() -> None:
    digits = Column(name="digit", kind="text", values=tuple("0123456789"), number_like=NumberLike(300, 300, 0))
    assert warned(digits, SIZE, target="digit", loss=SoftmaxCrossEntropy()) == []
    [(_, told)] = warned(digits, SIZE, target="size")
    assert told == (
        'column "digit" is text, though all of its 300 cells look like numbers, sent as texts; '
        "as a feature it becomes 10 inputs; upload the data with numbers=digit, and it is one input; if texts are meant, say "
        "texts=digit; if it is no feature, leave it out of features"
    )


def test_texts_that_hardly_repeat_are_warned_of_as_features_and_as_classes() -> None:
    names = 'column "name" has 300 different texts in 300 rows'
    assert warned(NAME, SIZE, target="size") == [
        ("/dataset/features", f'column "name": {NAME.warning}')
    ]  # nothing else is left
    told = 'column "name" is left out: it has 300 different texts in 300 rows, each of which would be an input; '
    remedy = "to take the texts in, name the column in features"
    assert warned(NAME, KIND, SIZE, target="size") == [("/dataset/features", told + remedy)]
    alike = replace(NAME, number_like=NumberLike(300, 300, 0))
    numbers = "upload the data with numbers=name, and it is one input; "
    assert warned(alike, KIND, SIZE, target="size") == [("/dataset/features", told + numbers + remedy)]
    [(place, taken)] = warned(NAME, KIND, SIZE, target="size", features=("kind", "name"))
    assert (place, taken) == ("/dataset/features/1", f'column "name": {NAME.warning}')
    [(_, coded)] = warned(NAME, SIZE, target="size", categories="embedding")
    assert coded == f"{names}; they become codes for an embedding"
    [(place, told)] = warned(NAME, SIZE, target="name", loss=SoftmaxCrossEntropy())
    assert (place, told) == ("/dataset/target", f"{names}, and each is a class of its own")


def test_numbers_of_the_rows_are_said_to_be_left_out_and_how_they_are_taken_in() -> None:
    told = "its numbers rise by 1 from row to row, so they probably only number the rows"
    number = Column(name="t", kind="number", numbering="rising", warning=told)
    left_out = f'column "t" is left out: {told}; to take it in, name the column in features'
    assert warned(number, KIND, SIZE, target="size") == [("/dataset/features", left_out)]
    taken = f'column "t": {told}; if so, leave the column out of features'
    assert warned(number, KIND, SIZE, target="size", features=("kind", "t")) == [("/dataset/features/1", taken)]
    assert warned(number, SIZE, target="size") == [("/dataset/features", taken)]
    assert warned(number, SIZE, target="t") == [("/dataset/target", f'column "t": {told}')]


def test_a_few_texts_of_which_most_look_like_numbers_are_left_out_with_the_cells_that_do_not() -> None:
    size = replace(PRICE, values=TEXTS[:12], number_like=NumberLike(11, 12, 1, (Cell(3, "12,5x"),)))
    [(_, told)] = warned(size, KIND, SIZE, target="size", rows=12)
    assert told == (
        'column "price" is text, though 11 of its 12 cells look like numbers; the other is "12,5x" in row 3; it is left out: '
        "it has 12 different texts in 12 rows, each of which would be an input; correct these cells, or name those that mean a "
        "missing value as missing_values, and upload the data with numbers=price, and it is one input; to take the texts in, "
        "name the column in features"
    )


def test_numbers_that_are_no_labels_are_warned_of_as_classes() -> None:
    number = replace(SIZE, distinct=300, values=tuple(range(300)))
    [(place, told)] = warned(number, KIND, target="size", loss=SoftmaxCrossEntropy())
    assert place == "/dataset/target"
    assert told.startswith('each value of column "size" is a class; 300 distinct values in 300 rows look like a quantity')
    assert warned(number, KIND, target="size") == []


def test_a_name_that_no_address_holds_is_told_as_one_holds_it_too() -> None:
    column = replace(PRICE, name="Fläche in m²", values=TEXTS[:20])
    [(_, told)] = warned(column, SIZE, target="size")
    assert "numbers=Fläche in m² (numbers=Fl%C3%A4che%20in%20m%C2%B2 in an address), and it is one input" in told


@pytest.mark.parametrize("target", ["size", ("kind", "size")])
def test_a_target_of_one_value_is_warned_of(target: Any) -> None:
    constant, other = replace(SIZE, min=5.0, max=5.0), replace(SIZE, name="kind", min=0.0, max=1.0)
    [(_, told)] = warned(constant, other, NAME, target=target, features=("name",), weight=None)[:1]
    assert told == 'column "size" has one value only, 5: there is nothing to learn from it'


def test_columns_that_are_left_out_are_named_with_their_reason() -> None:
    empty = Column(name="note", kind="ignored", reason="every value is missing")
    told = 'column "note" is left out: every value is missing'
    assert warned(empty, KIND, SIZE, target="size") == [("/dataset/features", told)]
    assert warned(empty, KIND, SIZE, target="size", features=("kind",)) == []


def test_what_the_reader_remarked_is_passed_on() -> None:
    comma = replace(SIZE, name="weight", warning="its commas are read as decimal commas")
    assert warned(comma, SIZE, target="size") == [
        ("/dataset/features", 'column "weight": its commas are read as decimal commas')
    ]


def test_ordinary_columns_are_not_warned_of() -> None:
    assert warned(SIZE, KIND, target="kind", loss=SoftmaxCrossEntropy()) == []
    assert warned(SIZE, KIND, target="size") == []


def test_of_many_columns_the_first_are_told() -> None:
    columns = [replace(PRICE, name=f"price{i}") for i in range(1000)]
    assert len(warned(*columns, SIZE, target="size")) == MAX_WARNINGS


@pytest.mark.parametrize("loss", ["mean_squared_error", "huber", "poisson"])
def test_a_loss_of_numbers_refuses_the_text_with_the_cells_that_make_it_one(loss: str) -> None:
    member: AnyLoss = TypeAdapter(AnyLoss).validate_python({"type": loss})
    [problem] = problems(Schema(rows=300, columns=(PRICE, SIZE)), DataSpec(target="price"), member)
    needs = f"{loss} needs numbers: correct these cells or leave their rows out, and upload the data with numbers=price"
    assert (problem.pointer, problem.message) == ("/dataset/target", f"{SAID}; {needs}")


def test_weights_of_the_rows_that_are_text_are_named_with_the_cells_too() -> None:
    data = DataSpec(target="size", weight="price")
    [problem] = problems(Schema(rows=300, columns=(PRICE, KIND, SIZE)), data, MeanSquaredError())
    assert (problem.pointer, problem.message) == ("/dataset/weight", f"{SAID}; weights are numbers, 0 or more")
