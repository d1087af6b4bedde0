"""Uses downloaded weights without Gradmill: rows of a CSV in, predictions out, in the data's own words and units.

    python examples/predict.py iris.safetensors examples/data/iris.csv

The CSV may have commas, semicolons or tabs; without commas between them, numbers may have decimal ones. It needs numpy and
safetensors. Everything it does stands in the file's metadata: how columns become inputs (`preprocessing`), what the layers
are (`network`), what the outputs mean (`loss`, `classes`, or each target's shift and scale), and which texts mean a missing
value and which sign decimals have, where the data's upload said or showed it (`reading`).
"""

import argparse
import csv
import json
import math
import re
import sys
from collections.abc import Iterator
from itertools import chain, count
from typing import Any, TextIO

import numpy as np
from safetensors import SafetensorError, safe_open

JSON = dict[str, Any]
Row = dict[str, str]

DELIMITERS = ",;\t"
OTHER = {".": ",", ",": "."}
MISSING = {"", "na", "n/a", "#n/a", "nan", "null", "none", "?", "-", "--"}
ACTIVATIONS = {
    "identity": lambda z: z,
    "sigmoid": lambda z: 1 / (1 + np.exp(-z)),
    "tanh": np.tanh,
    "relu": lambda z: np.maximum(z, 0),
    "leaky_relu": lambda z, negative_slope: np.where(z > 0, z, negative_slope * z),
    "prelu": lambda z, slope: np.where(z > 0, z, slope * z),
    "elu": lambda z, alpha: np.where(z > 0, z, alpha * np.expm1(np.minimum(z, 0))),
    "selu": lambda z: 1.0507009873554805 * np.where(z > 0, z, 1.6732632423543772 * np.expm1(np.minimum(z, 0))),
    "gelu": lambda z, approximation: z * normal(z, approximation),
    "silu": lambda z: z / (1 + np.exp(-z)),
    "softplus": lambda z, beta: np.logaddexp(0, beta * z) / beta,
    "softsign": lambda z: z / (1 + abs(z)),
    "hard_tanh": lambda z, minimum, maximum: np.clip(z, minimum, maximum),
    "softmax": lambda z: np.exp(z - z.max()) / np.exp(z - z.max()).sum(),
}


