"""Backpropagation against the definition of the derivative, in double precision."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.nn.gradcheck import gradient_error, numerical_gradient
from tests.nn.networks import ACTIVATIONS, LOSSES, examples, name_of, network_spec, random_network
from tests.nn.random_networks import networks

LAST = {"binary_cross_entropy": ("identity", "sigmoid"), "softmax_cross_entropy": ("identity", "softmax")}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=name_of)
def test_every_activation_and_loss_has_the_gradient_of_its_formula(activation, loss):
    for last in LAST.get(loss, ACTIVATIONS):
        network = random_network(network_spec(5, 4, 3, activation=activation, last=last), loss, inputs=4)
        x, t = examples(loss, 6, 4, 3)
        assert gradient_error(network, x, t, h=1e-4) < 1e-7, last


@pytest.mark.parametrize("units", [(3,), (64, 64, 3), (40, 3)])
def test_layers_large_enough_for_the_blas_have_the_gradient_too(units):
    network = random_network(network_spec(*units), "mean_squared_error", inputs=20)
    x, t = examples("mean_squared_error", 33, 20, 3)
    assert gradient_error(network, x, t) < 1e-7


def test_a_layer_without_biases_has_the_gradient_too():
    network = random_network(network_spec(5, 3, bias=False), "mean_squared_error", inputs=4)
    x, t = examples("mean_squared_error", 6, 4, 3)
    assert network.program.parameters == 4 * 5 + 5 * 3
    assert gradient_error(network, x, t) < 1e-7


@settings(max_examples=150, deadline=None)
@given(drawn=networks(), rows=st.integers(1, 7), seed=st.integers(0, 2**32))
def test_random_networks_of_any_layers_have_the_gradient_of_their_formula(drawn, rows, seed):
    network = random_network(drawn.network, drawn.loss, drawn.inputs, seed, drawn.categories)
    x, t = drawn.examples(rows, seed=seed)
    assert smooth_gradient_error(network, x, t) < 1e-6


def smooth_gradient_error(network, x, t):
    """The relative error of the gradient where the loss has no kink nearby: where two sizes of differences agree."""
    _, grad = network.loss_and_gradient(x, t)
    wide, narrow = (numerical_gradient(network, x, t, h) for h in (2e-4, 1e-4))
    scale = max(float(np.linalg.norm(wide)), 1e-3)
    is_smooth = np.abs(wide - narrow) < 1e-8 * scale
    assume(is_smooth.mean() > 0.5)
    return float(np.linalg.norm((grad - narrow)[is_smooth])) / scale
