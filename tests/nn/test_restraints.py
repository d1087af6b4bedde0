"""Penalties on weights beside PyTorch's derivative of their formula, and bounds on the norms of units by hand."""

from typing import Any

import numpy as np
import pytest

from core.nn.network import Network
from core.nn.saving.weights import named_weights
from core.nn.spec import NetworkSpec
from core.nn.training import Data, Training
from tests.nn.networks import examples, random_network, training_spec
from tests.nn.torch_layers import loaded
from tests.nn.torch_optimizers import in_double_precision, torch  # noqa: F401 - a fixture

STILL = {"type": "sgd", "learning_rate": 1e-30}  # too small a rate to change a weight
INPUTS = 18
# Names of weights and what their layers ask of them, in networks of 18 inputs and 2 outputs.
RESTRAINED: dict[str, tuple[list[Any], dict[str, dict[str, float]]]] = {
    "dense": (
        [{"units": 7, "activation": "tanh"}, {"units": 5}, {"units": 2}],
        {"0.weight": {"l1": 0.03, "l2": 0.2, "max_norm": 0.9}, "3.weight": {"l1": 0.1, "max_norm": 0.4}},
    ),
    "images": (
        [
            {"type": "reshape", "shape": [2, 3, 3]},
            {"type": "convolution_2d", "filters": 4, "kernel": 2, "activation": "tanh"},
            {"type": "convolution_2d", "filters": 3, "kernel": 2, "bias": False},
            "flatten",
            {"units": 2},
        ],
        {"1.weight": {"l2": 0.3, "max_norm": 0.5}, "3.weight": {"l1": 0.02, "l2": 0.1, "max_norm": 0.7}},
    ),
    "signals": (
        [
            {"type": "reshape", "shape": [3, 6]},
            {"type": "convolution_1d", "filters": 4, "kernel": 3},
            {"type": "batch_normalisation"},
            "flatten",
            {"units": 2},
        ],
        {"1.weight": {"l1": 0.05, "max_norm": 0.6}, "4.weight": {"l2": 0.4, "max_norm": 0.5}},
    ),
    "residual": (
        [{"units": 6}, {"type": "residual", "layers": [{"units": 6, "activation": "tanh"}, {"units": 6}]}, {"units": 2}],
        {"1.2.weight": {"l1": 0.1, "l2": 0.1, "max_norm": 0.3}},
    ),
}
PENALTIES, BOUNDS = ("l1", "l2"), ("max_norm",)


def restrained(name: str, fields: tuple[str, ...], dtype: str = "float64") -> tuple[NetworkSpec, dict[str, dict[str, float]]]:
    """The network with these of its restraints, and the restraints by the names of the weights."""
    layers, restraints = RESTRAINED[name]
    asked = {key: {field: value for field, value in each.items() if field in fields} for key, each in restraints.items()}

    def said(layers: list[Any], prefix: str = "") -> list[Any]:
        made, module = [], 0
        for layer in layers:
            fields = {} if isinstance(layer, str) else dict(layer)
            if "layers" in fields:
                fields["layers"] = said(fields["layers"], f"{prefix}{module}.")
            fields |= asked.get(f"{prefix}{module}.weight", {}) if fields else {}
            made.append(fields or layer)
            module += 1 + ("activation" in fields)
        return made

    return NetworkSpec.model_validate({"layers": said(layers), "dtype": dtype}), asked


@pytest.mark.parametrize("fields", [("l1",), ("l2",), PENALTIES], ids=str)
@pytest.mark.parametrize("name", RESTRAINED)
def test_penalties_and_their_derivatives_are_those_of_pytorch(name: str, fields: tuple[str, ...]) -> None:
    layers, asked = restrained(name, fields)
    network = random_network(layers, "mean_squared_error", INPUTS)
    x, t = examples("mean_squared_error", 9, INPUTS, 2)
    model = loaded(layers, named_weights(network.program, network.theta), INPUTS)
    named = dict(model.model.named_parameters())
    loss = plain = torch.nn.functional.mse_loss(model.train()(torch.tensor(x)), torch.tensor(t))
    for key, penalties in asked.items():
        loss = loss + penalties.get("l1", 0.0) * named[key].abs().sum() + penalties.get("l2", 0.0) * named[key].square().sum()
    assert loss.item() > 1.02 * plain.item()
    loss.backward()
    found, grad = network.loss_and_gradient(x, t)
    assert found == pytest.approx(loss.item(), rel=1e-12)
    theta = network.theta.copy()
    theta[: grad.size] = grad
    ours = named_weights(network.program, theta)
    for key, parameter in named.items():
        np.testing.assert_allclose(ours[key], parameter.grad.numpy(), rtol=1e-10, atol=1e-12, err_msg=key)


