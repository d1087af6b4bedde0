"""What is wrong with a choice of columns, by the schema alone; pointers count from the job's root."""

from collections.abc import Iterator
from itertools import islice

from core.errors import Problem, escaped
from core.nn.preparation.column import MAX_NUMBERS, MAX_TEXTS, Column
from core.nn.preparation.names import ColumnNames, Known, lacking, listed, quoted
from core.nn.preparation.roles import SCALABLE, classes, feature_columns, is_misread, quantity_hint, target_place
from core.nn.preparation.schema import Schema
from core.nn.preparation.warnings import OF_TARGET, disguise, remedy, upload
from core.nn.preparation.weighting import class_places
from core.nn.spec import AnyLoss, BinaryCrossEntropy, DataSpec, Poisson, SoftmaxCrossEntropy

MAX_PROBLEMS = 100

COMPLETE = "a target must have all of them: fill them in, or leave these rows out"

_ONE_HOT = "several targets of softmax_cross_entropy are one class each: 0 and 1, or false and true, and nothing else"
_FLAGS = "several targets of binary_cross_entropy take 0 and 1, or false and true, and nothing else"
_TWO_CLASSES = "binary_cross_entropy needs 0 and 1, or a column with exactly two values"


def problems(schema: Schema, data: DataSpec, loss: AnyLoss) -> list[Problem]:
    """Everything wrong with the choice of columns, at most MAX_PROBLEMS."""
    return list(islice(_problems(schema, data, loss), MAX_PROBLEMS))


def _problems(schema: Schema, data: DataSpec, loss: AnyLoss) -> Iterator[Problem]:
    names = ColumnNames(schema)
    is_fit = True
    for problem in _target_problems(schema, data, loss, names):
        is_fit = False
        yield problem
    if data.target_scaling not in ("auto", "none") and loss.type not in SCALABLE:
        yield Problem(
            "/dataset/target_scaling",
            f'target_scaling is "{data.target_scaling}"; {loss.type} needs its targets as they are: "none", or "auto"',
        )
    yield from _feature_problems(schema, data, names)
    yield from _weight_problems(schema, data, names)
    if is_fit:
        yield from _class_weight_problems(schema, data, loss)


def _target_problems(schema: Schema, data: DataSpec, loss: AnyLoss, names: ColumnNames) -> Iterator[Problem]:
    seen: set[str] = set()
    if not data.targets:
        yield Problem("/dataset/target", "target is an empty list; name at least one column")
    for i, name in enumerate(data.targets):
        message = names.unusable(name) or (f"column {quoted(name)} is named twice as a target" if name in seen else None)
        if message is None:
            message = _unfit(schema.column(name), schema, loss, alone=len(data.targets) == 1)
        if message is not None:
            yield Problem(target_place(data, i), message)
        seen.add(name)


def _feature_problems(schema: Schema, data: DataSpec, names: ColumnNames) -> Iterator[Problem]:
    if data.features is None:
        columns = feature_columns(schema, data)
        if not columns:
            yield Problem("/dataset/features", "no usable column is left for the features beside the target")
        for misread in filter(None, (_misread(column, schema, data) for column in columns)):
            yield Problem("/dataset/features", misread)
        return
    if not data.features:
        yield Problem("/dataset/features", "features is an empty list; name at least one column, or leave features out")
    targets, seen = set(data.targets), set[str]()
    for i, name in enumerate(data.features):
        message = names.unusable(name)
        if message is None and name in targets:
            message = f"column {quoted(name)} is the target; it cannot be a feature too"
        if message is None and name in seen:
            message = f"column {quoted(name)} is named twice among the features"
        message = message or _misread(schema.column(name), schema, data)
        if message is not None:
            yield Problem(f"/dataset/features/{i}", message)
        seen.add(name)


def _misread(column: Column, schema: Schema, data: DataSpec) -> str | None:
    """What helps against a feature that is refused as misread, or None."""
    if not is_misread(column, data):
        return None
    return f"{disguise(column, schema)}; as a feature it would become {len(column.values or ()):,} inputs: {remedy(column)}"


