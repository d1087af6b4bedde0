"""Activations as ONNX nodes.

Of some operators onnxruntime has no kernel for float64, or their attributes are float32: a float64 network has their formula in
simpler operators instead.
"""

import math
from functools import singledispatch
from typing import Any

import numpy as np

from core.exports.modules import Module
from core.exports.onnx.graph import Graph
from core.nn import spec

_SELU_ALPHA, _SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@singledispatch
def activated(activation: Any, z: str, module: Module, graph: Graph) -> str:
    """y = f(z)"""
    raise TypeError(f"{type(activation).__name__} has no form in ONNX")


@activated.register
def _(activation: spec.Identity, z: str, module: Module, graph: Graph) -> str:
    return z


@activated.register(spec.Sigmoid)
@activated.register(spec.Tanh)
@activated.register(spec.ReLU)
def _(activation: Any, z: str, module: Module, graph: Graph) -> str:
    op = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "Relu"}[activation.type]
    return graph.add(op, z, at=module.name)


@activated.register
def _(activation: spec.LeakyReLU, z: str, module: Module, graph: Graph) -> str:
    if not graph.is_double:
        return graph.add("LeakyRelu", z, at=module.name, alpha=activation.negative_slope)
    below = graph.add("Mul", z, graph.constant(activation.negative_slope), at=module.name)
    return _where_positive(z, z, below, module, graph)


@activated.register
def _(activation: spec.PReLU, z: str, module: Module, graph: Graph) -> str:
    channels, *places = module.inputs
    slopes = graph.weights(f"{module.name}.weight", (channels, *(1 for _ in places)))
    return graph.add("PRelu", z, slopes, at=module.name)


@activated.register
def _(activation: spec.ELU, z: str, module: Module, graph: Graph) -> str:
    if not graph.is_double:
        return graph.add("Elu", z, at=module.name, alpha=activation.alpha)
    return _where_positive(z, z, _exponential(activation.alpha, z, module, graph), module, graph)


@activated.register
def _(activation: spec.SELU, z: str, module: Module, graph: Graph) -> str:
    if not graph.is_double:
        return graph.add("Selu", z, at=module.name, alpha=_SELU_ALPHA, gamma=_SELU_SCALE)
    above = graph.add("Mul", z, graph.constant(_SELU_SCALE), at=module.name)
    return _where_positive(z, above, _exponential(_SELU_SCALE * _SELU_ALPHA, z, module, graph), module, graph)


@activated.register
def _(activation: spec.GELU, z: str, module: Module, graph: Graph) -> str:
    at, half, one = module.name, graph.constant(0.5), graph.constant(1.0)
    if activation.approximation == "none":
        u = graph.add("Mul", z, graph.constant(math.sqrt(0.5)), at=at)
        curve = graph.single("gelu", "Erf", u, at=at)
    else:
        cube = graph.add("Mul", graph.add("Mul", z, z, at=at), z, at=at)
        inner = graph.add("Add", z, graph.add("Mul", cube, graph.constant(0.044715), at=at), at=at)
        curve = graph.add("Tanh", graph.add("Mul", inner, graph.constant(math.sqrt(2 / math.pi)), at=at), at=at)
    return graph.add("Mul", graph.add("Mul", z, half, at=at), graph.add("Add", curve, one, at=at), at=at)


@activated.register
def _(activation: spec.SiLU, z: str, module: Module, graph: Graph) -> str:
    return graph.add("Mul", z, graph.add("Sigmoid", z, at=module.name), at=module.name)


@activated.register
def _(activation: spec.Softplus, z: str, module: Module, graph: Graph) -> str:
    """ln(1 + e^x) / β with x = β z; in float64 max(x, 0) + ln(1 + e^−|x|)."""
    at, is_plain = module.name, activation.beta == 1
    x = z if is_plain else graph.add("Mul", z, graph.constant(activation.beta), at=at)
    if graph.is_double:
        falling = graph.add("Exp", graph.add("Neg", graph.add("Abs", x, at=at), at=at), at=at)
        rest = graph.add("Log", graph.add("Add", falling, graph.constant(1.0), at=at), at=at)
        y = graph.add("Add", graph.add("Relu", x, at=at), rest, at=at)
    else:
        y = graph.add("Softplus", x, at=at)
    return y if is_plain else graph.add("Div", y, graph.constant(activation.beta), at=at)


@activated.register
def _(activation: spec.Softsign, z: str, module: Module, graph: Graph) -> str:
    at = module.name
    if not graph.is_double:
        return graph.add("Softsign", z, at=at)
    return graph.add("Div", z, graph.add("Add", graph.add("Abs", z, at=at), graph.constant(1.0), at=at), at=at)


@activated.register
def _(activation: spec.HardTanh, z: str, module: Module, graph: Graph) -> str:
    return graph.add("Clip", z, graph.constant(activation.minimum), graph.constant(activation.maximum), at=module.name)


@activated.register
def _(activation: spec.Softmax, z: str, module: Module, graph: Graph) -> str:
    """Over all values of a row, whatever their shape."""
    if len(module.inputs) == 1:
        return graph.add("Softmax", z, at=module.name, axis=1)
    y = graph.add("Softmax", graph.add("Flatten", z, at=module.name, axis=1), at=module.name, axis=1)
    return graph.add("Reshape", y, graph.constant([0, *module.inputs], np.int64, "shape"), at=module.name)


def _where_positive(z: str, above: str, below: str, module: Module, graph: Graph) -> str:
    is_above = graph.add("Greater", z, graph.constant(0.0), at=module.name)
    return graph.add("Where", is_above, above, below, at=module.name)


def _exponential(scale: float, z: str, module: Module, graph: Graph) -> str:
    """scale · (e^min(z, 0) − 1)"""
    at = module.name
    power = graph.add("Exp", graph.add("Min", z, graph.constant(0.0), at=at), at=at)
    return graph.add("Mul", graph.add("Sub", power, graph.constant(1.0), at=at), graph.constant(scale), at=at)
