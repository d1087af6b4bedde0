"""A network as one file of Python 3.9, without anything but its standard library."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.exports.golden import Golden
from core.exports.pieces import needed
from core.exports.program import FUNCTIONS, Content, arguments, base64_lines, block, decimals, nested, scaled, window, wrapped
from core.exports.steps import Step, every
from core.nn.saving.model import SavedModel

SOURCE = "predictor.py"
MODULES = ("base64", "json", "math", "sys")  # that the pieces use by their names

HEAD = '''"""A neural network that Gradmill trained: {summary}.

It needs Python 3.9 or newer and nothing else.

    python model.py < rows.jsonl      one row to a line, as JSON; null is a missing value
    python model.py --self-test       compares what comes out with what the service predicts

In a program: from model import predict, then predict(row) with a dict that holds a value for each column. GOLDEN, at the end,
has some rows.
"""
'''


def export(model: SavedModel, golden: Golden) -> bytes:
    content = Content.of(model, golden)
    own = [_predict(content), *_probabilities(content), _inputs(content), *_network(content), _results(content)]
    learned = "\n\n".join(_learned(content))
    code = "\n\n\n".join(own)
    found = needed(SOURCE, f"{code}\n{learned}\nmain()")
    body = "\n\n\n".join([*own, *found])
    head = [HEAD.format(summary=content.summary), _imports(f"{body}\n{learned}")]
    if content.classes is not None:
        head.append(wrapped("CLASSES = [", map(literal, content.classes), "]"))
    end = [f"# What was learned.\n\n{learned}", _golden(content), 'if __name__ == "__main__":\n    main()\n']
    return "\n\n\n".join(["\n".join(head[:2]) + "".join(f"\n\n{line}" for line in head[2:]), body, *end]).encode()


def literal(value: Any) -> str:
    """The value as Python writes it; a text in double quotes, with escapes for what cannot be seen."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in escaped) + '"'
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{literal(key)}: {literal(each)}' for key, each in value.items())}}}"
    return repr(value)


def name_of(tensor: str) -> str:
    """Of the variable that holds it: weight_0 for 0.weight."""
    *modules, last = tensor.split(".")
    return "_".join([last, *modules])


def _imports(code: str) -> str:
    used = [f"import {module}" for module in MODULES if re.search(rf"\b{module}\.", code)]
    if re.search(r"\barray\(", code):
        used.append("from array import array")
    if re.search(r"\bmul\b", code):
        used.append("from operator import mul")
    return "\n".join(used)


def _predict(content: Content) -> str:
    def function(words: str, pairs: list[tuple[str, str]], *lines: str) -> str:
        answer = wrapped("return {", (f"{literal(column)}: {value}" for column, value in pairs), "}", 4)
        words += " for a row, which is a dict with a value for each column: None where that is missing."
        return "\n".join(["def predict(row):", f'    """{words}"""', *(f"    {line}" for line in lines), answer])

    targets, forward = content.targets, "y = network(inputs(row))"
    if content.has_flags and content.classes is not None:
        return function("The likelier class", [(targets[0].column, f"CLASSES[y[0] > {content.threshold}]")], forward)
    if content.has_flags:
        flags = [f"y[{i}] > {content.threshold}" for i in range(len(targets))]
        return function("What is likelier than not", _flags(content, flags), forward)
    if content.classes is None:
        if content.link == "exp":
            forward = "y = [exponential(z) for z in network(inputs(row))]"
        numbers = [(target.column, scaled(target, f"y[{i}]")) for i, target in enumerate(targets)]
        return function("What the network predicts", numbers, forward)
    likeliest = "y.index(max(y))"
    if len(targets) == 1:
        return function("The likeliest class", [(targets[0].column, f"CLASSES[{likeliest}]")], forward)
    flags = [f"likeliest == {i}" for i in range(len(targets))]
    return function("The likeliest class", _flags(content, flags), forward, f"likeliest = {likeliest}")


def _flags(content: Content, flags: list[str]) -> list[tuple[str, str]]:
    """True and False stay so, what was a number is 1 or 0."""
    return [
        (target.column, flag if target.kind == "boolean" else f"int({flag})")
        for target, flag in zip(content.targets, flags, strict=True)
    ]


def _probabilities(content: Content) -> Iterator[str]:
    if not content.has_flags and content.classes is None:
        return
    y = "network(inputs(row))"
    if content.has_flags:
        linked = f"[sigmoid(z) for z in {y}]" if content.link == "sigmoid" else y
        if content.classes is not None:
            answer = "return {CLASSES[0]: 1 - p[0], CLASSES[1]: p[0]}"
        else:
            answer = wrapped(
                "return {", (f"{literal(t.column)}: p[{i}]" for i, t in enumerate(content.targets)), "}", 4
            ).strip()
        lines = [f"p = {linked}", answer]
    else:
        lines = [f"return dict(zip(CLASSES, {f'softmax({y})' if content.link == 'softmax' else y}))"]
    yield "\n".join(
        ["def probabilities(row):", '    """How likely each is, between 0 and 1."""', *(f"    {line}" for line in lines)]
    )


