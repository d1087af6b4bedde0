"""A network as one ES module of JavaScript, for Node.js and browsers."""

import json
import re
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from core.exports.dialect import Dialect, Pairs
from core.exports.golden import Golden
from core.exports.pieces import needed
from core.exports.program import Content
from core.exports.walk import functions, golden, learned, vocabulary
from core.nn.saving.model import SavedModel

SOURCES = ("predictor.mjs", "program.mjs")
LARGEST = 2**53 - 1  # Number.MAX_SAFE_INTEGER: two whole numbers beyond it may be one number

HEAD = """/**
 * A neural network that Gradmill trained: {summary}.
 *
 *     node model.mjs rows.csv          predictions as CSV, for a table like the one that it learned from
 *     node model.mjs < rows.jsonl      one row to a line, as JSON; null is a missing value
 *     node model.mjs --self-test       compares what comes out with what the service predicts
 *
 * In a program, also in a browser: import {{ predict }} from "./model.mjs", then predict(row) with an object that holds a value
 * for each column. GOLDEN, at the end, has some rows.
 */
"""
END = "if (await isProgram()) {\n  await main();\n}\n"


def export(model: SavedModel, found: Golden) -> bytes:
    says = JavaScript(Content.of(model, found))
    own, numbers = [*functions(says)], "\n\n".join(learned(says))
    own += needed(SOURCES, "\n".join([*own, numbers, END]))
    head = [HEAD.rstrip("\n").format(summary=says.content.summary), *vocabulary(says)]
    return "\n\n".join([*head, *own, f"// What was learned.\n\n{numbers}", golden(says), END]).encode()


class JavaScript(Dialect):
    indent, end, comment, public = 2, ";", "//", "export "
    spread, braces, quotes = "...", ("{ ", " }"), "`"
    row = "an object with a value for each column: null where that is missing"
    place = "placeOfHighest(y)"
    likelier = "CLASSES[Number(y[0] > {threshold})]"
    same = "likeliest === {}"
    as_number = "Number({})"
    by_class = "Object.fromEntries(CLASSES.map((label, i) => [label, p[i]]))"
    by_flag = "{ [CLASSES[0]]: 1 - p[0], [CLASSES[1]]: p[0] }"

    @cached_property
    def _has_big(self) -> bool:
        return any(isinstance(value, int) and abs(value) > LARGEST for value in self.content.classes or ())

    def literal(self, value: Any) -> str:
        """The value as JavaScript writes it, in a page too; a text with escapes for what cannot be seen."""
        if isinstance(value, str):
            return json.dumps(value, ensure_ascii=not value.isprintable()).replace("<", "\\u003c")
        return json.dumps(value)

    def label(self, value: Any) -> str:
        """Where numbers have not the digits of one whole number among the classes, all of them are BigInt."""
        return f"{value}n" if self._has_big and isinstance(value, int) and not isinstance(value, bool) else self.literal(value)

    def key(self, name: str) -> str:
        return name

    def pair(self, column: str, value: str) -> str:
        """A plain __proto__ would be no key."""
        return f'["__proto__"]: {value}' if column == "__proto__" else f"{self.literal(column)}: {value}"

    def name(self, words: str) -> str:
        return re.sub(r"_([a-z])", lambda match: match[1].upper(), words)

    def variable(self, tensor: str) -> str:
        """weight0 for 0.weight."""
        *modules, last = tensor.split(".")
        return self.name(last) + "_".join(modules)

    def head(self, name: str) -> str:
        return f"const {name} = "

    def remark(self, words: str) -> str:
        return f" // {words}" if words else ""

    def function(self, signature: str, words: str, lines: Iterable[str], public: str) -> str:
        return "\n".join([f"/** {words} */", f"{public}function {signature} {{", *(f"  {line}" for line in lines), "}"])

    def each(self, call: str, values: str) -> str:
        return f"{values}.map((z) => {call})"

    def named(self, arguments: Mapping[str, str]) -> str:
        return f"{{ {', '.join(f'{name}: {value}' for name, value in arguments.items())} }}"

    def constants(self, numbers: Mapping[str, str]) -> list[str]:
        return [*numbers.values()]

    def repeated(self, value: str, count: int) -> str:
        return f"new Array({count}).fill({value})"

    def kind(self, array: NDArray[Any]) -> str:
        return str(array.itemsize)

    def results(self) -> tuple[list[str], Pairs]:
        """An object has its whole numbers first: values are taken by their names."""
        predictions = ", ".join(f"prediction[{self.literal(target.column)}]" for target in self.content.targets)
        lines = [f"{self.head('prediction')}predict(row);"]
        pairs = [("outputs", "network(inputs(row))"), ("predictions", f"[{predictions}]")]
        if self.content.golden.probabilities is not None:
            lines.append(f"{self.head('likely')}probabilities(row);")
            labels = (
                "CLASSES"
                if self.content.classes is not None
                else f"[{', '.join(self.literal(target.column) for target in self.content.targets)}]"
            )
            pairs.append(("probabilities", f"{labels}.map((label) => likely[label])"))
        return lines, pairs
