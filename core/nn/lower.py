"""From a spec to a program: each layer says what shape it gives, what it learns, and which operations do it.

Shapes are those of one row: `(n,)`, or channels first as in PyTorch, `(channels, height, width)` and `(channels, length)`.
Names are those of the same network as a `torch.nn.Sequential`, where every layer and every activation is a module, numbered.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import singledispatch
from itertools import count
from typing import Any

import numpy as np

from core.nn import spec
from core.nn.program import (
    ACTIVATIONS,
    ACTIVATIONS_OF_Z,
    BRANCH,
    DENSE,
    FUSED,
    GELU,
    GELU_TANH,
    JOIN,
    LOSS,
    LOSSES,
    OPERATION,
    PRELU,
    RESTRAINT,
    LayerShape,
    Parameter,
    Program,
    Statistic,
)

Shape = tuple[int, ...]


class Misfit(ValueError):
    """A layer cannot take what the layer before it gives; `pointer` leads to it inside the network."""

    def __init__(self, message: str, pointer: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.pointer = pointer


@dataclass
class Builder:
    """A program under construction: `shape` and `x` are those of the values that the next layer takes."""

    shape: Shape
    x: int = 0
    width: int = 0
    parameters: int = 0
    workspace: int = 0
    needs_whole_batches: bool = False
    operations: list[dict[str, int | float]] = field(default_factory=list)
    products: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})  # True: of the network's own inputs
    restraints: list[dict[str, int | float]] = field(default_factory=list)
    tensors: list[Parameter] = field(default_factory=list)
    statistics: list[Statistic] = field(default_factory=list)
    prefix: str = ""
    modules: Iterator[int] = field(default_factory=count)

    @property
    def n(self) -> int:
        """How many values a row has."""
        return math.prod(self.shape)

    def module(self) -> str:
        """The name of the next module, up to its tensors' own names: `0.`, `1.`, …"""
        return f"{self.prefix}{next(self.modules)}."

    def values(self, width: int) -> int:
        """Room in the arena for `width` values per row: where it begins."""
        start = self.width
        self.width += width
        return start

    def parameter(self, name: str, shape: Shape, *, is_transposed: bool = False, **fields: Any) -> int:
        """Room in theta for a tensor: where it begins."""
        start = self.parameters
        self.parameters += math.prod(shape)
        self.tensors.append(Parameter(name, slice(start, self.parameters), shape, is_transposed, **fields))
        return start

    def operate(self, code: int, shape: Shape, *, in_place: bool = False, **fields: int | float) -> None:
        """Adds an operation that turns the values into others of `shape`, in a place of their own unless it works in place."""
        m = math.prod(shape)
        y = self.x if in_place else self.values(m)
        self.operations.append({"code": code, "x": self.x, "y": y, "n": self.n, "m": m, **fields})
        self.shape, self.x = shape, y

    def multiply(self, products: int) -> None:
        """Counts the multiplications that the next operation does for each row."""
        self.products[self.x == 0] += products

    def restrain(self, layer: spec.Dense, **where: int) -> None:
        """Notes what the layer's spec asks of its weights beside a small loss."""
        if layer.l1 or layer.l2 or layer.max_norm:
            self.restraints.append({"l1": layer.l1, "l2": layer.l2, "max_norm": layer.max_norm or 0.0, **where})

    def vector(self, layer: str) -> int:
        """The length of the values where the layer takes a plain vector of them."""
        if len(self.shape) != 1:
            raise Misfit(f'{layer} takes a vector, the layer before it gives {shaped(self.shape)}; put "flatten" between them')
        return self.shape[0]

    @contextmanager
    def inside(self, name: str) -> Iterator[None]:
        """Modules made within are numbered on their own, under that name."""
        outer = self.prefix, self.modules
        self.prefix, self.modules = name, count()
        yield
        self.prefix, self.modules = outer


def lower(network: spec.NetworkSpec, loss: spec.AnyLoss, inputs: int) -> Program:
    """The program of a network over rows of `inputs` numbers; Misfit where two layers do not fit."""
    builder = Builder(shape=(inputs,))
    builder.values(inputs)
    layers = lower_all(network.layers, builder)
    operations = table(builder.operations, OPERATION)
    is_fused = builder.operations[-1:] and builder.operations[-1]["code"] == ACTIVATIONS.get(FUSED.get(loss.type, ""), -1)
    evaluated = operations[:-1] if is_fused else operations
    return Program(
        inputs=inputs,
        outputs=builder.n,
        dtype=np.dtype(network.dtype),
        operations=operations,
        evaluated=evaluated,
        trained=evaluated,
        loss=table([{"code": LOSSES[loss.type], **constants(loss)}], LOSS),
        restraints=table(builder.restraints, RESTRAINT),
        tensors=tuple(builder.tensors),
        statistics=tuple(builder.statistics),
        layers=tuple(layers),
        width=builder.width,
        workspace=builder.workspace,
        products=sum(builder.products.values()),
        first_products=builder.products[True],
        needs_whole_batches=builder.needs_whole_batches,
    )


def table(rows: list[dict[str, int | float]], dtype: np.dtype[np.void]) -> Any:
    """Records of these fields, the others 0, as attributes in compiled code and in plain Python alike."""
    names = dtype.names or ()
    return np.array([tuple(row.get(name, 0) for name in names) for row in rows], dtype).view(np.recarray)


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


def shaped(shape: Shape) -> str:
    """As a message shows it: 1 × 28 × 28."""
    return " × ".join(map(str, shape))


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
def _(layer: spec.Flatten, builder: Builder) -> None:
    builder.module()
    builder.shape = (builder.n,)


@lowering.register
def _(layer: spec.Reshape, builder: Builder) -> None:
    builder.module()
    if math.prod(layer.shape) != builder.n:
        raise Misfit(
            f"{shaped(layer.shape)} are {math.prod(layer.shape)} values, {shaped(builder.shape)} come in, that is {builder.n}",
            "/shape",
        )
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
