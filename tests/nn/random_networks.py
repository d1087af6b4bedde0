"""Networks drawn at random from the whole vocabulary: any layer that fits the one before it."""

import math
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, get_args

import numpy as np
from hypothesis import strategies as st

from core.nn import spec
from tests.nn.networks import examples

Shape = tuple[int, ...]
Layer = dict[str, Any]

ACTIVATIONS = [member.model_fields["type"].default for member in get_args(spec.AnyActivation)]
LOSSES = [member.model_fields["type"].default for member in get_args(spec.AnyLoss)]
# So far from 0 that differences of the loss still show the derivative of what is divided by it.
EPSILON = 0.1


class Drawn(NamedTuple):
    """A network, and what it is for: `categories` are the inputs that hold codes for its embedding, and how many of each."""

    network: spec.NetworkSpec
    loss: str
    inputs: int
    outputs: int
    categories: Mapping[int, int]

    def examples(self, rows: int, dtype: str = "float64", seed: int = 0) -> tuple[Any, Any]:
        """Random x (rows, inputs) and targets that the network takes."""
        x, t = examples(self.loss, rows, self.inputs, self.outputs, dtype, seed)
        first, rng = self.network.layers[0], np.random.default_rng(seed)
        codes = self.categories
        if isinstance(first, spec.Embedding) and first.vocabulary is not None:
            codes = dict.fromkeys(range(self.inputs), first.vocabulary)
        for column, count in codes.items():
            x[:, column] = rng.integers(0, count, rows)
        return x, t


def activation() -> st.SearchStrategy[str]:
    return st.sampled_from(ACTIVATIONS)


@st.composite
def restraints(draw: Any) -> Layer:
    """What a layer asks of its weights; a derivative knows nothing of a bound."""
    fields = {name: draw(st.sampled_from([None, value])) for name, value in (("l1", 0.01), ("l2", 0.1), ("max_norm", 0.5))}
    return {name: value for name, value in fields.items() if value is not None}


@st.composite
def embedding(draw: Any, inputs: int) -> tuple[Layer, Shape, dict[int, int]]:
    """One table for all inputs, or one for each of some; and these, with how many codes they hold."""
    d, count = draw(st.integers(1, 2)), st.integers(1, 5)
    layer: Layer = {"type": "embedding", "dimension": d}
    if draw(st.booleans()):
        return layer | {"vocabulary": draw(count)}, (inputs * d,), {}
    categories = draw(st.dictionaries(st.integers(0, inputs - 1), count, min_size=1, max_size=3))
    return layer, (inputs + len(categories) * (d - 1),), categories


@st.composite
def dense(draw: Any, shape: Shape) -> tuple[Layer, Shape]:
    m = draw(st.integers(1, 6))
    layer = {"type": "dense", "units": m, "activation": draw(activation()), "bias": draw(st.booleans())}
    return layer | draw(restraints()), (m,)


@st.composite
def convolution(draw: Any, shape: Shape) -> tuple[Layer, Shape]:
    m, kernel, padding = draw(st.integers(1, 3)), draw(st.integers(1, min(shape[1:]))), draw(st.integers(0, 1))
    stride = draw(st.integers(1, 2))
    window = {"kernel": kernel, "stride": stride, "padding": padding}
    layer = {"type": f"convolution_{len(shape) - 1}d", "filters": m, "activation": draw(activation()), **window}
    return layer | draw(restraints()), (m, *((side + 2 * padding - kernel) // stride + 1 for side in shape[1:]))


@st.composite
def pooling(draw: Any, shape: Shape) -> tuple[Layer, Shape]:
    kind, size, stride = (
        draw(st.sampled_from(["max", "average"])),
        draw(st.integers(1, min(shape[1:]))),
        draw(st.integers(1, 2)),
    )
    layer = {"type": f"{kind}_pooling_{len(shape) - 1}d", "size": size, "stride": stride}
    return layer, (shape[0], *((side - size) // stride + 1 for side in shape[1:]))


def unchanged(layer: Callable[[Any], Layer]) -> Callable[[Shape], st.SearchStrategy[tuple[Layer, Shape]]]:
    """A strategy for a layer that keeps the shape."""

    @st.composite
    def strategy(draw: Any, shape: Shape) -> tuple[Layer, Shape]:
        return layer(draw), shape

    return strategy


batch_normalisation = unchanged(lambda _: {"type": "batch_normalisation", "epsilon": EPSILON})
layer_normalisation = unchanged(lambda _: {"type": "layer_normalisation", "epsilon": EPSILON})
dropout = unchanged(lambda draw: {"type": "dropout", "rate": draw(st.sampled_from([0.0, 0.3, 0.6]))})
alone = unchanged(lambda draw: {"type": draw(activation())})


def flatten(shape: Shape) -> st.SearchStrategy[tuple[Layer, Shape]]:
    return st.just(({"type": "flatten"}, (math.prod(shape),)))


@st.composite
def reshape(draw: Any, shape: Shape) -> tuple[Layer, Shape]:
    n = math.prod(shape)
    found = [(c, n // c) for c in range(1, n + 1) if n % c == 0]
    found += [(c, h, n // c // h) for c, rest in found for h in range(1, rest + 1) if rest % h == 0]
    chosen = draw(st.sampled_from(found))
    return {"type": "reshape", "shape": list(chosen)}, chosen


@st.composite
def residual(draw: Any, shape: Shape) -> tuple[Layer, Shape]:
    inner = draw(st.lists(st.sampled_from([alone, batch_normalisation, layer_normalisation, dropout]), min_size=1, max_size=3))
    layers = [draw(strategy(shape))[0] for strategy in inner]
    if len(shape) == 1 and draw(st.booleans()):
        layers.insert(0, {"type": "dense", "units": shape[0], "activation": draw(activation())})
    return {"type": "residual", "layers": layers}, shape


def fitting(shape: Shape) -> st.SearchStrategy[tuple[Layer, Shape]]:
    """Any layer that takes this shape, and the shape that it gives."""
    kinds = [batch_normalisation, layer_normalisation, dropout, alone, reshape, residual]
    kinds += [dense, dense] if len(shape) == 1 else [flatten, convolution, pooling]
    return st.sampled_from(kinds).flatmap(lambda kind: kind(shape))


@st.composite
def networks(draw: Any) -> Drawn:
    inputs, loss = draw(st.sampled_from([1, 4, 6, 12, 18])), draw(st.sampled_from(LOSSES))
    outputs = draw(st.integers(2 if loss == "softmax_cross_entropy" else 1, 4))
    layers: list[Layer] = []
    shape: Shape = (inputs,)
    categories: dict[int, int] = {}
    if draw(st.integers(0, 3)) == 0:
        first, shape, categories = draw(embedding(inputs))
        layers.append(first)
    for _ in range(draw(st.integers(0, 5))):
        layer, shape = draw(fitting(shape))
        layers.append(layer)
    if len(shape) > 1:
        layers.append({"type": "flatten"})
    layers.append({"type": "dense", "units": outputs})
    network = spec.NetworkSpec.model_validate({"layers": layers, "dtype": "float64"})
    return Drawn(network, loss, inputs, outputs, categories)
