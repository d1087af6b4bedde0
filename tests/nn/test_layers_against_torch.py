"""Whole networks of every kind of layer beside PyTorch's `Sequential`, from the same weights, in double precision."""

import numpy as np
import pytest

from core.nn.network import Network
from core.nn.saving.weights import named_weights
from core.nn.spec import NetworkSpec
from tests.nn.layered import NETWORKS, layered
from tests.nn.networks import LOSSES, OPTIMIZERS, examples, name_of, random_network, training, training_spec
from tests.nn.torch_layers import loaded
from tests.nn.torch_networks import distance, torch_loss
from tests.nn.torch_optimizers import in_double_precision, torch, torch_optimizer  # noqa: F401 - a fixture


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
