"""Uses downloaded weights without Gradmill: rows of a CSV in, predictions out, in the data's own words and units.

    python examples/predict.py iris.safetensors examples/data/iris.csv

It needs numpy and safetensors. Everything it does stands in the file's metadata: how columns become inputs (`preprocessing`),
what the layers are (`network`), what the outputs mean (`classes`, or each target's shift and scale).
"""

import csv
import json
import sys
from collections.abc import Iterator
from itertools import count
from typing import Any

import numpy as np
from safetensors import safe_open

JSON = dict[str, Any]
Row = dict[str, str]

MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "--"}
ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z, negative_slope: np.where(z > 0, z, negative_slope * z),
    "softmax": lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(),
}


def main() -> None:
    weights_file, rows_file = sys.argv[1:3]
    with safe_open(weights_file, "numpy") as opened:
        weights = {name: opened.get_tensor(name) for name in opened.keys()}  # noqa: SIM118 - it is no mapping
        network, preprocessing = (json.loads(opened.metadata()[name]) for name in ("network", "preprocessing"))
    with open(rows_file, newline="") as file:
        for row in csv.DictReader(file):
            x = np.array([number for feature in preprocessing["features"] for number in inputs(feature, row)])
            print(meaning(network, preprocessing, outputs(network, weights, x)))


def inputs(feature: JSON, row: Row) -> Iterator[float]:
    """The numbers that a column becomes: one, or for a text that is not a code one for each value that it may have."""
    text = row[feature["column"]].strip()
    is_missing = text.lower() in MISSING
    match feature["kind"]:
        case "number":
            yield ((feature["missing"] if is_missing else float(text)) - feature["shift"]) / feature["scale"]
        case "boolean":
            yield feature["missing"] if is_missing else float(text.lower() in ("true", "1"))
        case "missing":
            yield float(is_missing)
        case "text":
            yield from (float(text == value) for value in feature["values"])
        case "category":
            values = feature["values"]
            yield float(values.index(text) if text in values else len(values))


def outputs(network: JSON, weights: dict[str, Any], x: Any) -> Any:
    """The forward pass: y = f(W x + b), layer after layer. An activation that is not the identity counts as a module."""
    module = count()
    for layer in network["layers"]:
        number = next(module)
        z = weights[f"{number}.weight"] @ x + weights.get(f"{number}.bias", 0)
        settings = dict(layer["activation"])
        name = settings.pop("type")
        x = ACTIVATIONS[name](z, **settings)
        if name != "identity":
            next(module)
    return x


def meaning(network: JSON, preprocessing: JSON, y: Any) -> str:
    """The likeliest class, or each target in its own unit."""
    classes, targets = preprocessing["classes"], preprocessing["targets"]
    if classes is None:
        return ",".join(f"{v * t.get('scale', 1) + t.get('shift', 0):g}" for v, t in zip(y, targets, strict=True))
    if len(y) > 1:
        return str(classes[int(y.argmax())])
    is_probability = network["layers"][-1]["activation"]["type"] == "sigmoid"  # else it is a logit
    return str(classes[int(y[0] > (0.5 if is_probability else 0))])


if __name__ == "__main__":
    main()
