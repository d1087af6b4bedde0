"""The source of a program in any language: one walk over what it says of a network, each part as a dialect writes it."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.exports.dialect import Dialect
from core.exports.program import (
    FUNCTIONS,
    arguments,
    base64_lines,
    decimals,
    kinds,
    nested,
    scaled,
    wrapped,
)
from core.exports.steps import Step, every
from core.nn.preparation.reading import MISSING

_GAP = "\0"  # where texts will stand


def vocabulary(says: Dialect) -> Iterator[str]:
    """What the functions know of the data."""
    if says.content.classes is not None:
        yield wrapped(f"{says.head('CLASSES')}[", map(says.label, says.content.classes), f"]{says.end}", step=says.indent)
    reading, (opened, closed) = says.content.reading, says.braces
    named = [says.pair(column, says.literal(kind)) for column, kind in kinds(says.content.features, reading).items()]
    columns = wrapped(f"{says.head('COLUMNS')}{opened}", named, f"{closed}{says.end}", step=says.indent)
    yield f"{says.comment} The columns that the network reads, and what they hold.\n{columns}"
    told = f"{says.comment} Cells of a CSV file that say that a value is missing: in upper or lower case, and as they stand."
    words = [_words("MISSING", MISSING, says), _words("MISSING_AS_WRITTEN", reading.missing_values, says)]
    yield "\n".join([told, *words])
    signs = {"comma": ",", "point": ".", None: ""}
    told = (
        f"{says.comment} The sign before decimals in a CSV file; the other one may part thousands. Not known where it is empty."
    )
    yield f"{told}\n{says.head('DECIMAL')}{says.literal(signs[reading.decimal])}{says.end}"
    told = f"{says.comment} How a CSV file is written that is not UTF-8. Not known where it is empty."
    yield f"{told}\n{says.head('ENCODING')}{says.literal(reading.encoding or '')}{says.end}"


def _words(name: str, texts: Iterable[str], says: Dialect) -> str:
    return wrapped(f"{says.head(name)}[", map(says.literal, texts), f"]{says.end}", step=says.indent)


def functions(says: Dialect) -> Iterator[str]:
    """Those that are this network's own, with what they call behind them."""
    yield _predict(says)
    yield from _probabilities(says)
    yield _inputs(says)
    yield from _network(says)
    lines, pairs = says.results()
    answer = _answer([f"{says.key(name)}: {value}" for name, value in pairs], says)
    yield says.function("results(row)", "All that the self-test compares.", [*lines, answer], says.public)


def learned(says: Dialect) -> Iterator[str]:
    """The tensors, and where windows stop."""
    for name, array in says.content.tensors():
        yield _let(says.variable(name), _tensor(array, says), says)
    for step in every(says.content.steps):
        if step.lacks_bias:
            yield _let(says.variable(_of(step, "bias")), says.repeated("0.0", step.channels), says, "the layer has none")
        if step.window is not None:
            extents = {name: says.literal(pair) for name, pair in step.extents.items()}
            yield _let(says.variable(_of(step, "windows")), f"windows({says.named(extents)})", says)


def golden(says: Dialect) -> str:
    """What the self-test compares with."""
    opened, closed = says.braces
    tolerances = (f"{says.key(name)}: {_tolerance(values, says)}" for name, values in says.content.tolerances.items())
    margin = " " * says.indent
    entries = []
    for found in says.content.golden_rows():
        cells = (says.pair(column, says.literal(value)) for column, value in found["row"].items())
        told = {
            "outputs": map(says.literal, found["outputs"]),
            "predictions": map(says.label, found["predictions"]),
            **({"probabilities": map(says.literal, found["probabilities"])} if "probabilities" in found else {}),
        }
        parts = [_part(f"{says.key('row')}: {opened}", cells, f"{closed},", says)]
        parts += [_part(f"{says.key(name)}: [", values, "],", says) for name, values in told.items()]
        entries.append("\n".join([f"{margin}{{", *parts, f"{margin}}},"]))
    return "\n".join(
        [
            f"{says.comment} Rows that nobody sent, and what the service makes of them, reckoned with 64 bits.",
            f"{says.comment} How far each value may be from that, as sums in another order are. Labels must be the same.",
            wrapped(f"{says.head('TOLERANCES')}{opened}", tolerances, f"{closed}{says.end}", step=says.indent),
            f"{says.public}{says.head('GOLDEN')}[",
            *entries,
            f"]{says.end}",
        ]
    )


def _tolerance(values: Sequence[float], says: Dialect) -> str:
    told = [says.literal(value) for value in values]
    return says.repeated(told[0], len(told)) if len(told) > 1 and len({*told}) == 1 else f"[{', '.join(told)}]"


def _part(head: str, items: Iterable[str], tail: str, says: Dialect) -> str:
    return wrapped(head, items, tail, 2 * says.indent, says.indent)


def _let(name: str, value: str, says: Dialect, words: str = "") -> str:
    return f"{says.head(name)}{value}{says.end}{says.remark(words)}"


def _answer(pairs: Iterable[str], says: Dialect) -> str:
    opened, closed = says.braces
    return wrapped(f"return {opened}", pairs, f"{closed}{says.end}", says.indent, says.indent).strip()


