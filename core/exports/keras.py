"""Keras: a ZIP file of the weights and a `model.py` with the functional model that they are put into.

Images are channels last there, the only layout that every backend has on every machine: what becomes an image is turned, and
turned back where it becomes a row again, so that the weights of the layers behind find their inputs. Of a float64 network Keras
reckons parts in float32, with each backend others.
"""

import math
from collections.abc import Iterable, Iterator
from functools import singledispatch
from typing import Any, get_args

from core.exports.bundle import call, composed, literal, zipped
from core.exports.contents import metadata, weights
from core.exports.golden import Golden
from core.exports.modules import Module, modules, runs
from core.nn import spec
from core.nn.saving.model import Card, SavedModel
from core.nn.saving.weights import to_safetensors

_LAST = {3: (2, 3, 1), 2: (2, 1)}  # by how many dimensions a row has: channels first to last, and back
_FIRST = {3: (3, 1, 2), 2: (2, 1)}

ROUNDING = {"float32": 1e-3, "float64": 1e-5}


def export(model: SavedModel, golden: Golden) -> bytes:
    data = to_safetensors(weights(model), metadata(model, golden))
    return zipped({"model.py": program(model.card).encode(), "model.safetensors": data})


def program(card: Card) -> str:
    """The source of `model.py`."""
    layers = modules(card)
    made = _Source(card)
    lines = [
        f"DTYPE = {literal(card.network.dtype)}",
        f"LINK = {literal(card.link)}  # what turns outputs into predictions",
        f"ROUNDING = {ROUNDING[card.network.dtype]}  # how far outputs may be from the service's",
        "",
        "",
        "def network():",
        '    """Its layers, channels last. One that has learned something is named as its weights are, with _ for a dot."""',
        f"    inputs = x = {call('keras.Input', (layers[0].inputs[0],), dtype=card.network.dtype)}",
        *(f"    {line}" for line in made.lines(layers)),
        *(f"    {made.turned(_FIRST, layers[-1].outputs)}" for _ in layers[-1].outputs[1:2]),
        "    return keras.Model(inputs, x)",
    ]
    return composed("keras_model", ["tabular"], lines)


class _Source:
    """Statements that turn x into what a layer makes of it."""

    def __init__(self, card: Card) -> None:
        self.card = card
        self._dtype = {} if card.network.dtype == "float32" else {"dtype": card.network.dtype}

    def lines(self, found: Iterable[Module]) -> Iterator[str]:
        for module in found:
            if module.within:
                past = f"past_{_name(module.name)}"
                yield f"{past} = x  # {module.name}: a residual block"
                yield from self.lines(module.within)
                yield f"x = {self.layer('Add')}([{past}, x])"
            else:
                yield from built(module.layer, module, self)

    def layer(self, kind: str, /, *arguments: Any, **named: Any) -> str:
        """The source of what makes one."""
        return call(f"layers.{kind}", *arguments, **named, **self._dtype)

    def turned(self, places: dict[int, tuple[int, ...]], shape: tuple[int, ...]) -> str:
        return f"x = {self.layer('Permute', places[len(shape)])}(x)"


@singledispatch
def built(layer: Any, module: Module, source: _Source) -> Iterator[str]:
    """The statements of one layer."""
    if isinstance(layer, get_args(spec.AnyActivation)):
        yield f"x = {activated(layer, module, source)}"
    else:
        raise TypeError(f"{type(layer).__name__} has no form in Keras")


def activated(activation: Any, module: Module, source: _Source) -> str:
    """What the activation makes of x."""
    match activation:
        case spec.Identity():
            return "x"
        case spec.Sigmoid() | spec.Tanh() | spec.ReLU() | spec.SELU() | spec.SiLU() | spec.Softsign():
            return f"ops.{activation.type}(x)"
        case spec.LeakyReLU(negative_slope=slope):
            return f"ops.leaky_relu(x, {slope!r})"
        case spec.PReLU():
            shared = {"shared_axes": list(range(1, len(module.inputs)))} if len(module.inputs) > 1 else {}
            return f"{source.layer('PReLU', name=_name(module.name), **shared)}(x)"
        case spec.ELU(alpha=alpha):
            return f"ops.elu(x, {alpha!r})"
        case spec.GELU(approximation=approximation):
            return f"ops.gelu(x, approximate={approximation == 'tanh'})"
        case spec.Softplus(beta=beta):
            return "ops.softplus(x)" if beta == 1 else f"ops.softplus({beta!r} * x) / {beta!r}"
        case spec.HardTanh(minimum=minimum, maximum=maximum):
            return f"ops.clip(x, {minimum!r}, {maximum!r})"
        case spec.Softmax() if len(module.inputs) > 1:
            shape = tuple(module.inputs[place - 1] for place in _LAST[len(module.inputs)])
            return f"ops.reshape(ops.softmax(ops.reshape(x, (-1, {math.prod(shape)})), axis=1), {(-1, *shape)})"
        case spec.Softmax():
            return "ops.softmax(x, axis=1)"
        case _:
            raise TypeError(f"{type(activation).__name__} has no form in Keras")


