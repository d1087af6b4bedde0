"""Normalisation of batches and of layers, beside PyTorch's and by the definition of the derivative."""

from typing import Any

import numpy as np
import pytest

from core.nn.kernels import normalisation
from core.nn.spec import NetworkSpec
from tests.nn.networks import random_network

SHAPES = [(8, 5, 1), (2, 3, 1), (300, 17, 1), (4, 3, 49), (1, 2, 30), (33, 8, 6)]  # B, C, S
TOLERANCE = {"float64": {"rtol": 1e-10, "atol": 1e-12}, "float32": {"rtol": 1e-3, "atol": 1e-4}}
MOMENTUM, EPSILON = 0.1, 1e-5


def operands(B: int, C: int, S: int, dtype: str, mean: float = 0.5, deviation: float = 2.0) -> tuple[Any, Any, Any, Any]:
    """x, gamma, beta, dy."""
    rng = np.random.default_rng(0)
    x = rng.normal(mean, deviation, (B, C * S))
    return tuple(
        array.astype(dtype) for array in (x, rng.normal(1, 0.2, C), rng.normal(0, 0.2, C), rng.standard_normal(x.shape))
    )


class Batch:
    """A batch normalisation's statistics, and what each of its kernels gives."""

    def __init__(self, C: int, dtype: str) -> None:
        self.running_mean, self.running_variance = np.zeros(C, dtype), np.ones(C, dtype)
        self.mean, self.inverse = np.full(C, np.nan, dtype), np.full(C, np.nan, dtype)

    def training(self, x: Any, gamma: Any, beta: Any) -> Any:
        y = np.full_like(x, np.nan)
        running = (self.running_mean, self.running_variance)
        normalisation.batch_training(x, gamma, beta, *running, MOMENTUM, EPSILON, self.mean, self.inverse, y)
        return y

    def inference(self, x: Any, gamma: Any, beta: Any) -> Any:
        y = np.full_like(x, np.nan)
        running = (self.running_mean, self.running_variance)
        normalisation.batch_inference(x, gamma, beta, *running, EPSILON, self.inverse, y)
        return y

    def derivatives(self, x: Any, gamma: Any, dy: Any) -> tuple[Any, Any, Any]:
        """dgamma, dbeta, dx."""
        dgamma, dbeta, dx = np.full_like(gamma, np.nan), np.full_like(gamma, np.nan), np.full_like(x, np.nan)
        normalisation.d_batch(x, gamma, self.mean, self.inverse, dy, dgamma, dbeta, dx)
        return dgamma, dbeta, dx


def layer(x: Any, gamma: Any, beta: Any, dy: Any) -> tuple[Any, Any, Any, Any]:
    """y, dgamma, dbeta, dx."""
    y, dx, statistics = np.full_like(x, np.nan), np.full_like(x, np.nan), np.full((len(x), 2), np.nan, x.dtype)
    dgamma, dbeta = np.full_like(gamma, np.nan), np.full_like(gamma, np.nan)
    normalisation.layer(x, gamma, beta, EPSILON, statistics, y)
    normalisation.d_layer(x, gamma, statistics, dy, dgamma, dbeta, dx)
    return y, dgamma, dbeta, dx


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("B", "C", "S"), SHAPES)
def test_batches_are_normalised_as_by_pytorch_in_training_and_after_it(B, C, S, dtype):
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed; it is only compared with")
    kind = torch.nn.BatchNorm1d if S == 1 else torch.nn.BatchNorm2d
    model = kind(C, dtype=torch.float64)
    batch = Batch(C, dtype)
    for step in range(3):
        x, gamma, beta, dy = operands(B, C, S, dtype, mean=step)
        with torch.no_grad():
            model.weight.copy_(torch.tensor(gamma))
            model.bias.copy_(torch.tensor(beta))
        model.zero_grad()
        shape = (B, C) if S == 1 else (B, C, S, 1)
        inputs = torch.tensor(x.astype(np.float64).reshape(shape), requires_grad=True)
        y = model.train()(inputs)
        y.backward(torch.tensor(dy.astype(np.float64)).reshape(shape))
        exact = (y.detach(), model.weight.grad, model.bias.grad, inputs.grad, model.running_mean, model.running_var)
        found = (batch.training(x, gamma, beta), *batch.derivatives(x, gamma, dy), batch.running_mean, batch.running_variance)
        exact = (*exact, model.eval()(inputs).detach())
        found = (*found, batch.inference(x, gamma, beta))
        for ours, theirs in zip(found, exact, strict=True):
            np.testing.assert_allclose(ours, theirs.numpy().reshape(ours.shape), **TOLERANCE[dtype])


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("B", "n"), [(8, 5), (1, 3), (30, 200), (3, 1)])
def test_layers_are_normalised_as_by_pytorch(B, n, dtype):
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed; it is only compared with")
    x, gamma, beta, dy = operands(B, n, 1, dtype)
    model = torch.nn.LayerNorm(n, dtype=torch.float64)
    with torch.no_grad():
        model.weight.copy_(torch.tensor(gamma))
        model.bias.copy_(torch.tensor(beta))
    inputs = torch.tensor(x.astype(np.float64), requires_grad=True)
    y = model(inputs)
    y.backward(torch.tensor(dy.astype(np.float64)))
    for ours, theirs in zip(
        layer(x, gamma, beta, dy), (y.detach(), model.weight.grad, model.bias.grad, inputs.grad), strict=True
    ):
        np.testing.assert_allclose(ours, theirs.numpy(), **TOLERANCE[dtype])


