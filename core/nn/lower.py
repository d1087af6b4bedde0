"""From a spec to a program: each layer says what shape it gives, what it learns, and which operations do it.

Shapes are those of one row: `(n,)`, or channels first as in PyTorch, `(channels, height, width)` and `(channels, length)`.
Names are those of the same network as a `torch.nn.Sequential`, where every layer and every activation is a module, numbered.
"""

import math
from collections.abc import Mapping
from dataclasses import replace
from functools import singledispatch
from itertools import count
from typing import Any

import numpy as np

from core.nn import spec
from core.nn.builder import Builder, Misfit, Shape, behind, shaped, table
from core.nn.geometry import Geometry
from core.nn.program import (
    ACTIVATIONS,
    ACTIVATIONS_OF_Z,
    AVERAGE_POOLING,
    BATCH_NORMALISATION,
    BRANCH,
    CONVOLUTION,
    DENSE,
    DROPOUT,
    FUSED,
    GELU,
    GELU_TANH,
    JOIN,
    LAYER_NORMALISATION,
    LOOKUP,
    LOSS,
    LOSSES,
    MAX_POOLING,
    OPERATION,
    PASS_THROUGH,
    PRELU,
    RESTRAINT,
    LayerShape,
    Program,
)

LARGEST = 2**48  # of any count of a network; what a program's integers hold with room to spare


def lower(network: spec.NetworkSpec, loss: spec.AnyLoss, inputs: int, categories: Mapping[int, int] | None = None) -> Program:
    """The program of a network over rows of `inputs` numbers; Misfit where two layers do not fit or none learns anything.

    `categories` maps the inputs that hold codes to how many codes there are.
    """
    builder = Builder(shape=(inputs,), categories=categories or {})
    builder.values(inputs)
    layers = lower_all(network.layers, builder)
    if not builder.parameters:
        raise Misfit("the network has no weights to learn; add a layer that has some, for example a dense one", "/layers")
    if max(builder.parameters, builder.width, builder.workspace, *builder.products.values()) > LARGEST:
        told = f"{builder.parameters:,} parameters and {builder.width:,} values for each row"
        raise Misfit(f"the network would have {told}, which is beyond any computer's memory", "/layers")
    trained, operations = (table(rows, OPERATION) for rows in (builder.trained(), builder.predicting()))
    is_fused = trained.code[-1] == ACTIVATIONS.get(FUSED.get(loss.type, ""), -1)
    return Program(
        inputs=inputs,
        outputs=builder.n,
        dtype=np.dtype(network.dtype),
        operations=operations,
        evaluated=operations[:-1] if is_fused else operations,
        trained=trained[:-1] if is_fused else trained,
        loss=table([{"code": LOSSES[loss.type], **constants(loss)}], LOSS),
        restraints=table(builder.restraints, RESTRAINT),
        tensors=tuple(builder.tensors),
        statistics=tuple(
            replace(statistic, place=behind(builder.parameters, statistic.place)) for statistic in builder.statistics
        ),
        layers=tuple(layers),
        size=builder.parameters + builder.gathered,
        width=builder.width,
        workspace=builder.workspace,
        products=sum(builder.products.values()),
        first_products=builder.products[True],
        needs_whole_batches=builder.needs_whole_batches,
    )


def lower_all(layers: tuple[spec.AnyLayer, ...], builder: Builder) -> list[LayerShape]:
    """Lowers layer after layer; a misfit tells which one it was."""
    shapes = []
    for place, layer in enumerate(layers):
        shape, parameters = builder.shape, builder.parameters
        try:
            lowering(layer, builder)
        except Misfit as misfit:
            raise Misfit(misfit.message, f"/layers/{place}{misfit.pointer}") from None
        shapes.append(LayerShape(shape, builder.shape, builder.parameters - parameters))
    return shapes


@singledispatch
def lowering(layer: Any, builder: Builder) -> None:
    """Adds the layer's operations, its parameters and the shape of what it gives."""
    raise TypeError(f"{type(layer).__name__} has no lowering")


def activate(activation: spec.AnyActivation, builder: Builder) -> None:
    """The activation of a layer; the identity is no module of its own."""
    if not isinstance(activation, spec.Identity):
        lowering(activation, builder)


