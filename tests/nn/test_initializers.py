"""Initial values have the spread that their sources ask for."""

import math

import numpy as np
import pytest

from core.nn.initializers import initialize, orthogonal
from core.nn.lower import lower
from core.nn.memory import aligned
from core.nn.spec import NetworkSpec
from tests.nn.networks import training_spec

INPUTS, UNITS = 300, 500
DEVIATIONS = {
    "zeros": 0.0,
    "uniform": 0.05 / math.sqrt(3),
    "normal": 0.05,
    "glorot_uniform": math.sqrt(2 / (INPUTS + UNITS)),
    "glorot_normal": math.sqrt(2 / (INPUTS + UNITS)),
    "he_uniform": math.sqrt(2 / INPUTS),
    "he_normal": math.sqrt(2 / INPUTS),
    "lecun_uniform": math.sqrt(1 / INPUTS),
    "lecun_normal": math.sqrt(1 / INPUTS),
    "truncated_normal": 0.05 * math.sqrt(1 - 4 * math.exp(-2) / math.sqrt(2 * math.pi) / math.erf(math.sqrt(2))),
    "orthogonal": math.sqrt(1 / UNITS),
}


def initial(initializer, seed=0):
    layer = {"units": UNITS, "weight_initializer": initializer, "bias_initializer": {"type": "uniform", "limit": 0.1}}
    program = lower(NetworkSpec.model_validate({"layers": [layer, layer]}), training_spec().loss, INPUTS)
    theta = aligned(program.parameters, program.dtype)
    initialize(program, seed, theta)
    return program, theta


@pytest.mark.parametrize(("initializer", "deviation"), DEVIATIONS.items())
def test_weights_are_spread_as_the_source_says(initializer, deviation):
    program, theta = initial(initializer)
    weights = theta[program.tensors[0].place]
    assert weights.std() == pytest.approx(deviation, rel=0.01)
    assert abs(weights.mean()) <= deviation / 100
    if "uniform" in initializer:
        assert np.abs(weights).max() <= deviation * math.sqrt(3) * 1.0001
    biases = theta[program.tensors[1].place]
    assert biases.std() == pytest.approx(0.1 / math.sqrt(3), rel=0.1)


def test_a_constant_is_the_same_everywhere():
    program, theta = initial({"type": "constant", "value": -2.5})
    assert (theta[program.tensors[0].place] == -2.5).all()


def test_a_truncated_normal_has_no_values_beyond_two_deviations_and_is_normal_within():
    program, theta = initial({"type": "truncated_normal", "deviation": 3.0})
    weights = theta[program.tensors[0].place] / 3
    assert 1.99 < np.abs(weights).max() <= 2
    for bound in (0.5, 1.0, 1.5):
        expected = math.erf(bound / math.sqrt(2)) / math.erf(math.sqrt(2))
        assert (np.abs(weights) < bound).mean() == pytest.approx(expected, abs=0.005)


@pytest.mark.parametrize(("inputs", "units"), [(30, 50), (50, 30), (40, 40)])
def test_orthogonal_weights_keep_lengths(inputs, units):
    layer = {"units": units, "weight_initializer": {"type": "orthogonal", "gain": 2.0}}
    program = lower(NetworkSpec.model_validate({"layers": [layer], "dtype": "float64"}), training_spec().loss, inputs)
    theta = aligned(program.parameters, program.dtype)
    initialize(program, 0, theta)
    W = program.tensors[0].view(theta)
    gram = W @ W.T if units <= inputs else W.T @ W
    np.testing.assert_allclose(gram, 4 * np.eye(min(inputs, units)), atol=1e-13)


def test_every_orthogonal_matrix_is_equally_likely():
    rng = np.random.default_rng(0)
    drawn = np.array([orthogonal((2, 2), rng) for _ in range(4000)])
    angles = np.arctan2(drawn[:, 1, 0], drawn[:, 0, 0])
    counts, _ = np.histogram(angles, bins=8, range=(-np.pi, np.pi))
    assert ((counts - 500) ** 2 / 500).sum() < 24.3  # the 99.9th percentile for 7 degrees of freedom
    assert (np.linalg.det(drawn) > 0).mean() == pytest.approx(0.5, abs=0.03)


def test_float32_networks_begin_with_the_float64_values_rounded():
    layer = {"units": 20, "weight_initializer": "orthogonal"}
    thetas = []
    for dtype in ("float32", "float64"):
        program = lower(NetworkSpec.model_validate({"layers": [layer], "dtype": dtype}), training_spec().loss, 30)
        thetas.append(aligned(program.parameters, program.dtype))
        initialize(program, 5, thetas[-1])
    np.testing.assert_array_equal(thetas[0], thetas[1].astype(np.float32))


def test_layers_and_seeds_draw_different_weights_and_equal_seeds_equal_ones():
    program, theta = initial("glorot_uniform")
    first, second = (theta[program.tensors[place].place] for place in (0, 2))
    assert np.corrcoef(first[: len(second)], second[: len(first)])[0, 1] == pytest.approx(0, abs=0.02)
    np.testing.assert_array_equal(theta, initial("glorot_uniform")[1])
    assert (theta == initial("glorot_uniform", seed=1)[1]).mean() < 0.01
