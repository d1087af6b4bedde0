"""PyTorch: a ZIP file of the weights and a `model.py` with the `nn.Sequential` that takes them."""

from collections.abc import Iterable, Iterator
from functools import singledispatch
from typing import Any

from core.exports.bundle import call, composed, literal, zipped
from core.exports.contents import metadata, weights
from core.exports.golden import Golden
from core.exports.modules import Module, modules, runs
from core.nn import spec
from core.nn.saving.model import Card, SavedModel
from core.nn.saving.weights import to_safetensors

_PLAIN = {"sigmoid": "Sigmoid", "tanh": "Tanh", "relu": "ReLU", "selu": "SELU", "silu": "SiLU", "softsign": "Softsign"}
_OWN = ("Residual", "Lookup", "Lookups", "SoftmaxOfAll")  # in sources/torch_layers.py
_THRESHOLD = 50  # up to here PyTorch reckons softplus by its formula; it rounds from 20 on, which float64 shows

ROUNDING = {"float32": 1e-3, "float64": 1e-7}


def export(model: SavedModel, golden: Golden) -> bytes:
    data = to_safetensors(weights(model), metadata(model, golden))
    return zipped({"model.py": program(model.card).encode(), "model.safetensors": data})


def program(card: Card) -> str:
    """The source of `model.py`."""
    lines = [
        f"DTYPE = {literal(card.network.dtype)}",
        f"LINK = {literal(card.link)}  # what turns outputs into predictions",
        f"ROUNDING = {ROUNDING[card.network.dtype]}  # how far outputs may be from the service's",
        "",
        "",
        "def network():",
        '    """Its layers; each line is the module whose number it says."""',
        "    return nn.Sequential(",
        *_lines(modules(card), card, 2),
        "    )",
    ]
    used = [name for name in _OWN if any(f" {name}(" in line for line in lines)]
    return composed("torch_model", ["tabular"], lines, {"torch_layers": used})


def _lines(found: Iterable[Module], card: Card, depth: int) -> Iterator[str]:
    indent = "    " * depth
    for module in found:
        if module.within:
            yield f"{indent}Residual(  # {module.name}"
            yield from _lines(module.within, card, depth + 1)
            yield f"{indent}),"
        else:
            yield f"{indent}{built(module.layer, module, card)},  # {module.name}"


@singledispatch
def built(layer: Any, module: Module, card: Card) -> str:
    """The source of what makes the module."""
    if layer.type in _PLAIN:
        return call(f"nn.{_PLAIN[layer.type]}")
    raise TypeError(f"{type(layer).__name__} has no form in PyTorch")


@built.register
def _(layer: spec.Identity, module: Module, card: Card) -> str:
    return "nn.Identity()"


@built.register
def _(layer: spec.LeakyReLU, module: Module, card: Card) -> str:
    return call("nn.LeakyReLU", layer.negative_slope)


@built.register
def _(layer: spec.PReLU, module: Module, card: Card) -> str:
    return call("nn.PReLU", module.inputs[0])


@built.register
def _(layer: spec.ELU, module: Module, card: Card) -> str:
    return call("nn.ELU", layer.alpha)


@built.register
def _(layer: spec.GELU, module: Module, card: Card) -> str:
    return call("nn.GELU", layer.approximation)


@built.register
def _(layer: spec.Softplus, module: Module, card: Card) -> str:
    return call("nn.Softplus", layer.beta, threshold=_THRESHOLD)


@built.register
def _(layer: spec.HardTanh, module: Module, card: Card) -> str:
    return call("nn.Hardtanh", layer.minimum, layer.maximum)


@built.register
def _(layer: spec.Softmax, module: Module, card: Card) -> str:
    return call("nn.Softmax", 1) if len(module.inputs) == 1 else call("SoftmaxOfAll")


@built.register
def _(layer: spec.Dense, module: Module, card: Card) -> str:
    return call("nn.Linear", module.inputs[0], layer.units, **_bias(layer))


@built.register
def _(layer: spec.Convolution, module: Module, card: Card) -> str:
    padding = 0 if layer.padding == "valid" else layer.padding
    window = {"stride": layer.stride, "padding": padding}
    return call(_sided("Conv", module), module.inputs[0], layer.filters, layer.kernel, **window, **_bias(layer))


@built.register
def _(layer: spec.Pooling, module: Module, card: Card) -> str:
    kind = "MaxPool" if isinstance(layer, spec.MaxPooling1D | spec.MaxPooling2D) else "AvgPool"
    return call(_sided(kind, module), layer.size, stride=layer.stride, padding=layer.padding)


@built.register
def _(layer: spec.Dropout, module: Module, card: Card) -> str:
    return call("nn.Dropout", layer.rate)


@built.register
def _(layer: spec.BatchNormalisation, module: Module, card: Card) -> str:
    name = "nn.BatchNorm2d" if len(module.inputs) == 3 else "nn.BatchNorm1d"
    return call(name, module.inputs[0], eps=layer.epsilon, momentum=layer.momentum)


@built.register
def _(layer: spec.LayerNormalisation, module: Module, card: Card) -> str:
    return call("nn.LayerNorm", list(module.inputs), eps=layer.epsilon)


@built.register
def _(layer: spec.Embedding, module: Module, card: Card) -> str:
    if layer.vocabulary is not None:
        return call("Lookup", layer.vocabulary, layer.dimension)
    rows = card.preprocessing.layout.categories
    return call("Lookups", {run.first: rows[run.first] for run in runs(card, layer) if run.weight}, layer.dimension)


@built.register
def _(layer: spec.Flatten, module: Module, card: Card) -> str:
    return "nn.Flatten()"


@built.register
def _(layer: spec.Reshape, module: Module, card: Card) -> str:
    unflatten = call("nn.Unflatten", 1, layer.shape)
    return unflatten if len(module.inputs) == 1 else f"nn.Sequential(nn.Flatten(), {unflatten})"


def _bias(layer: spec.Dense | spec.Convolution) -> dict[str, bool]:
    return {} if layer.bias else {"bias": False}


def _sided(name: str, module: Module) -> str:
    """The class for signals, or for images."""
    return f"nn.{name}{len(module.inputs) - 1}d"