@built.register
def _(layer: spec.Dense, module: Module, source: _Source) -> Iterator[str]:
    yield f"x = {source.layer('Dense', layer.units, **_bias(layer), name=_name(module.name))}(x)"


@built.register
def _(layer: spec.Convolution, module: Module, source: _Source) -> Iterator[str]:
    sides = len(module.inputs) - 1
    is_same = layer.padding == "same"
    if isinstance(layer.padding, int | tuple):
        yield from _padded(layer.padding, sides, source)
    window = {"strides": layer.stride, "padding": "same" if is_same else "valid", **_bias(layer)}
    yield f"x = {source.layer(f'Conv{sides}D', layer.filters, layer.kernel, **window, name=_name(module.name))}(x)"


@built.register
def _(layer: spec.Pooling, module: Module, source: _Source) -> Iterator[str]:
    """What is padded is no highest, so a place of a maximum is padded with −∞."""
    sides = len(module.inputs) - 1
    is_max = isinstance(layer, spec.MaxPooling1D | spec.MaxPooling2D)
    if is_max and layer.padding not in (0, (0, 0)):
        margins = layer.padding if isinstance(layer.padding, tuple) else (layer.padding,) * sides
        places = [[0, 0], *([margin, margin] for margin in margins), [0, 0]]
        yield f"x = ops.pad(x, {places}, constant_values=-math.inf)"
    elif not is_max:
        yield from _padded(layer.padding, sides, source)
    name = f"{'Max' if is_max else 'Average'}Pooling{sides}D"
    yield f"x = {source.layer(name, layer.size, strides=layer.stride)}(x)"


@built.register
def _(layer: spec.Dropout, module: Module, source: _Source) -> Iterator[str]:
    yield f"x = {source.layer('Dropout', layer.rate)}(x)"


@built.register
def _(layer: spec.BatchNormalisation, module: Module, source: _Source) -> Iterator[str]:
    fields = {"momentum": 1 - layer.momentum, "epsilon": layer.epsilon}
    yield f"x = {source.layer('BatchNormalization', **fields, name=_name(module.name))}(x)"


@built.register
def _(layer: spec.LayerNormalisation, module: Module, source: _Source) -> Iterator[str]:
    axes = list(range(1, 1 + len(module.inputs)))
    yield f"x = {source.layer('LayerNormalization', axis=axes, epsilon=layer.epsilon, name=_name(module.name))}(x)"


@built.register
def _(layer: spec.Embedding, module: Module, source: _Source) -> Iterator[str]:
    d, rows = layer.dimension, source.card.preprocessing.layout.categories
    if layer.vocabulary is not None:
        table = source.layer("Embedding", layer.vocabulary, d, name=_name(module.name))
        yield f'x = {source.layer("Flatten")}({table}(ops.cast(x, "int32")))'
        return
    yield "x = ops.concatenate("
    yield "    ["
    for run in runs(source.card, layer):
        if run.weight is None:
            yield f"        x[:, {run.first}:{run.first + run.count}],"
        else:
            table = source.layer("Embedding", rows[run.first], d, name=_name(run.weight.removesuffix(".weight")))
            yield f'        {table}(ops.cast(x[:, {run.first}], "int32")),'
    yield "    ],"
    yield "    axis=1,"
    yield ")"


@built.register
def _(layer: spec.Flatten, module: Module, source: _Source) -> Iterator[str]:
    if len(module.inputs) > 1:
        yield source.turned(_FIRST, module.inputs)
    yield f"x = {source.layer('Flatten')}(x)"


@built.register
def _(layer: spec.Reshape, module: Module, source: _Source) -> Iterator[str]:
    if len(module.inputs) > 1:
        yield source.turned(_FIRST, module.inputs)
    yield f"x = {source.layer('Reshape', layer.shape)}(x)"
    if len(layer.shape) > 1:
        yield source.turned(_LAST, layer.shape)


def _name(module: str) -> str:
    """With the torch backend no name of Keras may have a dot."""
    return module.replace(".", "_")


def _padded(padding: int | tuple[int, int], sides: int, source: _Source) -> Iterator[str]:
    if padding not in (0, (0, 0)):
        yield f"x = {source.layer(f'ZeroPadding{sides}D', padding)}(x)"


def _bias(layer: spec.Dense | spec.Convolution) -> dict[str, bool]:
    return {} if layer.bias else {"use_bias": False}
