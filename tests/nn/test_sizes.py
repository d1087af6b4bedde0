"""How much a training is said to take, against what it takes."""

from typing import Any

import numpy as np
import pytest

from core.nn.lower import lower
from core.nn.memory import CACHE_LINE
from core.nn.planning.duration import seconds_per_epoch
from core.nn.sizes import PIECE_BYTES, Sizes
from core.nn.spec import NetworkSpec
from core.nn.training import Data, Training
from tests.nn.networks import examples, training_spec

CONVOLUTION: list[Any] = [
    {"type": "reshape", "shape": [1, 28, 28]},
    {"type": "convolution_2d", "filters": 32, "kernel": 3, "activation": "relu"},
    {"type": "max_pooling_2d", "size": 2},
    {"type": "convolution_2d", "filters": 64, "kernel": 3, "activation": "relu"},
    {"type": "average_pooling_2d", "size": 2},
    "flatten",
    {"units": 10},
]
NORMALISATION: list[Any] = [
    {"type": "reshape", "shape": [1, 28, 28]},
    {"type": "convolution_2d", "filters": 8, "kernel": 3},
    "batch_normalisation",
    "relu",
    "flatten",
    "layer_normalisation",
    {"units": 10},
]
EMBEDDING: list[Any] = [{"type": "embedding", "vocabulary": 500, "dimension": 16}, {"units": 10}]
DENSE: list[Any] = [{"units": 300, "activation": "gelu"}, {"type": "dropout", "rate": 0.5}, {"units": 10}]


def spec_of(layers: list[Any]) -> NetworkSpec:
    return NetworkSpec.model_validate({"layers": layers})


def sizes_of(layers: list[Any], inputs: int, rows: int = 60_000, **training: Any) -> Sizes:
    fields = training_spec("softmax_cross_entropy", **training)
    return Sizes.of(lower(spec_of(layers), fields.loss, inputs), fields, rows, rows // 10, 1)


def held(training: Training) -> int:
    """Bytes of all arrays that a training has, each counted once."""
    memory = training._memory
    arrays = {array.ctypes.data: array.nbytes for array in memory if array.size}
    return sum(arrays.values())


@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
@pytest.mark.parametrize("batch_size", [1, 64, 300, "full"])
@pytest.mark.parametrize(
    ("layers", "inputs"), [(CONVOLUTION, 784), (NORMALISATION, 784), (EMBEDDING, 12), (DENSE, 50)], ids=str
)
def test_the_memory_that_a_plan_names_is_what_the_training_takes(layers, inputs, batch_size, optimizer):
    x, t = examples("softmax_cross_entropy", 400, inputs, 10, "float32")
    x = np.floor(np.abs(x))
    fields = training_spec("softmax_cross_entropy", batch_size=batch_size, optimizer=optimizer)
    training = Training(spec_of(layers), fields, Data(x, t, x[:100], t[:100]))
    sizes = training._sizes
    told = sizes.parameter_bytes + sizes.arena_bytes
    small = 8 * 400 + 8 * sizes.capacity  # the order of the rows, the targets and weights of a batch
    small += CACHE_LINE * sizes.slots  # each starts on one
    assert told <= held(training) + small
    assert held(training) <= told + small


@pytest.mark.parametrize("batch_size", [64, 1024, "full"])
def test_the_values_of_images_take_a_bounded_part_of_the_memory_whatever_the_batch(batch_size):
    sizes = sizes_of(CONVOLUTION, 784, batch_size=batch_size)
    assert sizes.capacity * sizes.program.width * 4 < 1.1 * PIECE_BYTES
    assert sizes.piece_size >= 64


def test_of_very_large_images_one_row_is_enough():
    large = [{"type": "reshape", "shape": [3, 500, 500]}, *CONVOLUTION[1:]]
    sizes = sizes_of(large, 3 * 500 * 500, rows=100)
    assert sizes.piece_size == sizes.evaluation_size == sizes.capacity == 1


def test_dense_layers_take_enough_rows_at_once_to_be_worth_reading_their_weights():
    sizes = sizes_of([{"units": 8192}, {"units": 8192}, {"units": 10}], 8192, batch_size=256)
    assert sizes.piece_size == 128


def test_whole_batches_are_counted_as_they_are():
    sizes = sizes_of(NORMALISATION, 784, batch_size="full")
    assert sizes.piece_size == 60_000
    assert sizes.memory_bytes > 2 * 60_000 * sizes.program.width * 4


def test_products_are_counted_as_a_convolution_does_them():
    sizes = sizes_of(CONVOLUTION, 784, rows=10)
    first, second, last = 32 * 9 * 26 * 26, 64 * 32 * 9 * 11 * 11, 64 * 5 * 5 * 10
    pooled = 4 * (32 * 13 * 13 + 64 * 5 * 5)  # a pooling sums or compares where a convolution multiplies
    assert sizes.program.products == first + second + last + pooled
    assert sizes.flops_per_epoch == 2 * ((first + second + last + pooled) * (3 * 10 + 1) - first * 10)


def test_layers_without_products_take_time_too():
    sizes = sizes_of(["prelu", {"type": "dropout", "rate": 0.5}], 1000)
    assert sizes.flops_per_epoch == 0
    assert 0.01 < seconds_per_epoch(sizes) < 10
