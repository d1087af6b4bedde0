"""A network as the steps of its forward pass, each with the tensors and numbers that it takes: what programs are written from.

A row's values are one flat list throughout, channel after channel; so flatten and reshape do nothing to it, nor does dropout.
"""

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import singledispatch
from itertools import count
from typing import Any

from core.errors import Problem, Unexportable
from core.nn import spec
from core.nn.builder import shaped
from core.nn.geometry import Geometry
from core.nn.lower import runs_of
from core.nn.saving.model import Card

Shape = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One operation by its name; `tensors` are the names of what it takes, `numbers` the constants of its formula.

    `is_scalar`: it is a function of one number, for each of the values. `words` tell a reader what happens. A step without an
    operation changes nothing.
    """

    operation: str
    words: str
    tensors: tuple[str, ...] = ()
    numbers: Mapping[str, float] = field(default_factory=dict)
    is_scalar: bool = False
    module: str = ""
    channels: int = 0
    window: Geometry | None = None
    tables: Mapping[int, str] | None = None  # of an embedding, by the input that holds their codes; None: one table for all
    inner: tuple["Step", ...] = ()  # of a residual block

    @property
    def lacks_bias(self) -> bool:
        return self.operation in ("dense", "convolution") and len(self.tensors) == 1

    @property
    def extents(self) -> dict[str, tuple[int, int]]:
        """Of the window and what it moves over, each as height and width."""
        w = self.window
        if w is None:
            return {}
        return {
            "image": (w.height, w.width),
            "kernel": (w.kernel_height, w.kernel_width),
            "stride": (w.stride_height, w.stride_width),
            "padding": (w.padding_height, w.padding_width),
            "places": (w.out_height, w.out_width),
        }

    @property
    def cells(self) -> int:
        """How many places the window has."""
        return 0 if self.window is None else self.window.kernel_height * self.window.kernel_width


@dataclass
class _Walk:
    shape: Shape
    categories: Mapping[int, int]
    prefix: str = ""
    modules: Iterator[int] = field(default_factory=count)

    def module(self) -> str:
        return f"{self.prefix}{next(self.modules)}"


def steps_of(card: Card) -> tuple[Step, ...]:
    """Unexportable for a layer that has no steps."""
    layout = card.preprocessing.layout
    return tuple(_steps(card.network.layers, _Walk((layout.width,), layout.categories)))


def every(steps: tuple[Step, ...]) -> Iterator[Step]:
    """Those of residual blocks before the blocks themselves."""
    for step in steps:
        yield from every(step.inner)
        yield step


def _steps(layers: tuple[spec.AnyLayer, ...], walk: _Walk) -> Iterator[Step]:
    for place, layer in enumerate(layers):
        try:
            yield from _step(layer, walk)
        except Unexportable as error:
            raise Unexportable(error.message, [Problem(f"/network/layers/{place}", error.message)]) from None
        activation = getattr(layer, "activation", None)
        if activation is not None and activation.type != "identity":
            yield from _step(activation, walk)


@singledispatch
def _step(layer: Any, _: _Walk) -> Iterator[Step]:
    raise Unexportable(f"programs know no layer of the type {layer.type}")


@_step.register
def _(layer: spec.Dense, walk: _Walk) -> Iterator[Step]:
    words = f"dense: {_counted(walk.shape[0], 'input')}, {_counted(layer.units, 'unit')}"
    walk.shape = (layer.units,)
    yield Step("dense", words, _parameters(walk.module(), layer.bias), channels=layer.units)


@_step.register
def _(layer: spec.Convolution, walk: _Walk) -> Iterator[Step]:
    window = _window(layer, walk)
    words = f"convolution: {shaped(walk.shape)} to {shaped(window.shape)}"
    yield Step("convolution", words, _parameters(walk.module(), layer.bias), channels=window.filters, window=window)
    walk.shape = _seen(window, walk)


@_step.register
def _(layer: spec.Pooling, walk: _Walk) -> Iterator[Step]:
    window = _window(layer, walk)
    operation = "max_pooling" if isinstance(layer, spec.MaxPooling1D | spec.MaxPooling2D) else "average_pooling"
    words = f"{operation.replace('_', ' ')}: {shaped(walk.shape)} to {shaped(window.shape)}"
    yield Step(operation, words, module=walk.module(), channels=window.channels, window=window)
    walk.shape = _seen(window, walk)


@_step.register
def _(layer: spec.BatchNormalisation, walk: _Walk) -> Iterator[Step]:
    module = walk.module()
    tensors = tuple(f"{module}.{name}" for name in ("weight", "bias", "running_mean", "running_var"))
    yield Step("batch_normalisation", "batch normalisation", tensors, {"epsilon": layer.epsilon})


@_step.register
def _(layer: spec.LayerNormalisation, walk: _Walk) -> Iterator[Step]:
    yield Step("layer_normalisation", "layer normalisation", _parameters(walk.module(), True), {"epsilon": layer.epsilon})


@_step.register
def _(layer: spec.Embedding, walk: _Walk) -> Iterator[Step]:
    [n], d, module = walk.shape, layer.dimension, walk.module()
    if layer.vocabulary is not None:
        walk.shape = (n * d,)
        yield Step("lookup", f"embedding: each of {n} codes becomes {d} numbers", (f"{module}.weight",))
        return
    places = [first for first, _, vocabulary in runs_of(n, walk.categories) if vocabulary]
    tables = {place: f"{module}.{number}.weight" for number, place in enumerate(places)}
    walk.shape = (n + len(tables) * (d - 1),)
    words = f"embedding: {len(tables)} of {n} inputs are codes, each becomes {d} numbers"
    yield Step("embedding", words, tuple(tables.values()), tables=tables)


@_step.register
def _(layer: spec.Residual, walk: _Walk) -> Iterator[Step]:
    module = walk.module()
    inner = tuple(_steps(layer.layers, _Walk(walk.shape, {}, f"{module}.")))
    yield Step("residual", "residual block: what goes in is added to what comes out", module=module, inner=inner)


@_step.register
def _(_: spec.Dropout, walk: _Walk) -> Iterator[Step]:
    walk.module()
    yield Step("", "dropout: only in training")


@_step.register
def _(_: spec.Flatten, walk: _Walk) -> Iterator[Step]:
    walk.module()
    yield Step("", f"flatten: {shaped(walk.shape)}, which lie one after the other already")
    walk.shape = (math.prod(walk.shape),)


@_step.register
def _(layer: spec.Reshape, walk: _Walk) -> Iterator[Step]:
    walk.module()
    walk.shape = layer.shape
    yield Step("", f"reshape: seen as {shaped(layer.shape)} from here on")


@_step.register
def _(activation: spec.AnyActivation, walk: _Walk) -> Iterator[Step]:
    walk.module()
    if not isinstance(activation, spec.Identity):
        numbers = {name: value for name, value in activation if isinstance(value, float)}
        yield Step(activation.type, activation.type, numbers=numbers, is_scalar=True)


@_step.register
def _(activation: spec.GELU, walk: _Walk) -> Iterator[Step]:
    walk.module()
    yield Step("gelu" if activation.approximation == "none" else "gelu_tanh", "gelu", is_scalar=True)


@_step.register
def _(_: spec.Softmax, walk: _Walk) -> Iterator[Step]:
    walk.module()
    yield Step("softmax", "softmax")


@_step.register
def _(_: spec.PReLU, walk: _Walk) -> Iterator[Step]:
    yield Step("prelu", "prelu", (f"{walk.module()}.weight",))


def _counted(count: int, thing: str) -> str:
    return f"{count} {thing}" if count == 1 else f"{count} {thing}s"


def _parameters(module: str, has_bias: bool) -> tuple[str, ...]:
    return (f"{module}.weight", f"{module}.bias") if has_bias else (f"{module}.weight",)


def _window(layer: spec.Convolution | spec.Pooling, walk: _Walk) -> Geometry:
    return Geometry.of(layer, walk.shape)


def _seen(window: Geometry, walk: _Walk) -> Shape:
    return window.shape if len(walk.shape) == 3 else (window.filters, window.out_width)
