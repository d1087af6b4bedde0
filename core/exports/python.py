"""A network as one file of Python 3.9, without anything but its standard library."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.exports.dialect import Dialect, Pairs
from core.exports.golden import Golden
from core.exports.pieces import needed
from core.exports.program import Content
from core.exports.walk import functions, golden, learned, vocabulary
from core.nn.saving.model import SavedModel

SOURCES = ("predictor.py", "program.py")
MODULES = ("base64", "csv", "io", "json", "math", "os", "re", "sys")  # that the pieces use by their names

HEAD = '''"""A neural network that Gradmill trained: {summary}.

It needs Python 3.9 or newer and nothing else.

    python model.py rows.csv          predictions as CSV, for a table like the one that it learned from
    python model.py < rows.jsonl      one row to a line, as JSON; null is a missing value
    python model.py --self-test       compares what comes out with what the service predicts

In a program: from model import predict, then predict(row) with a dict that holds a value for each column. GOLDEN, at the end,
has some rows.
"""
'''


def export(model: SavedModel, found: Golden) -> bytes:
    says = Python(Content.of(model, found))
    own, numbers = [*functions(says)], "\n\n".join(learned(says))
    own += needed(SOURCES, "\n".join([*own, numbers, "main()"]))
    body = "\n\n\n".join(own)
    head = "\n\n".join([HEAD.format(summary=says.content.summary) + "\n" + _imports(f"{body}\n{numbers}"), *vocabulary(says)])
    end = 'if __name__ == "__main__":\n    main()\n'
    return "\n\n\n".join([head, body, f"# What was learned.\n\n{numbers}", golden(says), end]).encode()


class Python(Dialect):
    indent, end, comment, public = 4, "", "#", ""
    spread, braces, quotes = "*", ("{", "}"), '"""'
    row = "a dict with a value for each column: None where that is missing"
    place = "y.index(max(y))"
    likelier = "CLASSES[y[0] > {threshold}]"
    same = "likeliest == {}"
    as_number = "int({})"
    by_class = "dict(zip(CLASSES, p))"
    by_flag = "{CLASSES[0]: 1 - p[0], CLASSES[1]: p[0]}"

    def literal(self, value: Any) -> str:
        """The value as Python writes it; a text in double quotes, with escapes for what cannot be seen."""
        if isinstance(value, str):
            escaped = value.replace("\\", "\\\\").replace('"', '\\"')
            return '"' + "".join(c if c.isprintable() else ascii(c)[1:-1] for c in escaped) + '"'
        return repr(value)

    def label(self, value: Any) -> str:
        return self.literal(value)

    def key(self, name: str) -> str:
        return self.literal(name)

    def pair(self, column: str, value: str) -> str:
        return f"{self.literal(column)}: {value}"

    def name(self, words: str) -> str:
        return words

    def variable(self, tensor: str) -> str:
        """weight_0 for 0.weight."""
        *modules, last = tensor.split(".")
        return "_".join([last, *modules])

    def head(self, name: str) -> str:
        return f"{name} = "

    def remark(self, words: str) -> str:
        return f"  # {words}" if words else ""

    def function(self, signature: str, words: str, lines: Iterable[str], public: str) -> str:
        return "\n".join([f"{public}def {signature}:", f'    """{words}"""', *(f"    {line}" for line in lines)])

    def each(self, call: str, values: str) -> str:
        return f"[{call} for z in {values}]"

    def named(self, arguments: Mapping[str, str]) -> str:
        return ", ".join(self.constants(arguments))

    def constants(self, numbers: Mapping[str, str]) -> list[str]:
        return [f"{name}={value}" for name, value in numbers.items()]

    def repeated(self, value: str, count: int) -> str:
        return f"[{value}] * {count}"

    def kind(self, array: NDArray[Any]) -> str:
        return '"f"' if array.dtype == np.float32 else '"d"'

    def results(self) -> tuple[list[str], Pairs]:
        pairs = [("outputs", "network(inputs(row))"), ("predictions", "list(predict(row).values())")]
        if self.content.golden.probabilities is not None:
            pairs.append(("probabilities", "list(probabilities(row).values())"))
        return [], pairs


def _imports(code: str) -> str:
    used = [f"import {module}" for module in MODULES if re.search(rf"\b{module}\.", code)]
    if re.search(r"\barray\(", code):
        used.append("from array import array")
    if re.search(r"\bmul\b", code):
        used.append("from operator import mul")
    return "\n".join(used)
