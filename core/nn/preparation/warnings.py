"""What a client probably did not mean about a choice of columns that can be trained; pointers count from the job's root."""

from collections.abc import Iterator, Sequence
from itertools import islice

from core.errors import Problem
from core.nn.preparation.column import NUMBERING, Cell, Column, are_many, row_at
from core.nn.preparation.names import quoted
from core.nn.preparation.reading import OTHER, Decimal, read_as
from core.nn.preparation.roles import left_out, quantity_hint, target_place
from core.nn.preparation.schema import Schema
from core.nn.spec import AnyLoss, DataSpec, SoftmaxCrossEntropy

MAX_WARNINGS = 20

OF_TARGET = " or leave their rows out,"


def warnings(schema: Schema, data: DataSpec, loss: AnyLoss) -> list[Problem]:
    """At most MAX_WARNINGS, of the targets first; `data` are the columns as the client chose them. Takes for granted that
    `core.nn.preparation.choice.problems` found none."""
    return list(islice(_warnings(schema, data, loss), MAX_WARNINGS))


def disguise(column: Column, schema: Schema) -> str | None:
    """How much of a text column looks like numbers, and which cells do not; None where they are texts."""
    like = column.number_like
    if like is None:
        return None
    count = f"{like.cells:,} of its {like.of:,}" if like.cells < like.of else f"all of its {like.of:,}"
    told = f"column {quoted(column.name)} is text, though {count} cells look like numbers"
    if not like.strange:
        return f"{told}, sent as texts"
    others = like.of - like.cells
    written = like.strange - others  # they look like numbers, but of another kind than 12.5
    if written:
        shown = _cells(like.examples[others:], written, schema)
        if written < like.cells:
            are = "is" if written == 1 else "are"
            told = f"{told}, {written:,} of which {are} written otherwise than 12.5{f': {shown}' if shown else ''}"
        else:
            told = f"{told}{f', such as {shown}' if shown else ''}"
    if others:
        are = "the other is" if others == 1 else f"the {others:,} others are"
        told = f"{told}; {are} {_cells(like.examples[:others], others, schema)}"
    return told


def remedy(column: Column) -> str:
    """What helps against a text feature that looks like numbers."""
    texts = f"if texts are meant, say {read_as(column.name, 'texts')}"
    return f"{upload(column)}, and it is one input; {texts}; if it is no feature, leave it out of features"


def upload(column: Column, other: str = ", or name those that mean a missing value as missing_values,") -> str:
    """What makes numbers of a text column that looks like them; `other` is what can be done instead of correcting cells."""
    like = column.number_like
    words = like.words if like is not None and like.words else read_as(column.name, "numbers")
    told = f"upload the data with {words}"
    is_enough = like is None or not like.strange or (like.words and like.cells == like.of)
    return told if is_enough else f"correct these cells{other} and {told}"


def doubt(column: Column, learned: Decimal | None) -> str | None:
    """That the column's points or commas may be other signs than it was read with, where those of the data are that the network
    learns from, whose decimals begin with the `learned` one; else None."""
    text = column.doubtful
    if text is None or learned is None or column.decimal == learned:
        return None
    sign: Decimal = "point" if "." in text else "comma"
    begin, separate = f"begin decimals with decimal={sign}", f"separate thousands with decimal={OTHER[sign]}"
    may, or_ = ("begin decimals", separate) if sign == learned else ("separate thousands", begin)
    return (
        f"column {quoted(column.name)} has {sign}s that may {may}, {quoted(text)} is the first, as those of the data do "
        f"that the network learns from: upload this file with decimal={learned}, or where they {or_}"
    )


def _is_dirty(column: Column) -> bool:
    return column.number_like is not None and column.number_like.strange > 0


def _cells(examples: Sequence[Cell], count: int, schema: Schema) -> str:
    """Some of `count` cells, with their rows."""
    shown = ", ".join(f"{quoted(cell.text)} in {row_at(cell.row, schema.first_line)}" for cell in examples)
    return f"{shown}, …" if shown and count > len(examples) else shown


def _warnings(schema: Schema, data: DataSpec, loss: AnyLoss) -> Iterator[Problem]:
    for i, name in enumerate(data.targets):
        if (message := _of_target(schema.column(name), schema, loss, alone=len(data.targets) == 1)) is not None:
            yield Problem(target_place(data, i), message)
    others = {*data.targets, data.weight}
    names = data.features or [column.name for column in schema.columns if column.name not in others]
    without = left_out(schema, data)
    for i, name in enumerate(names):
        column = schema.column(name)
        message = _of_left_out(column, schema) if name in without else _of_feature(column, schema, data)
        if message is not None:
            yield Problem("/dataset/features" if data.features is None else f"/dataset/features/{i}", message)


def _of_target(column: Column, schema: Schema, loss: AnyLoss, *, alone: bool) -> str | None:
    rows, count = schema.rows, len(column.values or ())
    if column.min is not None and column.min == column.max:
        return f"column {quoted(column.name)} has one value only, {column.min:g}: there is nothing to learn from it"
    if column.kind != "text":
        hint = quantity_hint(column, rows) if alone and isinstance(loss, SoftmaxCrossEntropy) else ""
        return f"each value of column {quoted(column.name)} is a class{hint}" if hint else _of_reading(column)
    if column.number_like is not None and column.number_like.strange:
        told = f"{disguise(column, schema)}; each of its {count:,} texts is a class"
        return f"{told}; {upload(column, OF_TARGET)}, and numbers are learned"
    if are_many(count, rows):
        return f"column {quoted(column.name)} has {count:,} different texts in {rows:,} rows, and each is a class of its own"
    return None


def _of_feature(column: Column, schema: Schema, data: DataSpec) -> str | None:
    rows, count, is_coded = schema.rows, len(column.values or ()), data.categories == "embedding"
    becomes = "they become codes for an embedding" if is_coded else f"as a feature it becomes {count:,} inputs"
    if column.kind == "ignored":
        return f"column {quoted(column.name)} is left out: {column.reason}" + (f" ({column.warning})" if column.warning else "")
    if column.kind == "text" and column.number_like is not None:
        return f"{disguise(column, schema)}; {becomes}; {remedy(column)}"
    if column.kind == "text" and is_coded:
        many = f"column {quoted(column.name)} has {count:,} different texts in {rows:,} rows; {becomes}"
        return many if are_many(count, rows) else None
    told = _of_reading(column)
    if column.numbering is not None and column.warning == NUMBERING[column.numbering]:
        return f"{told}; if so, leave the column out of features"
    return told


def _of_left_out(column: Column, schema: Schema) -> str:
    if column.numbering is not None:
        told = f"column {quoted(column.name)} is left out: {NUMBERING[column.numbering]}"
        return f"{told}; to take it in, name the column in features"
    told = f"{disguise(column, schema)}; it" if _is_dirty(column) else f"column {quoted(column.name)}"
    told = f"{told} is left out: it has {len(column.values or ()):,} different texts in {schema.rows:,} rows"
    numbers = "" if column.number_like is None else f"{upload(column)}, and it is one input; "
    return f"{told}, each of which would be an input; {numbers}to take the texts in, name the column in features"


def _of_reading(column: Column) -> str | None:
    """What the reader of the data remarked."""
    return f"column {quoted(column.name)}: {column.warning}" if column.warning else None
