"""Our networks of any layers as PyTorch's `Sequential`."""

import math
from typing import Any

from core.nn import spec
from core.nn.saving.weights import from_safetensors, to_safetensors
from core.nn.spec import NetworkSpec
from tests.nn.torch_networks import module
from tests.nn.torch_optimizers import torch


class Residual(torch.nn.Sequential):
    """x + f(x)"""

    def forward(self, x: Any) -> Any:
        return x + super().forward(x)


def windowed(layer: Any, shape: tuple[int, ...]) -> tuple[Any, tuple[int, ...]]:
    """A convolution or a pooling, and the shape that it gives."""
    sides = len(shape) - 1
    if isinstance(layer, spec.Convolution):
        padding = 0 if layer.padding == "valid" else layer.padding
        kind = (torch.nn.Conv1d, torch.nn.Conv2d)[sides - 1]
        made = kind(shape[0], layer.filters, layer.kernel, layer.stride, padding, bias=layer.bias, dtype=torch.float64)
    else:
        kinds = {"max": (torch.nn.MaxPool1d, torch.nn.MaxPool2d), "average": (torch.nn.AvgPool1d, torch.nn.AvgPool2d)}
        made = kinds[layer.type.partition("_")[0]][sides - 1](layer.size, layer.stride, layer.padding)
    return made, tuple(made(torch.zeros(1, *shape, dtype=torch.float64)).shape[1:])


def sequential(layers: Any, shape: tuple[int, ...], kind: Any = torch.nn.Sequential) -> tuple[Any, tuple[int, ...]]:
    """The same layers in PyTorch's words, and the shape that they give."""
    modules: list[Any] = []
    for layer in layers:
        match layer:
            case spec.Dense():
                modules.append(torch.nn.Linear(shape[0], layer.units, bias=layer.bias, dtype=torch.float64))
                shape = (layer.units,)
            case spec.Convolution() | spec.Pooling():
                made, shape = windowed(layer, shape)
                modules.append(made)
            case spec.BatchNormalisation():
                batch = torch.nn.BatchNorm1d if len(shape) < 3 else torch.nn.BatchNorm2d
                modules.append(batch(shape[0], layer.epsilon, layer.momentum, dtype=torch.float64))
            case spec.LayerNormalisation():
                modules.append(torch.nn.LayerNorm(shape, layer.epsilon, dtype=torch.float64))
            case spec.Dropout():
                modules.append(torch.nn.Dropout(layer.rate))
            case spec.Embedding():
                table = torch.nn.Embedding(layer.vocabulary, layer.dimension, dtype=torch.float64)
                modules.append(table)
                shape = (shape[0] * layer.dimension,)
            case spec.Flatten():
                modules.append(torch.nn.Flatten())
                shape = (math.prod(shape),)
            case spec.Reshape():
                modules.append(torch.nn.Unflatten(1, layer.shape))
                shape = layer.shape
            case spec.Residual():
                modules.append(sequential(layer.layers, shape, Residual)[0])
            case _:
                modules.append(module(layer, shape[0]))
        activation = getattr(layer, "activation", spec.Identity())
        if activation.type != "identity":
            modules.append(module(activation, shape[0]))
    return kind(*modules), shape


class Rows(torch.nn.Module):
    """A `Sequential` whose first layer may be an embedding, whose rows then follow one another."""

    def __init__(self, model: Any) -> None:
        super().__init__()
        self.model = model

    def forward(self, x: Any) -> Any:
        if isinstance(self.model[0], torch.nn.Embedding):
            return self.model[1:](self.model[0](x.long()).flatten(1))
        return self.model(x)


def loaded(network: NetworkSpec, weights: Any, inputs: int) -> Any:
    """PyTorch's network of our weights, which passed through a safetensors file."""
    model, _ = sequential(network.layers, (inputs,))
    read, _ = from_safetensors(to_safetensors(weights, {}))
    model.load_state_dict({key: torch.tensor(array) for key, array in read.items()})
    return Rows(model)