@lowering.register
def _(layer: spec.Dense, builder: Builder) -> None:
    n, m, module = builder.vector("dense"), layer.units, builder.module()
    W = builder.parameter(
        f"{module}weight", (m, n), is_transposed=True, initializer=layer.weight_initializer, fan_in=n, fan_out=m
    )
    b, biases = 0, 0
    if layer.bias:
        b, biases = builder.parameter(f"{module}bias", (m,), initializer=layer.bias_initializer, fan_in=n, fan_out=m), m
    builder.restrain(layer, start=W, units=m, inputs=n, unit=1, input=m)
    builder.multiply(n * m)
    builder.operate(DENSE, (m,), W=W, b=b, biases=biases)
    activate(layer.activation, builder)


@lowering.register
def _(layer: spec.Convolution, builder: Builder) -> None:
    window = fitting(layer, builder)
    m, K, module = window.filters, window.inputs_per_place, builder.module()
    shape = (m, window.channels, window.kernel_height, window.kernel_width)
    fans: dict[str, Any] = {"fan_in": K, "fan_out": m * window.kernel_height * window.kernel_width}
    W = builder.parameter(
        f"{module}weight",
        shape if len(builder.shape) == 3 else (*shape[:2], shape[3]),
        initializer=layer.weight_initializer,
        **fans,
    )
    b, biases = 0, 0
    if layer.bias:
        b, biases = builder.parameter(f"{module}bias", (m,), initializer=layer.bias_initializer, **fans), m
    builder.restrain(layer, start=W, units=m, inputs=K, unit=K, input=1)
    builder.multiply(m * K * window.places)
    builder.workspace = max(builder.workspace, window.workspace)
    builder.operate(CONVOLUTION, seen(window, builder), W=W, b=b, biases=biases, **window._asdict())
    activate(layer.activation, builder)


@lowering.register
def _(layer: spec.Pooling, builder: Builder) -> None:
    window = fitting(layer, builder)
    builder.module()
    builder.multiply(window.filters * window.places * window.kernel_height * window.kernel_width)  # or as many sums
    code = MAX_POOLING if isinstance(layer, spec.MaxPooling1D | spec.MaxPooling2D) else AVERAGE_POOLING
    builder.operate(code, seen(window, builder), **window._asdict())


def fitting(layer: spec.Convolution | spec.Pooling, builder: Builder) -> Geometry:
    """How the layer's window stands in what it looks at."""
    wanted = "(channels, length)" if layer.type.endswith("1d") else "(channels, height, width)"
    if len(builder.shape) != wanted.count(",") + 1:
        raise Misfit(f"{layer.type} takes {wanted}, {shaped(builder.shape)} comes in; put a reshape before it")
    window = Geometry.of(layer, builder.shape)
    if window.out_height < 1 or window.out_width < 1:
        raise Misfit(f"the window of {layer.type} is larger than the {shaped(builder.shape)} that it looks at with its padding")
    return window


def seen(window: Geometry, builder: Builder) -> Shape:
    """The shape of what a window gives: of an image for an image, of a signal for a signal."""
    return window.shape if len(builder.shape) == 3 else (window.filters, window.out_width)


@lowering.register
def _(layer: spec.Dropout, builder: Builder) -> None:
    builder.module()
    builder.operate(DROPOUT, builder.shape, in_place=True, constant=layer.rate, number=len(builder.operations))


@lowering.register
def _(layer: spec.BatchNormalisation, builder: Builder) -> None:
    C, module = builder.shape[0], builder.module()
    W = builder.parameter(f"{module}weight", (C,), initializer=spec.Constants(value=1.0))
    b = builder.parameter(f"{module}bias", (C,), initializer=spec.Zeros())
    statistics = builder.statistic(f"{module}running_mean", (C,), 0.0)
    builder.statistic(f"{module}running_var", (C,), 1.0)
    builder.statistic(f"{module}num_batches_tracked", (), 0.0)
    builder.gathered += 2 * C  # behind them the batch's own mean and inverse deviation, until the way back
    builder.needs_whole_batches = True
    fields: dict[str, Any] = {"channels": C, "constant": layer.epsilon, "momentum": layer.momentum, "statistics": statistics}
    builder.operate(BATCH_NORMALISATION, builder.shape, W=W, b=b, **fields)


@lowering.register
def _(layer: spec.LayerNormalisation, builder: Builder) -> None:
    module = builder.module()
    W = builder.parameter(f"{module}weight", builder.shape, initializer=spec.Constants(value=1.0))
    b = builder.parameter(f"{module}bias", builder.shape, initializer=spec.Zeros())
    statistics = builder.values(2)  # each row's mean and inverse deviation
    builder.operate(LAYER_NORMALISATION, builder.shape, W=W, b=b, constant=layer.epsilon, statistics=statistics)


