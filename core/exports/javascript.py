"""A network as one ES module of JavaScript, for Node.js and browsers."""

import json
import re
from collections.abc import Callable, Iterator
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

SOURCE = "predictor.mjs"
INDENT = 2
LARGEST = 2**53 - 1  # Number.MAX_SAFE_INTEGER: two whole numbers beyond it may be one number
DIALECT = Dialect(
    likelier="CLASSES[Number(y[0] > {threshold})]",
    likeliest="CLASSES[placeOfHighest(y)]",
    same="likeliest === {}",
    as_number="Number({})",
)

HEAD = """/**
 * A neural network that Gradmill trained: {summary}.
 *
 *     node model.mjs rows.csv          predictions as CSV; the first line names the columns, an empty cell is a missing value
 *     node model.mjs < rows.jsonl      one row to a line, as JSON; null is a missing value
 *     node model.mjs --self-test       compares what comes out with what the service predicts
 *
 * In a program, also in a browser: import {{ predict }} from "./model.mjs", then predict(row) with an object that holds a value
 * for each column. GOLDEN, at the end, has some rows.
 */
"""
END = "if (await isProgram()) {\n  await main();\n}\n"


def export(model: SavedModel, golden: Golden) -> bytes:
    content = Content.of(model, golden)
    own = [_predict(content), *_probabilities(content), _inputs(content), *_network(content), _results(content)]
    learned = "\n\n".join(_learned(content))
    code = "\n\n".join(own)
    if content.classes is not None:
        own.insert(0, wrapped("const CLASSES = [", map(_label(content), content.classes), "];", step=INDENT))
    named = (pair(column, literal(kind)) for column, kind in kinds(content.features).items())
    own.insert(0, "// Of the columns that hold no numbers.\n" + wrapped("const KINDS = {", named, "};", step=INDENT))
    own += needed(SOURCE, f"{code}\n{learned}\n{END}")
    return "\n\n".join(
        [HEAD.rstrip("\n").format(summary=content.summary), *own, f"// What was learned.\n\n{learned}", _golden(content), END]
    ).encode()


