"""Which columns of a table become inputs and targets of a network, and how wide they are.

Pure rules over the schema: the dry run and the preprocessing both ask here, so they cannot disagree. All take for granted that
`core.nn.preparation.choice.problems` found nothing wrong.
"""

from collections.abc import Mapping
from typing import NamedTuple

from core.nn.preparation.column import MAX_NUMBERS, Column, Value, are_many, hardly_repeat
from core.nn.preparation.schema import Schema
from core.nn.spec import AnyLoss, BinaryCrossEntropy, DataSpec, SoftmaxCrossEntropy

# Losses of numbers whose unit is free. The others need their targets as they are: counts, classes, probabilities.
SCALABLE = frozenset({"mean_squared_error", "mean_absolute_error", "huber", "log_cosh"})

MAX_MISREAD = 20  # texts of a column that is mostly numbers and yet becomes one input for each


def feature_columns(schema: Schema, data: DataSpec) -> tuple[Column, ...]:
    """The columns that become inputs, in the order of the inputs: those named, or all usable ones that have no other part."""
    if data.features is not None:
        return tuple(schema.column(name) for name in data.features)
    others = {*data.targets, data.weight}
    return tuple(column for column in schema.columns if column.kind != "ignored" and column.name not in others)


def left_out(schema: Schema, data: DataSpec) -> frozenset[str]:
    """The columns that no job takes whose features nobody names: those that tell rows apart. Where nothing else is left, the
    numbers among them are taken; where there are none, the texts."""
    if data.features is not None:
        return frozenset()
    columns = feature_columns(schema, data)
    found = [column for column in columns if tells_rows_apart(column, schema.rows)]
    texts = [column for column in found if column.kind == "text"]
    if data.categories != "one_hot":  # a text is one input, however many there are
        found, texts = [column for column in found if column.kind != "text"], []
    without = found if len(found) < len(columns) else texts
    return frozenset(column.name for column in without) if len(without) < len(columns) else frozenset()


def tells_rows_apart(column: Column, rows: int) -> bool:
    """Whether it holds numbers that only number the rows, or texts almost each of which would be an input of its own. What is
    misread does not: it is refused."""
    if column.kind != "text":
        return column.numbering is not None
    return hardly_repeat(len(column.values or ()), rows, column.missing) and not _looks_misread(column)


def is_misread(column: Column, data: DataSpec) -> bool:
    """Whether a few cells make a text of a column of numbers, each of which would become an input."""
    return data.categories == "one_hot" and _looks_misread(column)


def _looks_misread(column: Column) -> bool:
    like, count = column.number_like, len(column.values or ())
    return like is not None and like.strange > 0 and 2 * like.cells > like.of and count > MAX_MISREAD


def target_columns(schema: Schema, data: DataSpec) -> tuple[Column, ...]:
    return tuple(schema.column(name) for name in data.targets)


def target_place(data: DataSpec, i: int) -> str:
    """The pointer to the i-th target, from the job's root."""
    return "/dataset/target" if isinstance(data.target, str) else f"/dataset/target/{i}"


def used_names(schema: Schema, data: DataSpec) -> list[str]:
    """Every column that the job reads, once."""
    weight = () if data.weight is None else (data.weight,)
    return list(dict.fromkeys([*(column.name for column in feature_columns(schema, data)), *data.targets, *weight]))


class Inputs(NamedTuple):
    """How many numbers the features become, and which of them hold codes 0 … v − 1 for an embedding: place to v.

    The last code stands for a text that is missing or was never seen.
    """

    width: int
    categories: Mapping[int, int]


def inputs(schema: Schema, data: DataSpec) -> Inputs:
    """What the features become."""
    categories, place = {}, 0
    for column in feature_columns(schema, data):
        if column.kind == "text" and data.categories == "embedding":
            categories[place] = len(column.values or ()) + 1
        place += _width(column, data)
    return Inputs(place, categories)


def has_indicator(column: Column, data: DataSpec) -> bool:
    """Whether one more input says where the column misses values; of a text its other inputs say so."""
    return data.missing == "indicator" and column.kind != "text" and column.missing > 0


def _width(column: Column, data: DataSpec) -> int:
    if column.kind != "text":
        return 1 + has_indicator(column, data)
    return 1 if data.categories == "embedding" else len(column.values or ())


def target_width(schema: Schema, data: DataSpec, loss: AnyLoss) -> int:
    """How many outputs the network must have: one for each class with softmax_cross_entropy, else one for each target."""
    found = classes(schema, data, loss)
    return len(found) if isinstance(loss, SoftmaxCrossEntropy) and found is not None else len(data.targets)


def classes(schema: Schema, data: DataSpec, loss: AnyLoss) -> tuple[Value, ...] | None:
    """The labels of the classes, in the order of the class indices; None where the loss or the targets know no classes.

    One target column gives its sorted values. Several, with softmax_cross_entropy, are a one-hot code: each column is a class.
    """
    columns = target_columns(schema, data)
    if isinstance(loss, SoftmaxCrossEntropy):
        return columns[0].values if len(columns) == 1 else data.targets
    if isinstance(loss, BinaryCrossEntropy) and len(columns) == 1 and len(columns[0].values or ()) == 2:
        return columns[0].values
    return None


def quantity_hint(column: Column, rows: int) -> str:
    """The end of a message to those who ask for classes where the column's numbers are no labels, else nothing."""
    if column.kind != "number" or not (column.distinct is None or are_many(column.distinct, rows)):
        return ""
    count = f"more than {MAX_NUMBERS}" if column.distinct is None else column.distinct
    return f"; {count} distinct values in {rows} rows look like a quantity: mean_squared_error with 1 unit learns it"