def _predict(says: Dialect) -> str:
    """What `core.nn.predictor` makes of the outputs."""
    y = "network(inputs(row))"
    lines = [_let("y", says.each("exponential(z)", y) if says.content.link == "exp" else y, says)]
    columns = [target.column for target in says.content.targets]
    words, values = "The likeliest class", [f"CLASSES[{says.place}]"]
    if says.content.has_flags and says.content.classes is not None:
        words, values = "The likelier class", [says.likelier.format(threshold=says.content.threshold)]
    elif says.content.has_flags:
        words = "What is likelier than not"
        values = _flags([f"y[{i}] > {says.content.threshold}" for i in range(len(columns))], says)
    elif says.content.classes is None:
        words, values = "What the network predicts", [scaled(each, f"y[{i}]") for i, each in enumerate(says.content.targets)]
    elif len(columns) > 1:
        lines.append(_let("likeliest", says.place, says))
        values = _flags([says.same.format(i) for i in range(len(columns))], says)
    answer = _answer([says.pair(*each) for each in zip(columns, values, strict=True)], says)
    return says.function("predict(row)", f"{words} for a row, which is {says.row}.", [*lines, answer], says.public)


def _flags(conditions: Sequence[str], says: Dialect) -> list[str]:
    """True and false stay so, what was a number is 1 or 0."""
    return [
        said if target.kind == "boolean" else says.as_number.format(said)
        for target, said in zip(says.content.targets, conditions, strict=True)
    ]


def _probabilities(says: Dialect) -> Iterator[str]:
    if not says.content.has_flags and says.content.classes is None:
        return
    p = "network(inputs(row))"
    if says.content.link == "sigmoid":
        p = says.each("sigmoid(z)", p)
    elif says.content.link == "softmax":
        p = f"softmax({p})"
    if not says.content.has_flags:
        answer = f"return {says.by_class}{says.end}"
    elif says.content.classes is not None:
        answer = f"return {says.by_flag}{says.end}"
    else:
        answer = _answer([says.pair(target.column, f"p[{i}]") for i, target in enumerate(says.content.targets)], says)
    words = "How likely each is, between 0 and 1."
    yield says.function("probabilities(row)", words, [_let("p", p, says), answer], says.public)


def _inputs(says: Dialect) -> str:
    lines, margin = [], " " * says.indent
    for feature in says.content.features:
        told, column, is_spread = arguments(feature), says.literal(feature.column), feature.kind == "text"
        texts = told.pop("texts", None)
        given = [says.named({name: says.literal(value) for name, value in told.items()})] if told else []
        given += [] if texts is None else [f"[{_GAP}]"]
        call = f"{says.name(FUNCTIONS[feature.kind])}({', '.join(['row', column, *given])})"
        if says.content.vocabulary is not None:
            checked = f"{says.name('row_of_table')}(row, {column}, {'z' if is_spread else call}, {says.content.vocabulary})"
            call = says.each(checked, call) if is_spread else checked
        head, gap, tail = f"{says.spread if is_spread else ''}{call},".partition(_GAP)
        lines.append(_part(head, map(says.literal, texts), tail, says)[says.indent :] if gap else f"{margin}{head}")
    words = "The columns of a row as the numbers that the network takes."
    return says.function("inputs(row)", words, ["return [", *lines, f"]{says.end}"], says.public)


def _network(says: Dialect) -> Iterator[str]:
    back = f"return x{says.end}"
    words = "The forward pass: what one layer gives, the next one takes."
    yield says.function("network(x)", words, [*(_line(step, says) for step in says.content.steps), back], says.public)
    for step in every(says.content.steps):
        if step.operation == "residual":
            words = "The layers inside of a residual block."
            yield says.function(f"{_block(step)}(x)", words, [*(_line(each, says) for each in step.inner), back], "")


def _line(step: Step, says: Dialect) -> str:
    if not step.operation:
        return f"{says.comment} {step.words}"
    operation, numbers = says.name(step.operation), {name: says.literal(value) for name, value in step.numbers.items()}
    if step.is_scalar:
        call = f"{operation}({', '.join(['z', *says.constants(numbers)])})"
        return f"x = {says.each(call, 'x')}{says.end}"
    told = [says.variable(tensor) for tensor in step.tensors]
    if step.lacks_bias:
        told.append(says.variable(_of(step, "bias")))
    if step.operation == "residual":
        operation, told = "add", [f"{_block(step)}(x)"]
    elif step.tables is not None:
        opened, closed = says.braces
        told = [opened + ", ".join(f"{place}: {says.variable(tensor)}" for place, tensor in step.tables.items()) + closed]
    elif step.operation.endswith("pooling"):
        told = [str(step.channels)]
    if step.window is not None:
        told.append(says.variable(_of(step, "windows")))
    if step.operation == "average_pooling":
        numbers["cells"] = str(step.cells)
    words = says.remark(step.words.partition(": ")[2])
    return f"x = {operation}({', '.join(['x', *told, *says.constants(numbers)])}){says.end}{words}"


def _tensor(array: NDArray[Any], says: Dialect) -> str:
    margin = " " * says.indent
    if not says.content.is_readable:
        text = f"{says.quotes}\n{base64_lines(array)}\n{says.quotes}"
        parts = [text, says.kind(array), ", ".join(map(str, array.shape))]
        return "\n".join(["stored(", f"{margin}{parts[0]},", *(f"{margin}{part}," for part in parts[1:]), ")"])

    def vector(numbers: NDArray[Any], indent: int) -> str:
        head, tail = ("float32([", "])") if array.dtype == np.float32 else ("[", "]")
        return wrapped(head, decimals(numbers), tail, indent, says.indent)

    return nested(array, vector, step=says.indent)


def _of(step: Step, name: str) -> str:
    """As a tensor of the step's module is called."""
    module = step.module or step.tensors[0].rpartition(".")[0]
    return f"{module}.{name}"


def _block(step: Step) -> str:
    """The function of a residual block."""
    return f"block_{step.module.replace('.', '_')}"
