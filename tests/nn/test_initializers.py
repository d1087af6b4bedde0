"""Initial values have the spread that their sources ask for."""

import math

import numpy as np
import pytest

from core.nn.initializers import initialize
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


def test_layers_and_seeds_draw_different_weights_and_equal_seeds_equal_ones():
    program, theta = initial("glorot_uniform")
    first, second = (theta[program.tensors[place].place] for place in (0, 2))
    assert np.corrcoef(first[: len(second)], second[: len(first)])[0, 1] == pytest.approx(0, abs=0.02)
    np.testing.assert_array_equal(theta, initial("glorot_uniform")[1])
    assert (theta == initial("glorot_uniform", seed=1)[1]).mean() < 0.01