def literal(value: Any) -> str:
    """The value as JavaScript writes it, in a page too; a text with escapes for what cannot be seen."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=not value.isprintable()).replace("<", "\\u003c")
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(literal, value))}]"
    return json.dumps(value)


def _label(content: Content) -> Callable[[Any], str]:
    """How a class is written. Where numbers have not the digits of one whole number, all of them are BigInt."""
    whole = [value for value in content.classes or () if isinstance(value, int)]
    if all(abs(value) <= LARGEST for value in whole):
        return literal
    return lambda value: f"{value}n" if isinstance(value, int) and not isinstance(value, bool) else literal(value)


def pair(key: str, value: str) -> str:
    """Of an object. A plain __proto__ would be no key."""
    return f'["__proto__"]: {value}' if key == "__proto__" else f"{literal(key)}: {value}"


def camel(words: str) -> str:
    return re.sub(r"_([a-z])", lambda match: match[1].upper(), words)


def name_of(tensor: str) -> str:
    """Of the variable that holds it: weight0 for 0.weight."""
    *modules, last = tensor.split(".")
    return camel(last) + "_".join(modules)


def _function(head: str, words: str, *lines: str) -> str:
    return "\n".join([f"/** {words} */", f"{head} {{", *(f"  {line}" for line in lines), "}"])


def _answer(pairs: list[str]) -> str:
    return wrapped("return { ", pairs, " };", INDENT, INDENT).strip()


def _predict(content: Content) -> str:
    answer = answer_of(content, DIALECT)
    words = f"{answer.words} for a row, which is an object with a value for each column: null where that is missing."
    lines = [f"const y = network(inputs(row)){'.map((z) => exponential(z))' if content.link == 'exp' else ''};"]
    if answer.compares_likeliest:
        lines.append("const likeliest = placeOfHighest(y);")
    return _function("export function predict(row)", words, *lines, _answer([pair(*each) for each in answer.pairs]))


def _probabilities(content: Content) -> Iterator[str]:
    if not content.has_flags and content.classes is None:
        return
    p = "network(inputs(row))"
    if content.link == "sigmoid":
        p += ".map((z) => sigmoid(z))"
    elif content.link == "softmax":
        p = f"softmax({p})"
    if not content.has_flags:
        answer = "return Object.fromEntries(CLASSES.map((label, i) => [label, p[i]]));"
    elif content.classes is not None:
        answer = "return { [CLASSES[0]]: 1 - p[0], [CLASSES[1]]: p[0] };"
    else:
        answer = _answer([pair(target.column, f"p[{i}]") for i, target in enumerate(content.targets)])
    words = "How likely each is, between 0 and 1."
    yield _function("export function probabilities(row)", words, f"const p = {p};", answer)


def _inputs(content: Content) -> str:
    lines = []
    for feature in content.features:
        told, head = arguments(feature), f"{camel(FUNCTIONS[feature.kind])}(row, {literal(feature.column)}"
        if "texts" in told:
            dots = "..." if feature.kind == "text" else ""
            lines.append(wrapped(f"{dots}{head}, [", map(literal, told["texts"]), "]),", 4, INDENT)[2:])
        elif told:
            named = ", ".join(f"{name}: {literal(value)}" for name, value in told.items())
            lines.append(f"  {head}, {{ {named} }}),")
        else:
            lines.append(f"  {head}),")
    return _function(
        "export function inputs(row)", "The columns of a row as the numbers that the network takes.", "return [", *lines, "];"
    )


def _network(content: Content) -> Iterator[str]:
    words = "The forward pass: what one layer gives, the next one takes."
    yield _function("export function network(x)", words, *map(_line, content.steps), "return x;")
    for step in every(content.steps):
        if step.operation == "residual":
            words = "The layers inside of a residual block."
            yield _function(f"function {camel(block(step))}(x)", words, *map(_line, step.inner), "return x;")


def _line(step: Step) -> str:
    told, numbers = [name_of(tensor) for tensor in step.tensors], [literal(value) for value in step.numbers.values()]
    if not step.operation:
        return f"// {step.words}"
    if step.is_scalar:
        return f"x = x.map((z) => {camel(step.operation)}({', '.join(['z', *numbers])}));"
    operation = step.operation
    if step.lacks_bias:
        told.append(name_of(step.tensors[0]).replace("weight", "bias"))
    if step.operation == "residual":
        operation, told = "add", [f"{camel(block(step))}(x)"]
    elif step.tables is not None:
        told = [f"{{ {', '.join(f'{place}: {name_of(tensor)}' for place, tensor in step.tables.items())} }}"]
    elif step.operation.endswith("pooling"):
        told = [str(step.channels)]
    if step.window is not None:
        told.append(window(step).replace("_", "", 1))
    if step.operation == "average_pooling":
        told.append(str(step.cells))
    _, _, words = step.words.partition(": ")
    return f"x = {camel(operation)}({', '.join(['x', *told, *numbers])});" + (f" // {words}" if words else "")


def _results(content: Content) -> str:
    predictions = [f"prediction[{literal(target.column)}]" for target in content.targets]
    lines = ["const prediction = predict(row);"]
    pairs = ["outputs: network(inputs(row))", f"predictions: [{', '.join(predictions)}]"]
    if content.golden.probabilities is not None:
        lines.append("const likely = probabilities(row);")
        labels = "CLASSES" if content.classes is not None else literal([target.column for target in content.targets])
        pairs.append(f"probabilities: {labels}.map((label) => likely[label])")
    return _function("export function results(row)", "All that the self-test compares.", *lines, _answer(pairs))


def _learned(content: Content) -> Iterator[str]:
    for name, array in content.tensors():
        yield f"const {name_of(name)} = {_tensor(array, content)};"
    for step in every(content.steps):
        if step.lacks_bias:
            name = name_of(step.tensors[0]).replace("weight", "bias")
            yield f"const {name} = new Array({step.channels}).fill(0); // the layer has none"
        if step.window is not None:
            pairs = ", ".join(f"{name}: {list(each)}" for name, each in step.extents.items())
            yield f"const {window(step).replace('_', '', 1)} = windows({{ {pairs} }});"


def _tensor(array: NDArray[Any], content: Content) -> str:
    is_single = array.dtype == np.float32
    if not content.is_readable:
        shape = ", ".join(map(str, array.shape))
        return f"stored(\n  `\n{base64_lines(array)}\n`,\n  {array.itemsize},\n  {shape},\n)"

    def vector(numbers: NDArray[Any], indent: int) -> str:
        head, tail = ("float32([", "])") if is_single else ("[", "]")
        return wrapped(head, decimals(numbers), tail, indent, INDENT)

    return nested(array, vector, step=INDENT)


def _golden(content: Content) -> str:
    entries, label = [], _label(content)
    tolerances = [f"{name}: {share!r}" for name, share in content.tolerances.items()]
    for golden in content.golden_rows():
        row = wrapped("row: { ", (pair(column, literal(value)) for column, value in golden["row"].items()), " },", 4, INDENT)
        rest = [
            wrapped(f"{name}: [", map(label if name == "predictions" else literal, golden[name]), "],", 4, INDENT)
            for name in golden
            if name != "row"
        ]
        entries.append("\n".join(["  {", row, *rest, "  },"]))
    return "\n".join(
        [
            "// Rows that nobody sent, and what the service makes of them, reckoned with 64 bits.",
            f"const TOLERANCES = {{ {', '.join(tolerances)} }}; // of the largest; labels must be the same",
            "export const GOLDEN = [",
            *entries,
            "];",
        ]
    )
