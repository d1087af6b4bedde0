"""The rows that are only measured: how many there are, and what is wrong with them, by the schemas alone.

`other` is the schema of the data that are not part of the dataset to train on: another dataset, or rows in the request.
"""

from collections.abc import Iterator
from itertools import islice

from core.errors import Problem
from core.nn.preparation.choice import COMPLETE, MAX_PROBLEMS, no_count, unfit_weight
from core.nn.preparation.column import MAX_NUMBERS, Column, Value
from core.nn.preparation.names import ColumnNames, lacking, listed, quoted, upload_as
from core.nn.preparation.roles import classes, target_columns, used_names
from core.nn.preparation.schema import Schema
from core.nn.preparation.split import validation_count
from core.nn.preparation.warnings import doubt
from core.nn.spec import (
    AnyLoss,
    DataSpec,
    FractionValidation,
    InlineValidation,
    RowsValidation,
    TrainingSpec,
)

POINTER = "/training/validation"
ENOUGH_ROWS = 50  # to set some of them apart


def row_counts(training: TrainingSpec, schema: Schema, other: Schema | None = None) -> tuple[int, int]:
    """(training rows, validation rows)"""
    if other is not None:
        return schema.rows, other.rows
    count = _kept_away(training, schema.rows)
    return schema.rows - count, count


def stratifies(training: TrainingSpec, schema: Schema, data: DataSpec) -> bool:
    """Whether the validation rows are drawn from every class alike."""
    validation = training.validation
    if not isinstance(validation, FractionValidation):
        return False
    return classes(schema, data, training.loss) is not None if validation.stratify is None else validation.stratify


def row_problems(training: TrainingSpec, schema: Schema) -> list[Problem]:
    """What is wrong with the numbers of the rows."""
    return list(islice(_row_problems(training, schema), MAX_PROBLEMS))


def _row_problems(training: TrainingSpec, schema: Schema) -> Iterator[Problem]:
    validation, rows = training.validation, schema.rows
    if rows < 1:
        yield Problem("/dataset", "the dataset has no rows; training needs 1 or more")
    elif isinstance(validation, FractionValidation) and _kept_away(training, rows) >= rows:
        message = f"fraction is {validation.fraction:g}, which leaves none of the dataset's {rows} rows to train on"
        yield Problem(f"{POINTER}/fraction", message)
    elif isinstance(validation, RowsValidation):
        seen: set[int] = set()
        for i, row in enumerate(validation.rows):
            if row >= rows:
                yield Problem(f"{POINTER}/rows/{i}", f"row {row} is not there; the dataset's {rows} rows are 0 to {rows - 1}")
            elif row in seen:
                yield Problem(f"{POINTER}/rows/{i}", f"row {row} is named twice")
            seen.add(row)
        if len(seen) == rows and max(seen) < rows:
            yield Problem(f"{POINTER}/rows", f"rows names all of the dataset's {rows} rows, which leaves none to train on")


def data_problems(training: TrainingSpec, data: DataSpec, schema: Schema, other: Schema | None) -> list[Problem]:
    """What else is wrong, where `core.nn.preparation.choice.problems` found nothing."""
    if other is not None:
        return list(islice(_column_problems(training, data, schema, other), MAX_PROBLEMS))
    if stratifies(training, schema, data) and classes(schema, data, training.loss) is None:
        message = f"stratify is true, but there are no classes to draw from: {training.loss.type} has none here"
        return [Problem(f"{POINTER}/stratify", message)]
    return []


def warnings(training: TrainingSpec, rows: int, *, is_chosen: bool) -> list[Problem]:
    """That nothing is validated, where the client did not say so by null, and the data have enough rows or it `is_chosen`,
    since they are too few."""
    if training.validation is not None or "validation" in training.model_fields_set:
        return []
    if is_chosen:
        count = "1 row is" if rows == 1 else f"{rows} rows are"
        few = f"{count} too few to hold some out: what is measured is measured on the rows that the network learned from"
        return [Problem(POINTER, few)]
    if rows < ENOUGH_ROWS:
        return []
    message = (
        "validation is left out, so the metrics will be those of the rows that are trained on, and the weights of the last "
        'epoch are delivered; say {"fraction": 0.2} to measure on a fifth of the rows, which are not trained on, and to keep '
        "the best epoch; or null where that is not wanted"
    )
    return [Problem(POINTER, message)]


def _column_problems(training: TrainingSpec, data: DataSpec, schema: Schema, other: Schema) -> Iterator[Problem]:
    names, targets = ColumnNames(other), {column.name for column in target_columns(schema, data)}
    is_inline = isinstance(training.validation, InlineValidation)
    if is_inline and (problems := list(_form_problems(schema, other))):
        yield from problems
        return
    labels = classes(schema, data, training.loss)
    decimal = None if schema.reading is None else schema.reading.decimal
    for name in used_names(schema, data):
        ours = schema.column(name)
        message = names.unusable(name)
        if message is None:
            theirs = other.column(name)
            if theirs.kind != ours.kind:
                message = f"column {quoted(name)} is {theirs.kind} in the validation data, {ours.kind} in the training data"
                message += upload_as(name, ours.kind)
            elif (told := doubt(theirs, decimal)) is not None:
                message = told
            elif name in targets:
                message = _unfit_target(theirs, other, training.loss, labels if len(targets) == 1 else None)
            elif name == data.weight:
                message = unfit_weight(theirs, other)
        if message is not None:
            part = "targets" if name in targets else "weights" if name == data.weight else "inputs"
            yield Problem(f"{POINTER}/{part if is_inline else 'dataset'}", f"validation data: {message}")


def _form_problems(schema: Schema, other: Schema) -> Iterator[Problem]:
    """Where lists in the request are of another form than those to train on."""
    for part, prefix in (("inputs", "input"), ("targets", "target"), ("weights", "weight")):
        ours, theirs = _form(schema, prefix), _form(other, prefix)
        if ours != theirs:
            message = f"validation.{part} holds {theirs}, the dataset's {part} {ours}; they must be alike"
            yield Problem(f"{POINTER}/{part}", message)


def _form(schema: Schema, prefix: str) -> str:
    """Of the list that became the columns whose names begin so."""
    names = [column.name for column in schema.columns if column.name.startswith(prefix)]
    if not names:
        return "nothing"
    return "values" if names == [prefix] else f"rows of {len(names)}"


def _unfit_target(column: Column, schema: Schema, loss: AnyLoss, labels: tuple[Value, ...] | None) -> str | None:
    """Why the validation column cannot be measured against what was learnt, or None. `labels` are the target's classes."""
    name = quoted(column.name)
    if column.missing:
        return f"{lacking(column, schema)}; {COMPLETE}"
    if loss.type not in ("softmax_cross_entropy", "binary_cross_entropy"):
        return no_count(column, loss)
    known = frozenset[Value](labels or (0, 1))
    if column.values is None:
        return f"column {name} has more than {MAX_NUMBERS} different numbers; the training data know {len(known)} classes"
    if unknown := [value for value in column.values if value not in known]:
        more = ", …" if len(unknown) > 4 else ""
        plural = "classes that the training data do" if len(unknown) > 1 else "a class that the training data do"
        return f"column {name} holds {listed(unknown[:4])}{more}, {plural} not know"
    return None


def _kept_away(training: TrainingSpec, rows: int) -> int:
    validation = training.validation
    if isinstance(validation, FractionValidation):
        return validation_count(rows, validation.fraction)
    return len(validation.rows) if isinstance(validation, RowsValidation) else 0
