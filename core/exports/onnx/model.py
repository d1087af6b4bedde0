"""A whole model as one ONNX file: columns, layers, predictions."""

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from onnx import ModelProto, checker, helper

from core.exports.arrays import Group, groups
from core.exports.contents import metadata
from core.exports.golden import Golden
from core.exports.modules import modules
from core.exports.onnx.columns import column_names, prepared
from core.exports.onnx.graph import ML, Graph
from core.exports.onnx.layers import run_through
from core.nn.preparation.column import Value
from core.nn.saving.model import SavedModel

OPSET, ML_OPSET, IR_VERSION = 17, 3, 10
LABEL, PROBABILITIES = "label", "probabilities"


def written(model: SavedModel, golden: Golden) -> bytes:
    """The file, which keeps ONNX's own rules."""
    data: bytes = _document(_graph(model), metadata(model, golden)).SerializeToString(deterministic=True)
    checker.check_model(data, full_check=True)
    return data


def _graph(model: SavedModel) -> Graph:
    fitted = model.card.preprocessing
    names, texts = column_names(fitted.features)
    inputs = groups(names, tuple(texts))
    outputs = groups([target.column for target in fitted.outputs]) if fitted.classes is None else []
    taken = [group.name for group in inputs]
    given = _distinct([group.name for group in outputs] or [LABEL, PROBABILITIES], taken)
    graph = Graph(model, [*taken, *given])
    x = prepared(fitted.features, inputs, graph)
    layers = modules(model.card)
    y = run_through(layers, x, graph)
    if len(layers[-1].outputs) > 1:
        y = graph.add("Flatten", y, axis=1)
    p = _linked(y if graph.is_double else graph.cast(y, np.float64), graph)
    if fitted.classes is None:
        _give_numbers(p, outputs, given, graph)
    else:
        _give_classes(p, math.prod(layers[-1].outputs), fitted.classes, given, graph)
    return graph


def _linked(y: str, graph: Graph) -> str:
    match graph.card.link:
        case "sigmoid":
            return graph.add("Sigmoid", y)
        case "softmax":
            return graph.add("Softmax", y, axis=1)
        case "exp":
            return graph.add("Exp", y)
        case _:
            return y


def _give_numbers(p: str, outputs: Sequence[Group], names: Sequence[str], graph: Graph) -> None:
    """One output a target, or array of targets: numbers in its own unit, or the probability that it is set."""
    targets = graph.card.preprocessing.outputs
    are_flags = graph.card.loss.type == "binary_cross_entropy"
    says = "the probability that it is set" if are_flags else "in the target's own unit"
    for name, group in zip(names, outputs, strict=True):
        places = range(group.first, group.first + group.width)
        value = graph.columns(p, places, len(targets))
        scales, shifts = [targets[place].scale for place in places], [targets[place].shift for place in places]
        if any(scale != 1 for scale in scales) and not are_flags:
            value = graph.add("Mul", value, graph.constant([scales], np.float64, "scale"))
        if any(shifts) and not are_flags:
            value = graph.add("Add", value, graph.constant([shifts], np.float64, "shift"))
        graph.give(name, value, np.float64, [group.width], says)


def _give_classes(p: str, m: int, classes: Sequence[Value], names: Sequence[str], graph: Graph) -> None:
    """The likeliest class of each row, of equal ones the first, and the probability of each class."""
    if m == 1:
        p = graph.joined([graph.add("Sub", graph.constant(1.0, np.float64), p), p])
    place = graph.add("ArgMax", p, axis=1, keepdims=0)
    dtype = _type_of(classes)
    label = graph.add("Gather", graph.constant(np.array(classes, dtype), dtype, "classes"), place)
    graph.give(names[0], label, dtype, [], "the likeliest class")
    graph.give(names[1], p, np.float64, [len(classes)], "of the classes, in the order of the metadata's preprocessing.classes")


def _type_of(classes: Sequence[Value]) -> np.dtype[np.generic]:
    """Truth values, whole numbers and numbers as they are, all else as text."""
    for kind, dtype in ((bool, np.bool_), (int, np.int64), ((int, float), np.float64)):
        if all(isinstance(value, kind) and (kind is bool or not isinstance(value, bool)) for value in classes):
            return np.dtype(dtype)
    return np.dtype(object)


def _distinct(names: Sequence[str], taken: Sequence[str]) -> list[str]:
    """The names, those that an input has already with "predicted " before them."""
    found: list[str] = []
    for name in names:
        while name in taken or name in found:
            name = f"predicted {name}"
        found.append(name)
    return found


def _document(graph: Graph, words: Mapping[str, Any]) -> ModelProto:
    made = helper.make_graph(graph.nodes, "gradmill", graph.inputs, graph.outputs, graph.constants)
    versions = [helper.make_opsetid("", OPSET), helper.make_opsetid(ML, ML_OPSET)]
    document = helper.make_model(made, producer_name="gradmill", ir_version=IR_VERSION, opset_imports=versions)
    texts = {name: json.dumps(value, ensure_ascii=False) for name, value in words.items()}
    if graph.lowered:
        kinds = ", ".join(sorted(graph.lowered))
        texts["precision"] = f"float64, but in float32: {kinds}, for which onnxruntime has nothing else"
        document.doc_string = texts["precision"]  # where viewers of graphs look
    helper.set_model_props(document, texts)
    return document
