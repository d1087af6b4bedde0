"""Weights from elsewhere: in a network as they are, or a word about the first tensor that does not fit."""

import numpy as np
import pytest

from core.errors import InvalidData
from core.nn.lower import lower
from core.nn.saving.weights import fill, misfit
from core.nn.spec import MeanSquaredError
from tests.nn.networks import network_spec

MSE = MeanSquaredError()
PROGRAM = lower(network_spec(4, 2), MSE, 3)
SHAPES = {"0.weight": [4, 3], "0.bias": [4], "2.weight": [2, 4], "2.bias": [2]}


def test_tensors_of_the_right_names_and_shapes_fit() -> None:
    assert misfit(PROGRAM, SHAPES) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"2.weight": [2, 5]}, 'their tensor "2.weight" has the shape [2, 5]; in this network it has [2, 4]'),
        ({"0.bias": []}, 'their tensor "0.bias" has the shape []; in this network it has [4]'),
        ({"4.bias": [1]}, 'they have a tensor "4.bias", which this network has not'),
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named_with_both_shapes(change: dict[str, list[int]], message: str) -> None:
    assert misfit(PROGRAM, SHAPES | change) == message


def test_a_count_of_batches_may_be_missing_or_too_much() -> None:
    program = lower(network_spec(4, 2).model_validate({"layers": ["batch_normalisation", {"units": 2}]}), MSE, 3)
    shapes = {tensor.name: tensor.shape for tensor in (*program.tensors, *program.statistics)}
    assert "0.num_batches_tracked" in shapes
    assert misfit(program, shapes) is None
    assert misfit(program, {name: shape for name, shape in shapes.items() if "num_batches" not in name}) is None
    assert misfit(PROGRAM, SHAPES | {"0.num_batches_tracked": []}) is None


def test_a_missing_tensor_is_named_with_those_that_are_there() -> None:
    there = {name: shape for name, shape in SHAPES.items() if name != "0.bias"}
    assert misfit(PROGRAM, there) == (
        'they have no tensor "0.bias", which has the shape [4] in this network; theirs are 0.weight, 2.bias, 2.weight'
    )


def test_values_beyond_the_range_of_the_network_are_refused_by_name() -> None:
    program = lower(network_spec(4, 2, dtype="float32"), MSE, 3)
    start = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    start["2.bias"][1] = 1e300
    with pytest.raises(InvalidData, match=r'range of float32 in tensor "2\.bias"'):
        fill(program, start, np.zeros(program.size, np.float32))
