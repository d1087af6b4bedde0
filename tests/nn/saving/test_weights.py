"""Weights from elsewhere: in a network as they are, or a word about the first tensor that does not fit."""

import numpy as np
import pytest

from core.errors import InvalidData
from core.nn.lower import lower
from core.nn.network import Network
from core.nn.saving.weights import mismatch
from core.nn.spec import MeanSquaredError
from core.nn.training import Data, Training
from tests.nn.networks import examples, network_spec, training_spec

MSE = MeanSquaredError()
PROGRAM = lower(network_spec(4, 2), MSE, 3)
SHAPES = {"0.weight": [4, 3], "0.bias": [4], "2.weight": [2, 4], "2.bias": [2]}


def test_tensors_of_the_right_names_and_shapes_fit() -> None:
    assert mismatch(PROGRAM, SHAPES) is None


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"2.weight": [2, 5]}, 'their tensor "2.weight" has the shape [2, 5]; in this network it has [2, 4]'),
        ({"0.bias": []}, 'their tensor "0.bias" has the shape []; in this network it has [4]'),
        (
            {"0.bias": [1] * 200_000},
            'their tensor "0.bias" has the shape [1, 1, 1, 1, 1, 1, 1, 1, …]; in this network it has [4]',
        ),
        ({"4.bias": [1]}, 'they have a tensor "4.bias", which this network has not'),
    ],
)
def test_the_first_tensor_that_does_not_fit_is_named_with_both_shapes(change: dict[str, list[int]], message: str) -> None:
    assert mismatch(PROGRAM, SHAPES | change) == message


def test_a_count_of_batches_may_be_missing_or_too_much() -> None:
    program = lower(network_spec(4, 2).model_validate({"layers": ["batch_normalisation", {"units": 2}]}), MSE, 3)
    shapes = {tensor.name: tensor.shape for tensor in (*program.tensors, *program.statistics)}
    assert "0.num_batches_tracked" in shapes
    assert mismatch(program, shapes) is None
    assert mismatch(program, {name: shape for name, shape in shapes.items() if "num_batches" not in name}) is None
    assert mismatch(PROGRAM, SHAPES | {"0.num_batches_tracked": []}) is None


def test_a_missing_tensor_is_named_with_those_that_are_there() -> None:
    there = {name: shape for name, shape in SHAPES.items() if name != "0.bias"}
    assert mismatch(PROGRAM, there) == (
        'they have no tensor "0.bias", which has the shape [4] in this network; theirs are 0.weight, 2.bias, 2.weight'
    )


@pytest.mark.parametrize(("dtype", "value"), [("float32", 1e300), ("float32", np.nan), ("float64", np.inf)])
def test_values_beyond_the_range_of_the_network_are_refused_by_name(dtype: str, value: float) -> None:
    network = network_spec(4, 2, dtype=dtype)
    weights = {name: np.zeros(shape) for name, shape in SHAPES.items()}
    weights["2.bias"][1] = value
    told = f'tensor "2.bias" holds a value that is no finite number in {dtype}'
    with pytest.raises(InvalidData) as refused:
        Network.from_weights(lower(network, MSE, 3), weights)
    assert refused.value.message == told
    x, t = examples("mean_squared_error", 8, 3, 2, dtype)
    with pytest.raises(InvalidData) as refused:
        Training(network, training_spec(), Data(x, t, x[:0], t[:0]), start=weights)
    remedy = '; float64 reaches further: set "dtype": "float64" in network' if dtype == "float32" else ""
    assert refused.value.message == f"the weights to start from: {told}{remedy}"
