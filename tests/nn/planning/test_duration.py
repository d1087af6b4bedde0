"""How long a training is said to take, before it begins."""

from typing import Any

import numpy as np
import pytest

from core.nn.lower import lower
from core.nn.planning.duration import START_S, seconds, seconds_per_epoch, seconds_to_predict
from core.nn.sizes import Sizes
from core.nn.spec import NetworkSpec, TrainingSpec


def hidden(*units: int, activation: str = "relu") -> list[Any]:
    return [{"units": width, "activation": activation} for width in units]


IMAGES = [
    {"type": "reshape", "shape": [1, 28, 28]},
    {"type": "convolution_2d", "filters": 16, "kernel": 3, "activation": "relu"},
    {"type": "max_pooling_2d", "size": 2},
    {"type": "convolution_2d", "filters": 32, "kernel": 3, "activation": "relu"},
    {"type": "max_pooling_2d", "size": 2},
    "flatten",
    {"units": 10},
]


def sizes_of(layers: list[Any], inputs: int, rows: int, evaluated: int = 0, dtype: str = "float32", **training: Any) -> Sizes:
    metrics = ["accuracy"] if evaluated else []
    fields = {"loss": "softmax_cross_entropy", "optimizer": "adam", "batch_size": 32, "metrics": metrics, **training}
    spec = TrainingSpec.model_validate(fields)
    network = NetworkSpec.model_validate({"layers": layers, "dtype": dtype})
    return Sizes.of(lower(network, spec.loss, inputs), spec, rows, evaluated, 1)


@pytest.mark.parametrize(
    ("sizes", "measured_s"),  # of processor time, with one thread of an otherwise idle core of a Xeon with AVX-512
    [
        (sizes_of([*hidden(32), {"units": 3}], 4, 120, 30, batch_size=16), 2.9e-5),
        (sizes_of([*hidden(32), {"units": 3}], 4, 150, batch_size=1), 1.3e-4),
        (sizes_of([*hidden(128), {"units": 10}], 64, 1437, 360), 1.2e-3),
        (sizes_of([*hidden(512), {"units": 10}], 64, 1617, 180), 4.7e-3),
        (sizes_of([*hidden(128), {"units": 10}], 784, 20_000, optimizer="sgd"), 5.3e-2),
        (sizes_of([*hidden(128), {"units": 10}], 784, 20_000, 4000), 7.6e-2),
        (sizes_of([*hidden(128), {"units": 10}], 784, 20_000, 4000, batch_size=512), 5.5e-2),
        (sizes_of([*hidden(1024, 1024), {"units": 10}], 784, 4000, batch_size=128), 4.4e-1),
        (sizes_of([*hidden(256, 256, 256, activation="gelu"), {"units": 10}], 784, 4000, batch_size=64, dtype="float64"), 0.1),
        (sizes_of(IMAGES, 784, 1000, 200), 1.15e-1),
    ],
)
def test_an_epoch_is_reckoned_to_a_factor_of_two_of_what_it_took(sizes: Sizes, measured_s: float) -> None:
    assert measured_s / 2 < seconds_per_epoch(sizes) < 2 * measured_s


def test_a_small_training_takes_the_time_to_begin_and_to_write_its_epochs_down() -> None:
    xor = sizes_of([*hidden(2), {"units": 2}], 2, 4, batch_size="full")
    assert START_S < seconds(xor, 1) < 2 * START_S
    assert seconds(xor, 20_000) > 2 * 20_000 * seconds_per_epoch(xor)


def test_an_iteration_of_lbfgs_takes_longer_than_one_look_at_all_rows() -> None:
    layers = [*hidden(64), {"units": 10}]
    lbfgs, descent = (sizes_of(layers, 64, 1437, batch_size="full", optimizer=name) for name in ("lbfgs", "sgd"))
    assert seconds(lbfgs, 100) > seconds(descent, 100)


@pytest.mark.parametrize(
    "more",
    [{"rows": 20_000}, {"inputs": 640}, {"evaluated": 5000}, {"batch_size": 1}, {"dtype": "float64"}, {"metrics": ["roc_auc"]}],
)
def test_whatever_there_is_more_of_takes_longer(more: dict[str, Any]) -> None:
    usual: dict[str, Any] = {"inputs": 64, "rows": 2000, "evaluated": 500}
    layers = [*hidden(128), {"units": 10}]
    assert seconds(sizes_of(layers, **usual | more), 10) > 1.01 * seconds(sizes_of(layers, **usual), 10)


def test_the_largest_training_takes_a_finite_time() -> None:
    assert np.isfinite(seconds(sizes_of([*hidden(10**6, 10**6), {"units": 10}], 10**6, 10**12, 10**12), 10_000_000))


@pytest.mark.parametrize("layers", [[*hidden(128), {"units": 10}], IMAGES])
def test_a_prediction_takes_what_an_epoch_takes_longer_that_measures_as_many_rows(layers: list[Any]) -> None:
    training, both = (sizes_of(layers, 784, 2000, evaluated) for evaluated in (0, 1000))
    longer_s = seconds_per_epoch(both) - seconds_per_epoch(training)
    assert seconds_to_predict(both.program, 1000, both.evaluation_size) == pytest.approx(longer_s, rel=0.05)  # but for ranks