@pytest.mark.parametrize("S", [1, 6])
def test_derivatives_are_those_of_the_definition(S):
    B, C, h = 5, 3, 1e-6
    x, gamma, beta, dy = operands(B, C, S, "float64")
    batch = Batch(C, "float64")
    batch.training(x, gamma, beta)
    by_batch = batch.derivatives(x, gamma, dy)
    wide = np.repeat(gamma, S), np.repeat(beta, S)
    by_layer = layer(x, *wide, dy)[1:]
    for formula, operands_, derivatives in (
        (lambda x, g, b: Batch(C, "float64").training(x, g, b), (x, gamma, beta), by_batch),
        (lambda x, g, b: layer(x, g, b, dy)[0], (x, *wide), by_layer),
    ):
        dgamma, dbeta, dx = derivatives
        for operand, derivative in zip(operands_, (dx, dgamma, dbeta), strict=True):
            for place in range(operand.size):
                values = []
                for step in (h, -h):
                    operand.flat[place] += step
                    values.append(float((formula(*operands_) * dy).sum()))
                    operand.flat[place] -= step
                assert (values[0] - values[1]) / (2 * h) == pytest.approx(derivative.flat[place], rel=1e-6, abs=1e-7)


def test_derivatives_may_be_written_over_those_they_come_from():
    for B, C, S in SHAPES:
        x, gamma, beta, dy = operands(B, C, S, "float64")
        batch = Batch(C, "float64")
        batch.training(x, gamma, beta)
        expected = batch.derivatives(x, gamma, dy)
        dgamma, dbeta, dx = np.empty(C), np.empty(C), dy.copy()
        normalisation.d_batch(x, gamma, batch.mean, batch.inverse, dx, dgamma, dbeta, dx)
        for found, exact in zip((dgamma, dbeta, dx), expected, strict=True):
            np.testing.assert_array_equal(found, exact)


@pytest.mark.parametrize("S", [1, 50])
def test_a_large_mean_costs_no_digits_of_the_deviation(S):
    B, C = 2000 // S, 3
    x, gamma, beta, _ = operands(B, C, S, "float32", mean=1e5, deviation=10)
    batch = Batch(C, "float32")
    y = batch.training(x, gamma * 0 + 1, beta * 0).reshape(B, C, S)
    wide = x.astype(np.float64).reshape(B, C, S)
    mean, deviation = wide.mean((0, 2), keepdims=True), wide.std((0, 2), keepdims=True)
    np.testing.assert_allclose(batch.inverse, 1 / deviation.ravel(), rtol=1e-4)
    np.testing.assert_allclose(y, (wide - mean) / deviation, atol=2e-3)
    rows = x.reshape(C, -1)
    ones = np.ones(rows.shape[1], np.float32)
    wide = rows.astype(np.float64)
    exact = (wide - wide.mean(1, keepdims=True)) / wide.std(1, keepdims=True)
    np.testing.assert_allclose(layer(rows, ones, 0 * ones, rows)[0], exact, atol=2e-3)


def test_a_single_value_becomes_the_shift_and_divides_by_nothing():
    x, gamma, beta, dy = operands(1, 4, 1, "float64")
    batch = Batch(4, "float64")
    np.testing.assert_array_equal(batch.training(x, gamma, beta)[0], beta)
    np.testing.assert_array_equal(batch.running_variance, 0.9)
    np.testing.assert_allclose(batch.running_mean, 0.1 * x[0])
    np.testing.assert_allclose(batch.derivatives(x, gamma, dy)[2], 0, atol=1e-12)


def test_a_constant_column_becomes_the_shift():
    x, gamma, beta, _ = operands(16, 3, 2, "float32")
    x[:, 2:4] = 7.25
    y = Batch(3, "float32").training(x, gamma, beta)
    np.testing.assert_array_equal(y[:, 2:4], beta[1])
    assert np.isfinite(y).all()


@pytest.mark.parametrize("layer", ["batch_normalisation", {"type": "residual", "layers": ["batch_normalisation"]}], ids=str)
def test_to_predict_changes_nothing_in_the_weights_so_that_threads_may_share_them(layer):
    spec = NetworkSpec.model_validate({"layers": [{"units": 4}, layer, {"units": 2}], "dtype": "float64"})
    network = random_network(spec, "mean_squared_error", 3)
    before = network.theta.copy()
    x = np.random.default_rng(0).standard_normal((300, 3))
    np.testing.assert_array_equal(network.outputs(x), network.outputs(x))
    np.testing.assert_array_equal(network.theta, before)