def _weight_problems(schema: Schema, data: DataSpec, names: ColumnNames) -> Iterator[Problem]:
    name = data.weight
    if name is None:
        return
    message = names.unusable(name)
    if message is None and (name in data.targets or name in (data.features or ())):
        part = "target" if name in data.targets else "feature"
        message = f"column {quoted(name)} is a {part}; it cannot be the rows' weight too"
    message = message or unfit_weight(schema.column(name), schema)
    if message is not None:
        yield Problem("/dataset/weight", message)


def unfit_weight(column: Column, schema: Schema) -> str | None:
    """Why the column cannot be the rows' weights, or None."""
    name = quoted(column.name)
    if column.kind != "number":
        return f"{disguise(column, schema) or f'column {name} is {column.kind}'}; weights are numbers, 0 or more"
    if column.missing:
        return f"{lacking(column, schema)}; every row needs its weight"
    if column.min is not None and column.min < 0:
        return f"column {name} holds {column.min:g}; a weight is 0 or more"
    if column.max == 0:
        return f"column {name} is 0 in every row; at least one row must count"
    return None


def _class_weight_problems(schema: Schema, data: DataSpec, loss: AnyLoss) -> Iterator[Problem]:
    if data.class_weights is None:
        return
    labels = classes(schema, data, loss)
    if labels is None:
        yield Problem(
            "/dataset/class_weights",
            f"class_weights needs classes, which {loss.type} does not have here: softmax_cross_entropy has them, "
            "and binary_cross_entropy with one target of two values",
        )
    elif data.class_weights != "balanced":
        places, known, seen = class_places(labels), Known("class", "classes", labels), set[int]()
        for name in data.class_weights:
            message = None
            if name not in places:
                message = known.lacks(name)
            elif places[name] in seen:
                message = f"the class {quoted(labels[places[name]])} is named twice"
            else:
                seen.add(places[name])
            if message is not None:
                yield Problem(f"/dataset/class_weights/{escaped(name)}", message)


def _unfit(column: Column, schema: Schema, loss: AnyLoss, *, alone: bool) -> str | None:
    """Why the column cannot be a target of this loss, or None."""
    name, values, rows = quoted(column.name), column.values, schema.rows
    if column.missing:
        return f"{lacking(column, schema)}; {COMPLETE}"
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
            return _of_one_class(column)
        return None
    if isinstance(loss, BinaryCrossEntropy):
        if alone and values is not None and len(values) == 1:
            return _of_one_class(column)
        if _is_binary(column) or (alone and len(values or ()) == 2):
            return None
        return _not_binary(column, _TWO_CLASSES if alone else _FLAGS)
    if (message := no_count(column, loss)) is not None:
        return message
    if column.kind == "text":
        if (found := disguise(column, schema)) is not None:
            return f"{found}; {loss.type} needs numbers: {upload(column, OF_TARGET)}"
        return f"column {name} is text; {loss.type} needs numbers (softmax_cross_entropy takes text as classes)"
    return None


def _of_one_class(column: Column) -> str:
    (value,) = column.values or ("",)
    told = f"column {quoted(column.name)} has one value only, {quoted(value)}"
    return f"{told}, so there is nothing to tell apart; rows of at least 2 classes are needed"


def no_count(column: Column, loss: AnyLoss) -> str | None:
    """Why the loss, if it counts, cannot learn the column's numbers, or None."""
    if isinstance(loss, Poisson) and column.kind == "number" and column.min is not None and column.min < 0:
        return f"column {quoted(column.name)} goes down to {column.min:g}; poisson needs counts, or other numbers from 0 on"
    return None


def _is_binary(column: Column) -> bool:
    return column.kind != "text" and column.values is not None and set(column.values) <= {0, 1}


def _not_binary(column: Column, needs: str) -> str:
    values = column.values or ()
    more = ", …" if len(values) > 4 else ""
    has = f"has the values {listed(values[:4])}{more}" if values else "has too many different values"
    return f"column {quoted(column.name)} {has}; {needs}"
