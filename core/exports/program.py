"""What a program in any language says of a network: the features, the steps, what the outputs mean, and the tensors."""

import base64
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.exports.golden import Golden, vocabulary_of
from core.exports.steps import Step, every, steps_of
from core.nn.preparation.column import Value
from core.nn.preparation.features import Boolean, Feature, Indicator, Number
from core.nn.preparation.reading import Reading
from core.nn.preparation.targets import Target
from core.nn.saving.model import Link, SavedModel

FUNCTIONS = {"number": "number", "boolean": "flag", "missing": "is_missing", "category": "code", "text": "one_hot"}
READABLE = 4_000  # so many numbers are written as numbers, more as base64
WIDTH = 120  # of a line
ROUNDING = 1e-9  # programs and golden vectors are reckoned in float64, whatever the network's own type is


@dataclass(frozen=True, slots=True)
class Content:
    """A model and its golden vectors as a program tells them."""

    model: SavedModel
    golden: Golden
    steps: tuple[Step, ...]

    @classmethod
    def of(cls, model: SavedModel, golden: Golden) -> "Content":
        return cls(model, golden, steps_of(model.card))

    @property
    def features(self) -> tuple[Feature, ...]:
        return self.model.card.preprocessing.features

    @property
    def reading(self) -> Reading:
        return self.model.card.reading

    @property
    def targets(self) -> tuple[Target, ...]:
        return self.model.card.preprocessing.outputs

    @property
    def classes(self) -> tuple[Value, ...] | None:
        return self.model.card.preprocessing.classes

    @property
    def link(self) -> Link:
        return self.model.card.link

    @property
    def has_flags(self) -> bool:
        """Each output says yes or no."""
        return self.model.card.loss.type == "binary_cross_entropy"

    @property
    def threshold(self) -> float:
        """Above which an output says yes: a logit is then above 0, a probability above 1/2."""
        return 0 if self.link == "sigmoid" else 0.5

    @property
    def vocabulary(self) -> int | None:
        """Below which number all inputs are, where an embedding says so."""
        return vocabulary_of(self.model.card.network)

    @property
    def is_readable(self) -> bool:
        return sum(array.size for _, array in self.tensors()) <= READABLE

    @property
    def tolerances(self) -> dict[str, list[float]]:
        """How far each value that the self-test compares may be from the service's: as far as sums in another order are.

        An output about the largest of all, which share a unit; a number about the largest in its own; a label not at all.
        """
        found = self.golden
        if not found.rows:
            return {}
        largest = max(1.0, *(abs(y) for outputs in found.outputs for y in outputs))
        told = {"outputs": [_rounded(largest)] * len(found.outputs[0])}
        if found.probabilities is not None:
            return {**told, "predictions": [0] * len(self.targets), "probabilities": [ROUNDING] * len(found.probabilities[0])}
        columns = [(target, [abs(row[target.column]) for row in found.predictions]) for target in self.targets]
        return {**told, "predictions": [_rounded(max(target.scale, *numbers)) for target, numbers in columns]}

    @property
    def summary(self) -> str:
        """4 inputs, dense 16, tanh, dense 3"""
        words = []
        for step in self.steps:
            if step.operation in ("dense", "convolution"):
                words.append(f"{step.operation} {step.channels}")
            elif step.operation:
                words.append(step.operation.replace("_", " "))
        return ", ".join([f"{self.model.card.preprocessing.width} inputs", *words])

    def tensors(self) -> Iterator[tuple[str, NDArray[Any]]]:
        """In the order in which they are used: those of dense layers (m, n), of windows (m, C, cells), all others vectors."""
        for step in every(self.steps):
            for name in step.tensors:
                array = self.model.weights[name]
                if step.operation == "convolution" and array.ndim > 1:
                    array = array.reshape(*array.shape[:2], -1)
                elif step.operation == "layer_normalisation":
                    array = array.reshape(-1)
                yield name, np.ascontiguousarray(array)

    def golden_rows(self) -> list[dict[str, Any]]:
        """Each as the program's self-test compares it."""
        return [
            {
                "row": row,
                "outputs": outputs,
                "predictions": list(prediction.values()),
                **({} if self.golden.probabilities is None else {"probabilities": self.golden.probabilities[i]}),
            }
            for i, (row, outputs, prediction) in enumerate(
                zip(self.golden.rows, self.golden.outputs, self.golden.predictions, strict=True)
            )
        ]


def _rounded(largest: float) -> float:
    """What rounding may be beside it, in two digits."""
    return float(f"{ROUNDING * largest:.1e}")


def arguments(feature: Feature) -> dict[str, Any]:
    """Of the function that makes inputs of the feature, but for the row and the column."""
    if isinstance(feature, Number):
        return {"shift": feature.shift, "scale": feature.scale, "missing": feature.missing}
    if isinstance(feature, Boolean):
        return {"missing": feature.missing}
    return {} if isinstance(feature, Indicator) else {"texts": list(feature.values)}


def kinds(features: Iterable[Feature], reading: Reading) -> dict[str, str]:
    """What the cells of each column hold: "text", "flag", "number", or "grouped" where its thousands may be parted."""
    found = {}
    for feature in features:
        if isinstance(feature, Number):
            found[feature.column] = "grouped" if feature.column in reading.numbers else "number"
        elif not isinstance(feature, Indicator):
            found[feature.column] = "flag" if isinstance(feature, Boolean) else "text"
    return found


def wrapped(head: str, items: Iterable[str], tail: str, indent: int = 0, step: int = 4) -> str:
    """The items between head and tail, on one line where it is not too long, else in lines, `step` further in."""
    items, margin, inner = list(items), " " * indent, " " * (indent + step)
    whole = f"{margin}{head}{', '.join(items)}{tail}"
    if len(whole) <= WIDTH:
        return whole
    lines, line = [margin + head.rstrip()], ""
    for item in items:
        word = f"{item},"
        if line and len(inner) + len(line) + 1 + len(word) > WIDTH:
            lines.append(inner + line)
            line = word
        else:
            line = f"{line} {word}" if line else word
    return "\n".join([*lines, inner + line, margin + tail.lstrip()])


def base64_lines(array: NDArray[Any]) -> str:
    """The bytes of the numbers, the lowest of each first."""
    text = base64.b64encode(array.astype(array.dtype.newbyteorder("<")).tobytes()).decode()
    return "\n".join(text[start : start + WIDTH] for start in range(0, len(text), WIDTH))


def decimals(vector: NDArray[Any]) -> list[str]:
    """The shortest decimals that are these numbers in their own type."""
    return [decimal(number) for number in vector]


def decimal(number: Any) -> str:
    if number == 0 or 1e-4 <= abs(number) < 1e6:
        return np.format_float_positional(number, trim="-")
    return np.format_float_scientific(number, trim="-", exp_digits=1)


def nested(array: NDArray[Any], vector: Callable[[NDArray[Any], int], str], indent: int = 0, step: int = 4) -> str:
    """A tensor as lists of lists; `vector` writes the innermost, after so many spaces."""
    if array.ndim == 1:
        return vector(array, indent)
    margin = " " * indent
    parts = [nested(part, vector, indent + step, step) for part in array]
    return "\n".join([f"{margin}[", *(f"{part}," for part in parts), f"{margin}]"])


def scaled(target: Target, number: str) -> str:
    """The number in the target's own unit: the same words in any language."""
    factor = number if target.scale == 1 else f"{target.scale!r} * {number}"
    return factor if target.shift == 0 else f"{factor} {'-' if target.shift < 0 else '+'} {abs(target.shift)!r}"
