"""Step by step beside PyTorch, in double precision, from the same weights and on the same batches."""

import numpy as np
import pytest

from core.nn.network import Network
from core.nn.saving.weights import named_weights
from tests.nn.networks import (
    ACTIVATIONS,
    LAST,
    LOSSES,
    OPTIMIZERS,
    examples,
    name_of,
    network_spec,
    random_network,
    training,
    training_spec,
)
from tests.nn.torch_networks import distance, loaded, torch_loss
from tests.nn.torch_optimizers import in_double_precision, torch, torch_optimizer  # noqa: F401 - a fixture


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=name_of)
def test_outputs_loss_and_gradient_are_those_of_pytorch(activation, loss):
    layers = network_spec(7, 30, 3, activation=activation, last=LAST.get(loss, "identity"))
    network = random_network(layers, loss, inputs=5)
    x, t = examples(loss, 40, 5, 3)
    model = loaded(layers, network_weights(network), 5)
    y = model(torch.tensor(x))
    expected = torch_loss(loss, y, t)
    expected.backward()
    found, grad = network.loss_and_gradient(x, t)
    assert found == pytest.approx(expected.item(), rel=1e-12)
    np.testing.assert_allclose(network.outputs(x), y.detach().numpy(), rtol=1e-10, atol=1e-14)
    assert distance(network_weights(Network(network.program, grad)), {n: p.grad for n, p in model.named_parameters()}) < 1e-12


def network_weights(network):
    return named_weights(network.program, network.theta)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
def test_two_hundred_steps_lead_to_the_weights_of_pytorch(optimizer, loss):
    layers = network_spec(9, 6, 3, activation="tanh", last=LAST.get(loss, "identity"))
    # 3 steps an epoch, the last of 7 rows. In an odd number of rows no signs cancel: a sum that is 0 but for its rounding
    # would be a full step to an optimizer that looks at the sign alone.
    rows, batch_size, epochs = 37, 15, 67
    x, t = examples(loss, rows, 5, 3)
    run = training(layers, training_spec(loss, optimizer=optimizer, epochs=epochs, batch_size=batch_size, shuffle=False), x, t)
    model = loaded(layers, run.weights(), 5)
    descent = torch_optimizer(run.spec.optimizer, model.parameters())
    for result in run.epochs():
        total = 0.0
        for first in range(0, rows, batch_size):
            batch = slice(first, first + batch_size)
            descent.zero_grad()
            value = torch_loss(loss, model(torch.tensor(x[batch])), t[batch])
            value.backward()
            descent.step()
            total += value.item() * len(x[batch])
        assert result.loss == pytest.approx(total / rows, rel=1e-9, abs=1e-10)
    assert distance(run.weights(), dict(model.named_parameters())) < 1e-9


def test_trained_weights_give_the_same_outputs_in_pytorch():
    layers = network_spec(64, 32, 10, activation="relu", last="softmax", dtype="float32")
    x, t = examples("softmax_cross_entropy", 500, 20, 10, dtype="float32")
    run = training(layers, training_spec("softmax_cross_entropy", epochs=5), x, t)
    list(run.epochs())
    y = loaded(layers, run.weights(), 20, "float32")(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(Network(run.program, run.theta).outputs(x), y, atol=1e-6)