LINKS = {
    "poisson": np.exp,  # outputs are logarithms
    "binary_cross_entropy": ACTIVATIONS["sigmoid"],  # outputs are logits, where the last layer has no activation
    "softmax_cross_entropy": ACTIVATIONS["softmax"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Prints what a trained network predicts of each row, one to a line.")
    parser.add_argument("weights", metavar="WEIGHTS.safetensors", help="as GET /v1/jobs/{id}/weights gives them")
    parser.add_argument(
        "rows", metavar="ROWS.csv", help="with the columns that the network was trained on; others do not matter"
    )
    parser.add_argument(
        "--missing-value", metavar="TEXT", action="append", default=[], help="means a missing value too; may be repeated"
    )
    options = parser.parse_args()
    try:
        network, loss, preprocessing, reading, weights = opened(options.weights)
        missing_values = [*reading.get("missing_values", ()), *options.missing_value]
        with opened_rows(options.rows, reading.get("encoding")) as file:
            for place, row in enumerate(read(file, preprocessing["features"], missing_values, reading.get("decimal"))):
                try:
                    x = np.array([number for feature in preprocessing["features"] for number in inputs(feature, row)])
                except ValueError as error:
                    raise ValueError(f"{options.rows}, row {place}: {error}") from None
                print(meaning(preprocessing, linked(network, loss, outputs(network, weights, x))))
    except SafetensorError as error:
        sys.exit(f"predict.py: {options.weights} is no safetensors file: {error}")
    except (OSError, ValueError) as error:
        sys.exit(f"predict.py: {error}")


def opened_rows(path: str, encoding: str | None) -> TextIO:
    """In UTF-8, or else in the encoding that the training data had."""
    try:
        with open(path, encoding="utf-8-sig") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        if encoding is not None:
            return open(path, newline="", encoding=encoding)
    return open(path, newline="", encoding="utf-8-sig")


def opened(path: str) -> tuple[JSON, JSON, JSON, JSON, dict[str, Any]]:
    """The network, the loss, the preprocessing, what was said of the training data's cells, and the weights. ValueError where
    the file is none of Gradmill's, or has layers that this program does not know."""
    with safe_open(path, "numpy") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        metadata = file.metadata() or {}
    if not {"network", "loss", "preprocessing"} <= metadata.keys():
        raise ValueError(f"{path} has no network, loss and preprocessing in its metadata; weights of a job have")
    network, loss, preprocessing = (json.loads(metadata[name]) for name in ("network", "loss", "preprocessing"))
    if unknown := {layer["type"] for layer in network["layers"]} - {"dense"}:
        raise ValueError(f"{path} has layers of the type {', '.join(sorted(unknown))}; this program knows dense ones")
    return network, loss, preprocessing, json.loads(metadata.get("reading", "{}")), weights


def read(file: TextIO, features: list[JSON], missing_values: list[str], decimal: str | None = None) -> Iterator[Row]:
    """The texts of each row; a missing value is empty, and each number has a point."""
    first = file.readline()
    if named := re.fullmatch('"?sep=([,;\t])"?', first.strip("\r\n"), re.IGNORECASE):  # as spreadsheets write above the names
        first = file.readline()
    bare = "".join(first.split('"')[::2])  # what is quoted delimits nothing
    delimiter = named[1] if named else max(DELIMITERS, key=bare.count)
    reader = csv.DictReader(chain([first], file), delimiter=delimiter)
    numbers = {feature["column"] for feature in features if feature["kind"] == "number"}
    lacking = {feature["column"] for feature in features} - {*(reader.fieldnames or ())}
    if lacking:
        raise ValueError(f"the rows have no column {', '.join(sorted(lacking))}, which the network was trained on")
    rows = []
    for row in reader:
        if None in row.values():
            raise ValueError(f"line {reader.line_num} has fewer values than the first line has names")
        rows.append({name: "" if text in missing_values else text for name, text in row.items()})
    columns = {name: [row[name] for row in rows] for name in reader.fieldnames or ()}
    told = [columns[name] for name in columns if name in numbers or all(name != feature["column"] for feature in features)]
    written = forms(told, delimiter == "," and not (decimal and len(columns) == 1), decimal)
    found = {name: pointed(columns[name], written) for name in numbers}
    for i, row in enumerate(rows):
        yield {**row, **{name: texts[i] for name, texts in found.items()}}


def forms(columns: list[list[str]], is_between: bool, decimal: str | None) -> list[tuple[str, str]]:
    """How numbers may be written, the likelier first: the sign before decimals, and the one that may separate thousands. The
    sign is that of the training data, or else the one that the columns of numbers show; where they show both, a column may have
    either. Where commas stand between the columns, decimal ones are in quotes only."""
    shown = [sign for sign in ".," if any(shows(texts, sign) for texts in columns)]
    sign = {"comma": ",", "point": "."}.get(decimal or "")
    if is_between and sign == ",":
        sign = "," if any(map(has_commas, columns)) else None
    elif sign is None and shown and not is_between:
        sign = shown[0]
    if sign is None:
        return [(".", "")] if is_between else [(".", ""), (",", "")]
    return [(sign, OTHER[sign]), *([(OTHER[sign], sign)] if len(shown) == 2 else [])]


def has_commas(texts: list[str]) -> bool:
    """Whether texts, most of which are numbers, have commas in some of these."""
    present = different(texts)
    numbers = max(sum(is_number(text, *signs) for text in present) for signs in (".,", ",."))
    return 2 * numbers > len(present) and any("," in text for text in present)


def shows(texts: list[str], sign: str) -> bool:
    """Whether texts, most of which are numbers, show this sign: some are none with the other one."""
    present = different(texts)
    numbers = [text for text in present if is_number(text, sign, OTHER[sign])]
    return 2 * len(numbers) > len(present) and any(not is_number(text, OTHER[sign], sign) for text in numbers)


def different(texts: list[str]) -> set[str]:
    """Those that are there, each once."""
    return {text.strip() for text in texts if text.strip().lower() not in MISSING}


def pointed(texts: list[str], forms: list[tuple[str, str]]) -> list[str]:
    """The numbers with a decimal point and without separated thousands, by the form in which most of them are written."""
    sign, other = max(forms, key=lambda form: sum(is_number(text, *form) for text in texts))
    return [
        text.replace(other, "").replace(sign, ".")
        if is_number(text, sign, other)
        else f"({text})"
        if re.search(r"\d", text)  # what is no number must not become one
        else text
        for text in texts
    ]


def is_number(text: str, sign: str, other: str) -> bool:
    """Whether it is one with this sign before decimals, and the other one between thousands if at all."""
    thousands = rf"|[1-9]\d{{0,2}}([{other}]\d{{3}})+([{sign}]\d*)?" if other else ""
    form = rf"\s*[+-]?((\d+[{sign}]?\d*|[{sign}]\d+)([eE][+-]?\d+)?{thousands})\s*"
    return re.fullmatch(form, text, re.ASCII) is not None


def inputs(feature: JSON, row: Row) -> Iterator[float]:
    """The numbers that a column becomes: one, or for a text that is not a code one for each value that it may have."""
    text = row[feature["column"]].strip()
    is_missing = text.lower() in MISSING
    match feature["kind"]:
        case "number":
            yield ((feature["missing"] if is_missing else number(feature, text)) - feature["shift"]) / feature["scale"]
        case "boolean":
            yield feature["missing"] if is_missing else float(text.lower() in ("true", "1"))
        case "missing":
            yield float(is_missing)
        case "text":
            yield from (float(text == value) for value in feature["values"])
        case "category":
            values = feature["values"]
            yield float(values.index(text) if text in values else len(values))


def number(feature: JSON, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise ValueError(
            f"column {feature['column']} is {text!r}, which is no number; if it means a missing value: --missing-value {text!r}"
        ) from None


def outputs(network: JSON, weights: dict[str, Any], x: Any) -> Any:
    """The forward pass: y = f(W x + b), layer after layer. An activation that is not the identity counts as a module."""
    module = count()
    for layer in network["layers"]:
        number = next(module)
        z = weights[f"{number}.weight"] @ x + weights.get(f"{number}.bias", 0)
        settings = dict(layer["activation"])
        name = settings.pop("type")
        if name != "identity":
            number = next(module)
        if name == "prelu":
            settings = {"slope": weights[f"{number}.weight"]}
        x = ACTIVATIONS[name](z, **settings)
    return x


def normal(z: Any, approximation: str) -> Any:
    """The probability of less than z in the normal distribution."""
    if approximation == "tanh":
        return (1 + np.tanh(math.sqrt(2 / math.pi) * (z + 0.044715 * z**3))) / 2
    return np.array([math.erfc(-number / math.sqrt(2)) / 2 for number in z])


def linked(network: JSON, loss: JSON, y: Any) -> Any:
    """What the outputs predict: logarithms become numbers, and logits probabilities."""
    is_linear = network["layers"][-1]["activation"]["type"] == "identity"
    return LINKS[loss["type"]](y) if loss["type"] == "poisson" or (is_linear and loss["type"] in LINKS) else y


def meaning(preprocessing: JSON, y: Any) -> str:
    """The likeliest class, or each target in its own unit, or of flags their probabilities."""
    classes, targets = preprocessing["classes"], preprocessing["targets"]
    if classes is None:
        return ",".join(f"{v * t.get('scale', 1) + t.get('shift', 0):g}" for v, t in zip(y, targets, strict=True))
    if len(y) > 1:
        return str(classes[int(y.argmax())])
    return str(classes[int(y[0] > 0.5)])


if __name__ == "__main__":
    main()
