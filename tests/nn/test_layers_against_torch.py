"""Whole networks of every kind of layer beside PyTorch's `Sequential`, from the same weights, in double precision."""

import math
from typing import Any

import numpy as np
import pytest

from core.nn import spec
from core.nn.network import Network
from core.nn.saving.weights import from_safetensors, named_weights, to_safetensors
from core.nn.spec import NetworkSpec
from tests.nn.layered import NETWORKS, layered
from tests.nn.networks import LOSSES, OPTIMIZERS, examples, name_of, random_network, training, training_spec
from tests.nn.torch_networks import distance, module, torch_loss
from tests.nn.torch_optimizers import in_double_precision, torch, torch_optimizer  # noqa: F401 - a fixture


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


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("name", NETWORKS)
def test_outputs_loss_and_gradient_are_those_of_pytorch(name, loss):
    layers, x, t = layered(name, loss, rows=9)
    network = random_network(layers, loss, inputs=x.shape[1])
    model = loaded(layers, named_weights(network.program, network.theta), x.shape[1])
    np.testing.assert_allclose(network.outputs(x), model.eval()(torch.tensor(x)).detach().numpy(), rtol=1e-10, atol=1e-12)
    expected = torch_loss(loss, model.train()(torch.tensor(x)), t)
    expected.backward()
    found, grad = network.loss_and_gradient(x, t)
    assert found == pytest.approx(expected.item(), rel=1e-11)
    theta = network.theta.copy()
    theta[: grad.size] = grad
    ours = named_weights(network.program, theta)
    for key, parameter in model.model.named_parameters():
        np.testing.assert_allclose(ours[key], parameter.grad.numpy(), rtol=1e-10, atol=1e-12, err_msg=key)


@pytest.mark.parametrize("name", NETWORKS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS[1:4:2], ids=name_of)
def test_forty_steps_lead_to_the_weights_and_statistics_of_pytorch(optimizer, name):
    loss = "softmax_cross_entropy"
    layers, x, t = layered(name, loss, rows=40)
    fields = training_spec(loss, optimizer=optimizer, epochs=13, batch_size=16, shuffle=False)
    run = training(layers, fields, x, t)
    model = loaded(layers, run.weights(), x.shape[1])
    descent = torch_optimizer(run.spec.optimizer, model.parameters())
    for _ in run.epochs():
        model.train()
        for first in range(0, 40, 16):
            batch = slice(first, first + 16)
            descent.zero_grad()
            torch_loss(loss, model(torch.tensor(x[batch])), t[batch]).backward()
            descent.step()
    assert distance(run.weights(), model.model.state_dict()) < 1e-8
    outputs = Network(run.program, run.theta).outputs(x)
    np.testing.assert_allclose(outputs, model.eval()(torch.tensor(x)).detach().numpy(), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", NETWORKS)
def test_single_precision_learns_the_same(name):
    loss = "softmax_cross_entropy"
    results = []
    for dtype in ("float32", "float64"):
        layers, x, t = layered(name, loss, 40, dtype)
        run = training(layers, training_spec(loss, epochs=3, batch_size=16), x, t)
        results.append([result.loss for result in run.epochs()])
    np.testing.assert_allclose(*results, rtol=1e-3)


def test_dropout_is_not_predicted_with():
    layers = [{"units": 30, "activation": "tanh"}, {"type": "dropout", "rate": 0.5}, {"units": 2}]
    network = NetworkSpec.model_validate({"layers": layers, "dtype": "float64"})
    x, t = examples("mean_squared_error", 50, 4, 2)
    run = training(network, training_spec(epochs=3), x, t)
    list(run.epochs())
    model = loaded(network, run.weights(), 4).eval()
    found = Network(run.program, run.theta).outputs(x)
    np.testing.assert_allclose(found, model(torch.tensor(x)).detach().numpy(), rtol=1e-10)
