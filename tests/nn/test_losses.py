"""Every loss, with weights of the rows, is that of PyTorch; and keeps its digits where errors are small."""

from typing import Any

import numpy as np
import pytest

from core.nn.kernels import likelihoods, losses
from core.nn.lower import lower
from core.nn.network import Network
from core.nn.spec import NetworkSpec
from tests.nn.networks import examples, random_network, training_spec

torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed; it is only compared with")
F = torch.nn.functional
ROWS, OUTPUTS = 37, 5


def smoothed(y, t):
    return F.cross_entropy(y, t[:, 0].long(), reduction="none", label_smoothing=0.1)


# Each with the loss of every output, or of every row, from PyTorch's own functions.
LOSSES = {
    "mean_squared_error": ({}, lambda y, t: (y - t) ** 2),
    "mean_absolute_error": ({}, lambda y, t: abs(y - t)),
    "huber": ({"delta": 0.7}, lambda y, t: F.huber_loss(y, t, reduction="none", delta=0.7)),
    "log_cosh": ({}, lambda y, t: torch.log(torch.cosh(y - t))),
    "poisson": ({}, lambda y, t: F.poisson_nll_loss(y, t, reduction="none")),
    "binary_cross_entropy": ({}, lambda y, t: F.binary_cross_entropy_with_logits(y, t, reduction="none")),
    "softmax_cross_entropy": ({"label_smoothing": 0.1}, smoothed),
}


@pytest.mark.parametrize("name", LOSSES)
def test_weighted_losses_and_their_gradients_are_those_of_pytorch(name):
    fields, of_outputs = LOSSES[name]
    loss = training_spec({"type": name, **fields}).loss
    # A network of one layer whose weights are the identity: the gradient by its biases is the sum of the outputs' own.
    spec = NetworkSpec.model_validate({"layers": [{"units": OUTPUTS}], "dtype": "float64"})
    program = lower(spec, loss, OUTPUTS)
    network = Network(program, np.concatenate([np.eye(OUTPUTS).ravel(), np.zeros(OUTPUTS)]))
    x, t = examples(name, ROWS, OUTPUTS, OUTPUTS)
    w = np.random.default_rng(1).exponential(1.0, ROWS)
    found, grad = network.loss_and_gradient(3 * x, t, w)

    y = torch.tensor(3 * x, requires_grad=True)
    value = of_outputs(y, torch.tensor(t))
    expected = ((value if value.ndim == 1 else value.mean(dim=1)) * torch.tensor(w)).mean()
    expected.backward()
    assert found == pytest.approx(expected.item(), rel=1e-12)
    dy = y.grad.numpy()
    np.testing.assert_allclose(grad[-OUTPUTS:], dy.sum(axis=0), rtol=1e-10, atol=1e-14)
    np.testing.assert_allclose(grad[:-OUTPUTS].reshape(OUTPUTS, OUTPUTS), 3 * x.T @ dy, rtol=1e-10, atol=1e-13)


def test_several_outputs_of_binary_cross_entropy_are_as_many_questions():
    spec = NetworkSpec.model_validate({"layers": [{"units": 4, "activation": "sigmoid"}], "dtype": "float64"})
    network = random_network(spec, "binary_cross_entropy", 3)
    x, t = examples("binary_cross_entropy", 20, 3, 4)
    W, b = network.theta[:12].reshape(3, 4), network.theta[12:]
    alone = []
    for j in range(4):
        one = Network(lower(_one_output(), training_spec("binary_cross_entropy").loss, 3), np.append(W[:, j], b[j]))
        alone.append(one.loss_and_gradient(x, np.ascontiguousarray(t[:, j : j + 1]))[0])
    assert network.loss_and_gradient(x, t)[0] == pytest.approx(np.mean(alone), rel=1e-14)


def _one_output():
    return NetworkSpec.model_validate({"layers": [{"units": 1, "activation": "sigmoid"}], "dtype": "float64"})


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_log_cosh_keeps_its_digits_for_small_errors_and_does_not_overflow_for_large_ones(dtype):
    errors = np.array([0.0, 1e-12, -1e-6, 0.01, -19.99, 20.01, -1e30], dtype)
    exact = np.array([0.0, 5e-25, 5e-13, 4.999916669e-05, 19.99 - np.log(2), 20.01 - np.log(2), 1e30])
    dy = np.empty((1, 1), dtype)
    for error, value in zip(errors, exact, strict=True):
        arguments = (np.full((1, 1), error, dtype), np.zeros((1, 1), dtype), np.ones(1, dtype), dy, 1.0)
        assert losses.log_cosh(*arguments) == pytest.approx(value, rel=4e-7 if dtype == np.float32 else 1e-9)
        assert dy[0, 0] == pytest.approx(np.tanh(np.float64(error)), rel=1e-6 if dtype == np.float32 else 1e-14)


def test_poisson_losses_of_rates_too_large_to_hold_are_infinite():
    dz = np.empty((1, 1), np.float32)
    one = np.ones((1, 1), np.float32)
    assert likelihoods.poisson(100 * one, one, one[0], dz, 1.0) == np.inf
