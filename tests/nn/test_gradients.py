"""Backpropagation against the definition of the derivative, in double precision."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.nn.gradcheck import gradient_error
from tests.nn.networks import ACTIVATIONS, LOSSES, SMOOTH, examples, name_of, network_spec, random_network

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


@settings(max_examples=40, deadline=None)
@given(
    inputs=st.integers(1, 6),
    hidden=st.lists(st.tuples(st.integers(1, 12), st.sampled_from(SMOOTH), st.booleans()), max_size=4),
    outputs=st.integers(1, 4),
    rows=st.integers(1, 20),
    loss=st.sampled_from([loss for loss in LOSSES if loss not in ("mean_absolute_error", "huber")]),
    seed=st.integers(0, 2**32),
)
def test_random_smooth_networks_have_the_gradient_of_their_formula(inputs, hidden, outputs, rows, loss, seed):
    layers = [{"units": m, "activation": activation, "bias": bias} for m, activation, bias in hidden]
    spec = network_spec(1).model_validate({"layers": [*layers, {"units": outputs}], "dtype": "float64"})
    network = random_network(spec, loss, inputs, seed)
    x, t = examples(loss, rows, inputs, outputs, seed=seed)
    assert gradient_error(network, x, t) < 1e-7
