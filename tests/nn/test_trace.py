"""One row on its way: against the compiled engine, against PyTorch, and against numbers worked by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.nn import spec
from core.nn.program import FUSED
from core.nn.saving.weights import named_weights
from core.nn.spec import NetworkSpec
from core.nn.trace import MOST_WEIGHTS, trace, untraceable
from tests.nn.networks import ACTIVATIONS, LAST, LOSSES, examples, name_of, network_spec, random_network, training_spec

TRACED = [activation for activation in ACTIVATIONS if activation != "prelu"]


def traced(layers, network, loss, x, t, weight=1.0, **fields):
    wanted = training_spec({"type": loss, **fields}).loss
    return trace(layers, wanted, named_weights(network.program, network.theta), x, t, weight)


def assert_as_the_engine(layers, network, loss, found, x, t, w):
    expected, grad = network.loss_and_gradient(x[None], t[None], np.array([w]))
    assert found.loss == pytest.approx(expected, rel=1e-10, abs=1e-14)
    np.testing.assert_allclose(found.outputs, network.outputs(x[None])[0], rtol=1e-10, atol=1e-14)
    gradients = named_weights(network.program, np.concatenate([grad, np.zeros(len(network.theta) - len(grad))]))
    assert_gradients(found, gradients.values())


def assert_gradients(found, expected):
    ours = [each for layer in found.layers for each in (layer.weights_gradient, layer.bias_gradient) if each is not None]
    for one, other in zip(ours, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-10, atol=1e-13)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", TRACED, ids=name_of)
def test_every_activation_and_every_loss_gives_what_the_engine_computes(activation, loss):
    layers = network_spec(5, 4, 3, activation=activation, last=LAST.get(loss, "identity"))
    network = random_network(layers, loss, inputs=4)
    for x, t in zip(*examples(loss, 5, 4, 3), strict=True):
        assert_as_the_engine(layers, network, loss, traced(layers, network, loss, x, t, 0.7), x, t, 0.7)


@pytest.mark.parametrize("activation", TRACED, ids=name_of)
def test_every_activation_may_be_the_last_one_and_a_layer_of_its_own(activation):
    layers = NetworkSpec.model_validate(
        {"layers": [{"units": 3}, activation, {"units": 2, "activation": activation}], "dtype": "float64"}
    )
    network = random_network(layers, "huber", inputs=3)
    x, t = (each[0] for each in examples("huber", 1, 3, 2))
    found = traced(layers, network, "huber", x, t)
    assert_as_the_engine(layers, network, "huber", found, x, t, 1.0)
    if activation == "tanh":
        assert [layer.type for layer in found.layers] == ["dense", "tanh", "dense"]
        assert found.layers[1].weights is None
        assert found.layers[1].weights_gradient is None


@st.composite
def drawn(draw):
    """Dense layers, dropouts and activations, as they come."""
    loss = draw(st.sampled_from(LOSSES))
    names = st.sampled_from(TRACED)
    dense = st.builds(
        lambda units, activation, bias: {"type": "dense", "units": units, "activation": activation, "bias": bias},
        st.integers(1, 6),
        names,
        st.booleans(),
    )
    alone = names.map(lambda name: {"type": name} if isinstance(name, str) else name)
    idle = st.sampled_from([{"type": "dropout", "rate": 0.0}, {"type": "flatten"}])
    layers = draw(st.lists(st.one_of(dense, dense, alone, idle), max_size=4))
    last = draw(st.sampled_from(["identity", FUSED.get(loss, "tanh")]))
    layers.append({"type": "dense", "units": draw(st.integers(2, 4)), "activation": last})
    return NetworkSpec.model_validate({"layers": layers, "dtype": "float64"}), loss


@given(drawn(), st.integers(0, 2**20), st.floats(0.0, 5.0))
def test_random_networks_give_what_the_engine_computes(network_and_loss, seed, weight):
    layers, loss = network_and_loss
    network = random_network(layers, loss, 3, seed)
    x, t = (each[0] for each in examples(loss, 1, 3, layers.layers[-1].units, seed=seed))
    assert untraceable(layers, network.program.parameters) is None
    assert_as_the_engine(layers, network, loss, traced(layers, network, loss, x, t, weight), x, t, weight)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("activation", TRACED, ids=name_of)
def test_every_number_is_that_of_pytorch(activation, loss):
    torch = pytest.importorskip("torch")
    from tests.nn.torch_networks import module, torch_loss

    layers = network_spec(5, 3, activation=activation, last=LAST.get(loss, "identity"))
    network = random_network(layers, loss, inputs=4)
    x, t = (each[0] for each in examples(loss, 1, 4, 3))
    found = traced(layers, network, loss, x, t)

    def activated(f, z):
        return z if f.type == "identity" else module(f, z.shape[1])(z)

    sums, value = [], torch.tensor(x[None])
    for layer, ours in zip(layers.layers, found.layers, strict=True):
        z = value @ torch.tensor(ours.weights).T + torch.tensor(ours.bias)
        z.requires_grad_() if not z.requires_grad else z.retain_grad()
        value = activated(layer.activation, z)
        sums.append((z, value))
    expected = torch_loss(loss, value, t[None])
    expected.backward()
    assert found.loss == pytest.approx(expected.item(), rel=1e-10)
    for ours, (z, y) in zip(found.layers, sums, strict=True):
        np.testing.assert_allclose(ours.weighted_sums, z.detach()[0], rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(ours.activations, y.detach()[0], rtol=1e-10, atol=1e-14)
        np.testing.assert_allclose(ours.errors, z.grad[0], rtol=1e-10, atol=1e-14)


def test_a_network_of_two_two_and_one_gives_the_numbers_worked_by_hand():
    """x = (1, 2), t = 1. Hidden layer, ReLU: z = (1·1 + (−1)·2 + 0, 0.5·1 + 1·2 + 0.5) = (−1, 3), y = (0, 3). Output, identity:
    z = 2·0 + 0.5·3 − 0.25 = 1.25. L = (1.25 − 1)² = 0.0625.

    Back: error of the output 2 · 0.25 = 0.5; its weights' gradients 0.5 · (0, 3) = (0, 1.5), its bias's 0.5. Passed back
    0.5 · (2, 0.5) = (1, 0.25), of which ReLU lets through (0, 0.25); gradients (0, 0) and 0.25 · (1, 2) = (0.25, 0.5).
    """
    layers = network_spec(2, 1, activation="relu")
    weights = {
        "0.weight": np.array([[1.0, -1.0], [0.5, 1.0]]),
        "0.bias": np.array([0.0, 0.5]),
        "2.weight": np.array([[2.0, 0.5]]),
        "2.bias": np.array([-0.25]),
    }
    found = trace(layers, spec.MeanSquaredError(), weights, [1.0, 2.0], [1.0])
    hidden, output = found.layers
    assert (found.inputs.tolist(), found.outputs.tolist(), found.targets.tolist()) == ([1, 2], [1.25], [1])
    assert found.loss == 0.0625
    assert (hidden.weighted_sums.tolist(), hidden.activations.tolist()) == ([-1, 3], [0, 3])
    assert (hidden.errors.tolist(), hidden.bias_gradient.tolist()) == ([0, 0.25], [0, 0.25])
    assert hidden.weights_gradient.tolist() == [[0, 0], [0.25, 0.5]]
    assert (output.errors.tolist(), output.weights_gradient.tolist(), output.bias_gradient.tolist()) == (
        [0.5],
        [[0, 1.5]],
        [0.5],
    )


def test_the_error_of_the_outputs_of_a_classifier_is_what_it_gives_less_what_it_should():
    """Two equal logits are one half each; with a label smoothing of 0.2 the class is to have 0.9."""
    layers = network_spec(2, last="softmax")
    weights = {"0.weight": np.zeros((2, 1)), "0.bias": np.zeros(2)}
    found = trace(layers, spec.SoftmaxCrossEntropy(label_smoothing=0.2), weights, [3.0], [1.0], weight=2.0)
    np.testing.assert_allclose(found.targets, [0.1, 0.9])
    np.testing.assert_allclose(found.layers[0].errors, [2 * (0.5 - 0.1), 2 * (0.5 - 0.9)])
    assert found.loss == pytest.approx(2 * math.log(2))


def test_far_out_sums_give_no_warning_and_no_number_that_is_none():
    layers = network_spec(2, 2, activation="sigmoid", last="softmax")
    weights = {"0.weight": np.full((2, 1), 1e4), "0.bias": np.zeros(2), "2.weight": np.diag([5e3, -5e3]), "2.bias": np.zeros(2)}
    found = trace(layers, spec.SoftmaxCrossEntropy(), weights, [-1.0], [0.0])
    for layer in found.layers:
        for numbers in (layer.weighted_sums, layer.activations, layer.errors, layer.weights_gradient):
            assert np.isfinite(numbers).all()


@pytest.mark.parametrize(
    ("layers", "parameters", "told"),
    [
        ([{"units": 4, "activation": "prelu"}], 24, "layer 0 has prelu"),
        ([{"units": 4}, "prelu"], 24, "layer 1 has prelu"),
        ([{"units": 4}, "batch_normalisation", {"units": 1}], 24, "layer 1 is batch_normalisation"),
        ([{"type": "embedding", "dimension": 2}, {"units": 1}], 24, "layer 0 is embedding"),
        ([{"units": 4}], MOST_WEIGHTS + 1, "10,001 weights and biases; a trace shows 10,000"),
    ],
)
def test_a_network_that_has_no_trace_is_told_why(layers, parameters, told):
    message = untraceable(NetworkSpec.model_validate({"layers": layers}), parameters)
    assert message is not None
    assert told in message
