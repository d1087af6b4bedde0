"""Which columns of a table become inputs and targets of a network, how wide they are, and what is wrong with the choice.

Pure rules over the schema: the dry run and the preprocessing both ask here, so they cannot disagree. `problems` comes first:
the other functions take for granted that it found none.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice

from core.errors import Problem
from core.nn.bounds import MAX_NUMBERS, MAX_TEXTS, are_many
from core.nn.schema import Column, Schema, Value
from core.nn.spec import AnyLoss, BinaryCrossEntropy, DataSpec, Poisson, SoftmaxCrossEntropy

MAX_PROBLEMS = 100
_MAX_CANDIDATES = 2_000  # comparing names costs time: unknown names beyond these bounds get no suggestion
_MAX_SUGGESTIONS = 5

# Losses of numbers whose unit is free. The others need their targets as they are: counts, classes, probabilities.
SCALABLE = frozenset({"mean_squared_error", "mean_absolute_error", "huber", "log_cosh"})

_ONE_HOT = "several targets of softmax_cross_entropy are one class each: 0 and 1, or false and true, and nothing else"
_FLAGS = "several targets of binary_cross_entropy take 0 and 1, or false and true, and nothing else"
_TWO_CLASSES = "binary_cross_entropy needs 0 and 1, or a column with exactly two values"


def feature_columns(schema: Schema, data: DataSpec) -> tuple[Column, ...]:
    """The columns that become inputs, in the order of the inputs: those named, or all usable ones but the targets."""
    if data.features is not None:
        return tuple(schema.column(name) for name in data.features)
    targets = set(data.targets)
    return tuple(column for column in schema.columns if column.kind != "ignored" and column.name not in targets)


def target_columns(schema: Schema, data: DataSpec) -> tuple[Column, ...]:
    return tuple(schema.column(name) for name in data.targets)


def input_width(schema: Schema, data: DataSpec) -> int:
    """How many inputs the features become."""
    return sum(_width(column, data) for column in feature_columns(schema, data))


def categorical_inputs(schema: Schema, data: DataSpec) -> tuple[tuple[int, int], ...]:
    """(place among the inputs, vocabulary) of every input that holds a code 0 … vocabulary − 1, for an embedding layer.

    The last code stands for a text that is missing or unseen.
    """
    found, place = [], 0
    for column in feature_columns(schema, data):
        if column.kind == "text" and data.categories == "embedding":
            found.append((place, len(column.values or ()) + 1))
        place += _width(column, data)
    return tuple(found)


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


def problems(schema: Schema, data: DataSpec, loss: AnyLoss) -> list[Problem]:
    """Everything wrong with the choice of columns; pointers count from the job's root. At most MAX_PROBLEMS."""
    return list(islice(_problems(schema, data, loss), MAX_PROBLEMS))


def _problems(schema: Schema, data: DataSpec, loss: AnyLoss) -> Iterator[Problem]:
    names = _Names(schema)
    single = isinstance(data.target, str)
    seen: set[str] = set()
    if not data.targets:
        yield Problem("/dataset/target", "target is an empty list; name at least one column")
    for i, name in enumerate(data.targets):
        pointer = "/dataset/target" if single else f"/dataset/target/{i}"
        message = names.unusable(name) or (f"column {quoted(name)} is named twice as a target" if name in seen else None)
        if message is None:
            message = _unfit(schema.column(name), schema.rows, loss, alone=len(data.targets) == 1)
        if message is not None:
            yield Problem(pointer, message)
        seen.add(name)
    if data.target_scaling not in ("auto", "none") and loss.type not in SCALABLE:
        yield Problem(
            "/dataset/target_scaling",
            f'target_scaling is "{data.target_scaling}"; {loss.type} needs its targets as they are: "none", or "auto"',
        )

    if data.features is None:
        if not any(column.kind != "ignored" and column.name not in seen for column in schema.columns):
            yield Problem("/dataset/features", "no usable column is left for the features beside the target")
        return
    if not data.features:
        yield Problem("/dataset/features", "features is an empty list; name at least one column, or leave features out")
    targets, seen = seen, set()
    for i, name in enumerate(data.features):
        message = names.unusable(name)
        if message is None and name in targets:
            message = f"column {quoted(name)} is the target; it cannot be a feature too"
        if message is None and name in seen:
            message = f"column {quoted(name)} is named twice among the features"
        if message is not None:
            yield Problem(f"/dataset/features/{i}", message)
        seen.add(name)


def _unfit(column: Column, rows: int, loss: AnyLoss, *, alone: bool) -> str | None:
    """Why the column cannot be a target of this loss, or None."""
    name, values = quoted(column.name), column.values
    if column.missing:
        return f"column {name} misses {column.missing} of {rows} values; a target must have all of them"
    if isinstance(loss, SoftmaxCrossEntropy):
        if not alone:
            return None if _is_binary(column) else _not_binary(column, _ONE_HOT)
        if values is None:
            count = "too many" if column.distinct is None else column.distinct
            return (
                f"column {name} has {count} different numbers; softmax_cross_entropy needs classes: "
                f"at most {MAX_NUMBERS} numbers or {MAX_TEXTS} texts{quantity_hint(column, rows)}"
            )
        if len(values) < 2:
            return f"column {name} has one value only, {quoted(values[0])}; softmax_cross_entropy needs at least 2 classes"
        return None
    if isinstance(loss, BinaryCrossEntropy):
        if _is_binary(column) or (alone and len(values or ()) == 2):
            return None
        return _not_binary(column, _TWO_CLASSES if alone else _FLAGS)
    if isinstance(loss, Poisson) and column.kind == "number" and column.min is not None and column.min < 0:
        return f"column {name} goes down to {column.min:g}; poisson needs counts, or other numbers from 0 on"
    if column.kind == "text":
        return f"column {name} is text; {loss.type} needs numbers (softmax_cross_entropy takes text as classes)"
    return None


def _is_binary(column: Column) -> bool:
    return column.kind != "text" and column.values is not None and set(column.values) <= {0, 1}


def _not_binary(column: Column, needs: str) -> str:
    values = column.values or ()
    listed = ", ".join(map(quoted, values[:4])) + (", …" if len(values) > 4 else "")
    has = f"has the values {listed}" if values else "has too many different values"
    return f"column {quoted(column.name)} {has}; {needs}"


class _Names:
    """Says why a name cannot be used, and which ones are near it."""

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.suggestions = _MAX_SUGGESTIONS

    def unusable(self, name: str) -> str | None:
        if name in self.schema:
            column = self.schema.column(name)
            if column.kind != "ignored":
                return None
            warning = f" ({column.warning})" if column.warning else ""
            return f"column {quoted(name)} is not usable: {column.reason}{warning}"
        usable = [column.name for column in islice(self.schema.columns, _MAX_CANDIDATES) if column.kind != "ignored"]
        near: list[str] = []
        if self.suggestions:
            self.suggestions -= 1
            near = get_close_matches(name[:100], usable, n=3)
        if near:
            return f"there is no column {quoted(name)}; near it: {', '.join(map(quoted, near))}"
        more = ", …" if len(self.schema.columns) > 10 else ""
        return f"there is no column {quoted(name)}; the columns are {', '.join(map(quoted, usable[:10]))}{more}"


def quoted(value: Value) -> str:
    """The value as a message shows it: texts in double quotes and cut where they are long."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return '"' + (value if len(value) <= 60 else value[:59] + "…") + '"'
    return str(value)
