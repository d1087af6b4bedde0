"""A network as one file of Python 3.9, without anything but its standard library."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.exports.golden import Golden
from core.exports.pieces import needed
from core.exports.program import (
    FUNCTIONS,
    Content,
    Dialect,
    answer_of,
    arguments,
    base64_lines,
    block,
    decimals,
    kinds,
    nested,
    window,
    wrapped,
)
from core.exports.steps import Step, every
from core.nn.saving.model import SavedModel

SOURCE = "predictor.py"
DIALECT = Dialect(
    likelier="CLASSES[y[0] > {threshold}]", likeliest="CLASSES[y.index(max(y))]", same="likeliest == {}", as_number="int({})"
)
MODULES = ("base64", "csv", "json", "math", "sys")  # that the pieces use by their names

HEAD = '''"""A neural network that Gradmill trained: {summary}.

It needs Python 3.9 or newer and nothing else.

    python model.py rows.csv          predictions as CSV; the first line names the columns, an empty cell is a missing value
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
    named = (f"{literal(column)}: {literal(kind)}" for column, kind in kinds(content.features).items())
    head.append(wrapped("KINDS = {", named, "}  # of the columns that hold no numbers"))
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
    answer = answer_of(content, DIALECT)
    words = f"{answer.words} for a row, which is a dict with a value for each column: None where that is missing."
    forward = "[exponential(z) for z in network(inputs(row))]" if content.link == "exp" else "network(inputs(row))"
    lines = [f"y = {forward}"]
    if answer.compares_likeliest:
        lines.append("likeliest = y.index(max(y))")
    return _function("predict(row)", words, *lines, _answer(answer.pairs))


def _probabilities(content: Content) -> Iterator[str]:
    if not content.has_flags and content.classes is None:
        return
    p = "network(inputs(row))"
    if content.link == "sigmoid":
        p = f"[sigmoid(z) for z in {p}]"
    elif content.link == "softmax":
        p = f"softmax({p})"
    if not content.has_flags:
        answer = "return dict(zip(CLASSES, p))"
    elif content.classes is not None:
        answer = "return {CLASSES[0]: 1 - p[0], CLASSES[1]: p[0]}"
    else:
        answer = _answer([(target.column, f"p[{i}]") for i, target in enumerate(content.targets)])
    yield _function("probabilities(row)", "How likely each is, between 0 and 1.", f"p = {p}", answer)


def _answer(pairs: Iterable[tuple[str, str]]) -> str:
    return wrapped("return {", (f"{literal(column)}: {value}" for column, value in pairs), "}", 4).strip()


def _function(head: str, words: str, *lines: str) -> str:
    return "\n".join([f"def {head}:", f'    """{words}"""', *(f"    {line}" for line in lines)])


def _inputs(content: Content) -> str:
    lines = []
    for feature in content.features:
        told, head = arguments(feature), f"{FUNCTIONS[feature.kind]}(row, {literal(feature.column)}"
        if "texts" in told:
            star = "*" if feature.kind == "text" else ""
            lines.append(wrapped(f"{star}{head}, [", map(literal, told["texts"]), "]),", 8)[4:])
        else:
            lines.append(f"    {', '.join([head, *(f'{name}={literal(value)}' for name, value in told.items())])}),")
    return _function("inputs(row)", "The columns of a row as the numbers that the network takes.", "return [", *lines, "]")


def _network(content: Content) -> Iterator[str]:
    words = "The forward pass: what one layer gives, the next one takes."
    yield _function("network(x)", words, *map(_line, content.steps), "return x")
    for step in every(content.steps):
        if step.operation == "residual":
            words = "The layers inside of a residual block."
            yield _function(f"{block(step)}(x)", words, *map(_line, step.inner), "return x")


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
    return _function("results(row)", "All that the self-test compares.", wrapped("return {", pairs, "}", 4).strip())


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
            f"TOLERANCES = {literal(content.tolerances)}  # of the largest; labels must be the same",
            "GOLDEN = [",
            *entries,
            "]",
        ]
    )