def _inputs(content: Content) -> str:
    lines = []
    for feature in content.features:
        named = [f"{name}={literal(value)}" for name, value in arguments(feature).items() if name != "texts"]
        if feature.kind in ("text", "category"):
            star = "*" if feature.kind == "text" else ""
            head = f"{star}{FUNCTIONS[feature.kind]}(row, {literal(feature.column)}, ["
            lines.append(wrapped(head, map(literal, arguments(feature)["texts"]), "]),", 8))
        else:
            told = ", ".join(["row", literal(feature.column), *named])
            lines.append(f"        {FUNCTIONS[feature.kind]}({told}),")
    words = '    """The columns of a row as the numbers that the network takes."""'
    return "\n".join(["def inputs(row):", words, "    return [", *lines, "    ]"])


def _network(content: Content) -> Iterator[str]:
    words = "The forward pass: what one layer gives, the next one takes."
    yield _function("network", words, content.steps)
    for step in every(content.steps):
        if step.operation == "residual":
            yield _function(block(step), "The layers inside of a residual block.", step.inner)


def _function(name: str, words: str, steps: tuple[Step, ...]) -> str:
    return "\n".join([f"def {name}(x):", f'    """{words}"""', *(f"    {_line(step)}" for step in steps), "    return x"])


def _line(step: Step) -> str:
    tensors = [name_of(tensor) for tensor in step.tensors]
    numbers = [f"{name}={literal(value)}" for name, value in step.numbers.items()]
    if not step.operation:
        return f"# {step.words}"
    if step.is_scalar:
        return f"x = [{step.operation}({', '.join(['z', *numbers])}) for z in x]"
    if step.lacks_bias:
        tensors.append(tensors[0].replace("weight", "bias"))
    if step.operation == "residual":
        told = [f"{block(step)}(x)"]
    elif step.tables is not None:
        tables = ", ".join(f"{place}: {name_of(tensor)}" for place, tensor in step.tables.items())
        told = [f"{{{tables}}}"]
    elif step.operation.endswith("pooling"):
        told = [str(step.channels)]
    else:
        told = tensors
    if step.window is not None:
        told.append(window(step))
    if step.operation == "average_pooling":
        told.append(f"cells={step.cells}")
    operation = "add" if step.operation == "residual" else step.operation
    call = f"x = {operation}({', '.join(['x', *told, *numbers])})"
    _, _, words = step.words.partition(": ")
    return f"{call}  # {words}" if words else call


def _results(content: Content) -> str:
    pairs = ['"outputs": network(inputs(row))', '"predictions": list(predict(row).values())']
    if content.golden.probabilities is not None:
        pairs.append('"probabilities": list(probabilities(row).values())')
    return "\n".join(["def results(row):", '    """All that the self-test compares."""', wrapped("return {", pairs, "}", 4)])


def _learned(content: Content) -> Iterator[str]:
    for name, array in content.tensors():
        yield f"{name_of(name)} = {_tensor(array, content)}"
    for step in every(content.steps):
        if step.lacks_bias:
            yield f"{name_of(step.tensors[0]).replace('weight', 'bias')} = [0.0] * {step.channels}  # the layer has none"
        if step.window is not None:
            yield f"{window(step)} = windows({', '.join(f'{name}={pair}' for name, pair in step.extents.items())})"


def _tensor(array: NDArray[Any], content: Content) -> str:
    is_single = array.dtype == np.float32
    if not content.is_readable:
        shape = ", ".join(map(str, array.shape))
        return f'stored(\n    """\n{base64_lines(array)}\n""",\n    "{"f" if is_single else "d"}",\n    {shape},\n)'

    def vector(numbers: NDArray[Any], indent: int) -> str:
        head, tail = ("float32([", "])") if is_single else ("[", "]")
        return wrapped(head, decimals(numbers), tail, indent)

    return nested(array, vector)


def _golden(content: Content) -> str:
    entries = []
    for golden in content.golden_rows():
        row = wrapped('"row": {', (f"{literal(k)}: {literal(v)}" for k, v in golden["row"].items()), "},", 8)
        rest = [wrapped(f'"{name}": [', map(literal, golden[name]), "],", 8) for name in golden if name != "row"]
        entries.append("\n".join(["    {", row, *rest, "    },"]))
    return "\n".join(
        [
            "# Rows that nobody sent, and what the service makes of them, reckoned with 64 bits.",
            f"TOLERANCE = {content.tolerance!r}  # of the largest",
            "GOLDEN = [",
            *entries,
            "]",
        ]
    )
