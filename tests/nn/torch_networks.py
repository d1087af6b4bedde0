"""Our networks, their losses and their weights in PyTorch's words."""

import numpy as np

from core.nn import spec
from core.nn.saving.weights import from_safetensors, to_safetensors
from tests.nn.torch_optimizers import torch

MODULES = {
    "sigmoid": "Sigmoid",
    "tanh": "Tanh",
    "relu": "ReLU",
    "selu": "SELU",
    "silu": "SiLU",
    "softsign": "Softsign",
}


def module(activation, units):
    """The same activation in PyTorch's words."""
    match activation:
        case spec.LeakyReLU(negative_slope=slope):
            return torch.nn.LeakyReLU(slope)
        case spec.PReLU(initial_slope=slope):
            return torch.nn.PReLU(units, slope, dtype=torch.float64)
        case spec.ELU(alpha=alpha):
            return torch.nn.ELU(alpha)
        case spec.GELU(approximation=approximation):
            return torch.nn.GELU(approximate=approximation)
        case spec.Softplus(beta=beta):
            return torch.nn.Softplus(beta)
        case spec.HardTanh(minimum=minimum, maximum=maximum):
            return torch.nn.Hardtanh(minimum, maximum)
        case spec.Softmax():
            return torch.nn.Softmax(dim=1)
        case _:
            return getattr(torch.nn, MODULES[activation.type])()


def sequential(network, inputs, dtype="float64"):
    """The same network in PyTorch's words."""
    modules, n = [], inputs
    for layer in network.layers:
        modules.append(torch.nn.Linear(n, layer.units, bias=layer.bias, dtype=getattr(torch, dtype)))
        if layer.activation.type != "identity":
            modules.append(module(layer.activation, layer.units))
        n = layer.units
    return torch.nn.Sequential(*modules)


def loaded(network, named, inputs, dtype="float64"):
    """PyTorch's network of our weights, which passed through a safetensors file."""
    model = sequential(network, inputs, dtype)
    weights, _ = from_safetensors(to_safetensors(named, {}))
    model.load_state_dict({name: torch.tensor(array) for name, array in weights.items()})
    return model


def torch_loss(name, y, t):
    """The loss of the outputs, the last activation included, from PyTorch's own functions."""
    t = torch.tensor(t)
    match name:
        case "mean_squared_error":
            return torch.nn.functional.mse_loss(y, t)
        case "mean_absolute_error":
            return torch.nn.functional.l1_loss(y, t)
        case "huber":
            return torch.nn.functional.huber_loss(y, t)
        case "log_cosh":
            return torch.log(torch.cosh(y - t)).mean()
        case "poisson":
            return torch.nn.functional.poisson_nll_loss(y, t, log_input=True, full=False)
        case "binary_cross_entropy":
            return torch.nn.functional.binary_cross_entropy(y, t)
        case _:
            return torch.nn.functional.nll_loss(torch.log(y), t[:, 0].long())


def distance(one, other):
    """Of two sets of weights: the largest difference of any."""
    return max(float(np.abs(one[name] - other[name].detach().numpy()).max()) for name in one)