@lowering.register
def _(layer: spec.Embedding, builder: Builder) -> None:
    n, module = builder.n, builder.module()
    if module != "0.":
        raise Misfit("embedding reads the data's own numbers; it must be the first layer")
    if layer.vocabulary is not None:
        runs, names = [(0, n, layer.vocabulary)], iter([module])
    elif builder.categories:
        runs, names = runs_of(n, builder.categories), (f"{module}{number}." for number in count())
    else:
        raise Misfit(
            'embedding needs text columns and dataset.categories "embedding", or, where every input is an index, a vocabulary'
        )
    d = layer.dimension
    m = sum(columns * d if vocabulary else columns for _, columns, vocabulary in runs)
    y, place = builder.values(m), 0
    for first, columns, vocabulary in runs:
        row: dict[str, int | float] = {"x": builder.x, "y": y, "n": n, "m": m, "first": first, "count": columns, "place": place}
        if vocabulary:
            W = builder.parameter(
                f"{next(names)}weight", (vocabulary, d), initializer=layer.weight_initializer, fan_in=vocabulary, fan_out=d
            )
            row |= {"code": LOOKUP, "W": W, "vocabulary": vocabulary, "dimension": d}
        else:
            row |= {"code": PASS_THROUGH}
        builder.operations.append(row)
        place += columns * d if vocabulary else columns
    builder.shape, builder.x = (m,), y


def runs_of(n: int, categories: Mapping[int, int]) -> list[tuple[int, int, int]]:
    """(first input, how many, how many codes or 0 for plain numbers) of neighbours among n inputs."""
    runs, free = [], 0
    for first, vocabulary in sorted(categories.items()):
        if first > free:
            runs.append((free, first - free, 0))
        runs.append((first, 1, vocabulary))
        free = first + 1
    return [*runs, (free, n - free, 0)] if free < n else runs


@lowering.register
def _(layer: spec.Flatten, builder: Builder) -> None:
    builder.module()
    builder.shape = (builder.n,)


@lowering.register
def _(layer: spec.Reshape, builder: Builder) -> None:
    builder.module()
    if math.prod(layer.shape) != builder.n:
        come = f"{shaped(builder.shape)} come in" + (f", that is {builder.n}" if len(builder.shape) > 1 else "")
        raise Misfit(f"{shaped(layer.shape)} are {math.prod(layer.shape)} values, {come}", "/shape")
    builder.shape = layer.shape


@lowering.register
def _(layer: spec.Residual, builder: Builder) -> None:
    shape, x, branch = builder.shape, builder.x, len(builder.operations)
    module = builder.module()
    builder.operate(BRANCH, shape)
    with builder.inside(module):
        lower_all(layer.layers, builder)
    if builder.shape != shape:
        raise Misfit(
            f"its layers turn {shaped(shape)} into {shaped(builder.shape)}; a residual block adds the two: they must be equal"
        )
    builder.operate(JOIN, shape, skip=x)
    builder.operations[branch]["skip"] = builder.x


@lowering.register
def _(layer: spec.AnyActivation, builder: Builder) -> None:
    builder.module()
    if layer.type in ACTIVATIONS_OF_Z:
        builder.operate(ACTIVATIONS_OF_Z[layer.type], builder.shape, **constants(layer))
    elif layer.type in ACTIVATIONS:
        builder.operate(ACTIVATIONS[layer.type], builder.shape, in_place=True, **constants(layer))


@lowering.register
def _(layer: spec.GELU, builder: Builder) -> None:
    builder.module()
    builder.operate(GELU if layer.approximation == "none" else GELU_TANH, builder.shape)


@lowering.register
def _(layer: spec.PReLU, builder: Builder) -> None:
    slopes = builder.shape[0]
    first = builder.parameter(f"{builder.module()}weight", (slopes,), initializer=spec.Constants(value=layer.initial_slope))
    builder.operate(PRELU, builder.shape, b=first, biases=slopes)


def constants(member: spec.Spec) -> dict[str, Any]:
    """The numbers in a formula, which are the spec's fields that are numbers, in their order."""
    return dict(zip(("constant", "second"), (value for _, value in member if isinstance(value, float)), strict=False))