def test_the_derivative_of_an_l1_penalty_is_0_where_the_weight_is() -> None:
    layers, _ = restrained("dense", ("l1",))
    bare = NetworkSpec.model_validate({"layers": RESTRAINED["dense"][0], "dtype": "float64"})
    network = random_network(layers, "mean_squared_error", INPUTS)
    network.theta[:] = 0
    x, t = examples("mean_squared_error", 9, INPUTS, 2)
    without = Network(random_network(bare, "mean_squared_error", INPUTS).program, network.theta)
    np.testing.assert_array_equal(network.loss_and_gradient(x, t)[1], without.loss_and_gradient(x, t)[1])


def bounded(weight: Any, most: float) -> tuple[Any, Any]:
    """The weights of each unit or filter, along the first axis, at most so long; and which were longer."""
    flat = weight.reshape(len(weight), -1).astype(np.float64)
    norms = np.sqrt(np.einsum("ui,ui->u", flat, flat))
    return (flat * np.minimum(1, most / norms)[:, None]).reshape(weight.shape), norms > most


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", RESTRAINED)
def test_a_bound_shortens_the_units_that_are_too_long_and_touches_nothing_else(name: str, dtype: str) -> None:
    layers, asked = restrained(name, BOUNDS, dtype)
    network = random_network(layers, "mean_squared_error", INPUTS)
    start = named_weights(network.program, network.theta)
    for key, restraint in asked.items():  # one unit within the bound, the first a little above
        flat = start[key].reshape(len(start[key]), -1)
        flat *= 1.01 * restraint["max_norm"] / np.linalg.norm(flat, axis=1, keepdims=True)
        flat[1:] *= 3
        flat[-1] /= 6
    x, t = examples("mean_squared_error", 9, INPUTS, 2, dtype)
    training = Training(layers, training_spec(optimizer=STILL, epochs=1), Data(x, t, x[:0], t[:0]), start=start)
    list(training.epochs())
    statistics = {statistic.name for statistic in training.program.statistics}
    for key, weight in training.weights().items():
        if key in statistics:
            continue
        if key not in asked:
            np.testing.assert_array_equal(weight, start[key], err_msg=key)
            continue
        expected, is_long = bounded(start[key], asked[key]["max_norm"])
        assert is_long.tolist() == [True] * (len(weight) - 1) + [False]
        np.testing.assert_allclose(weight, expected, rtol=1e-14 if dtype == "float64" else 1e-6, err_msg=key)
        np.testing.assert_array_equal(weight[~is_long], start[key][~is_long], err_msg=key)


@pytest.mark.parametrize("name", RESTRAINED)
def test_steps_with_penalties_and_bounds_are_those_of_pytorch_each_shortened_by_hand(name: str) -> None:
    layers, asked = restrained(name, PENALTIES + BOUNDS)
    x, t = examples("mean_squared_error", 36, INPUTS, 2)
    fields = training_spec(optimizer={"type": "sgd", "learning_rate": 0.05, "momentum": 0.5}, epochs=10, batch_size=12)
    training = Training(layers, fields.model_copy(update={"shuffle": False}), Data(x, t, x[:0], t[:0]))
    model = loaded(layers, training.weights(), INPUTS).train()
    named = dict(model.model.named_parameters())
    descent = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.5)
    shortened = 0
    for _ in training.epochs():
        for first in range(0, 36, 12):
            batch = slice(first, first + 12)
            descent.zero_grad()
            loss = torch.nn.functional.mse_loss(model(torch.tensor(x[batch])), torch.tensor(t[batch]))
            for key, each in asked.items():
                loss = loss + each.get("l1", 0.0) * named[key].abs().sum() + each.get("l2", 0.0) * named[key].square().sum()
            loss.backward()
            descent.step()
            for key, each in asked.items():
                weight, is_long = bounded(named[key].detach().numpy(), each["max_norm"])
                shortened += int(is_long.sum())
                with torch.no_grad():
                    named[key].copy_(torch.tensor(weight))
    assert shortened > 5
    for key, weight in training.weights().items():
        if key in named:
            np.testing.assert_allclose(weight, named[key].detach().numpy(), rtol=1e-9, atol=1e-11, err_msg=key)
