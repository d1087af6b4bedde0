"""Layers as ONNX nodes, which take and give (rows, *shape), channels first."""

from collections.abc import Iterable
from functools import singledispatch
from typing import Any, get_args

import numpy as np

from core.exports.modules import Module, Run, runs
from core.exports.onnx.activations import activated
from core.exports.onnx.graph import Graph
from core.nn import spec
from core.nn.geometry import Geometry


def run_through(modules: Iterable[Module], x: str, graph: Graph) -> str:
    """What the modules make of x, one after the other."""
    for module in modules:
        x = layered(module.layer, x, module, graph)
    return x


@singledispatch
def layered(layer: Any, x: str, module: Module, graph: Graph) -> str:
    """What the layer makes of x."""
    if isinstance(layer, get_args(spec.AnyActivation)):
        return activated(layer, x, module, graph)
    raise TypeError(f"{type(layer).__name__} has no form in ONNX")


@layered.register
def _(layer: spec.Dense, x: str, module: Module, graph: Graph) -> str:
    return graph.add("Gemm", x, *_learned(layer, module, graph), at=module.name, transB=1)


@layered.register
def _(layer: spec.Convolution, x: str, module: Module, graph: Graph) -> str:
    return graph.single(layer.type, "Conv", x, *_learned(layer, module, graph), at=module.name, **_window(layer, module))


@layered.register
def _(layer: spec.Pooling, x: str, module: Module, graph: Graph) -> str:
    window = _window(layer, module)
    if isinstance(layer, spec.MaxPooling1D | spec.MaxPooling2D):
        return graph.add("MaxPool", x, at=module.name, **window)
    return graph.single(layer.type, "AveragePool", x, at=module.name, count_include_pad=1, **window)


@layered.register
def _(layer: spec.Dropout, x: str, module: Module, graph: Graph) -> str:
    return x


@layered.register
def _(layer: spec.BatchNormalisation, x: str, module: Module, graph: Graph) -> str:
    """The attribute epsilon is a float32: in a float64 network it is a part of the variance."""
    names = (f"{module.name}.{name}" for name in ("weight", "bias", "running_mean"))
    scale, shift, mean = (graph.weights(name) for name in names)
    variance, epsilon = f"{module.name}.running_var", layer.epsilon
    if graph.is_double:
        moved, epsilon = graph.constant(graph.arrays[variance] + epsilon, name=f"{variance}+epsilon"), 0.0
    else:
        moved = graph.weights(variance)
    return graph.add("BatchNormalization", x, scale, shift, mean, moved, at=module.name, epsilon=epsilon)


@layered.register
def _(layer: spec.LayerNormalisation, x: str, module: Module, graph: Graph) -> str:
    """The operator's epsilon is a float32, and its mean too: in a float64 network the formula stands in its place."""
    scale, shift = (graph.weights(f"{module.name}.{name}") for name in ("weight", "bias"))
    if not graph.is_double:
        return graph.add("LayerNormalization", x, scale, shift, at=module.name, axis=1, epsilon=layer.epsilon)
    at, axes = module.name, list(range(1, 1 + len(module.inputs)))
    difference = graph.add("Sub", x, graph.add("ReduceMean", x, at=at, axes=axes), at=at)
    variance = graph.add("ReduceMean", graph.add("Mul", difference, difference, at=at), at=at, axes=axes)
    deviation = graph.add("Sqrt", graph.add("Add", variance, graph.constant(layer.epsilon), at=at), at=at)
    return graph.add("Add", graph.add("Mul", graph.add("Div", difference, deviation, at=at), scale, at=at), shift, at=at)


@layered.register
def _(layer: spec.Embedding, x: str, module: Module, graph: Graph) -> str:
    return graph.joined([_looked_up(run, x, module, graph) for run in runs(graph.card, layer)])


@layered.register
def _(layer: spec.Flatten, x: str, module: Module, graph: Graph) -> str:
    return graph.add("Flatten", x, at=module.name, axis=1)


@layered.register
def _(layer: spec.Reshape, x: str, module: Module, graph: Graph) -> str:
    return graph.add("Reshape", x, graph.constant([0, *layer.shape], np.int64, "shape"), at=module.name)


@layered.register
def _(layer: spec.Residual, x: str, module: Module, graph: Graph) -> str:
    return graph.add("Add", x, run_through(module.within, x, graph), at=module.name)


def _learned(layer: spec.Dense | spec.Convolution, module: Module, graph: Graph) -> list[str]:
    return [graph.weights(f"{module.name}.{name}") for name in (("weight", "bias") if layer.bias else ("weight",))]


def _window(layer: spec.Convolution | spec.Pooling, module: Module) -> dict[str, Any]:
    """How the window stands, as ONNX says it: first all paddings before, then all behind."""
    seen = Geometry.of(layer, module.inputs)
    kernel, stride = [seen.kernel_height, seen.kernel_width], [seen.stride_height, seen.stride_width]
    before = [seen.padding_height, seen.padding_width]
    after = [size // 2 for size in kernel] if layer.padding == "same" else before
    sides = slice(3 - len(module.inputs), None)  # a signal has no height
    return {
        "kernel_shape": kernel[sides],
        "strides": stride[sides],
        "pads": [*before[sides], *after[sides]],
    }


def _looked_up(run: Run, x: str, module: Module, graph: Graph) -> str:
    """The run's columns of x: rows of its table one after the other, or as they are."""
    n = module.inputs[0]
    columns = graph.columns(x, range(run.first, run.first + run.count), n)
    if run.weight is None:
        return columns
    rows = graph.add("Gather", graph.weights(run.weight), graph.cast(columns, np.int64), at=module.name, axis=0)
    return graph.add("Flatten", rows, at=module.name, axis=1)
