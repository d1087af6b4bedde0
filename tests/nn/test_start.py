"""A training that begins where another ended: with its weights, and with what its optimizer kept."""

from typing import Any

import numpy as np
import pytest

from core.nn.saving.checkpoint import SavedCheckpoint
from core.nn.training import Data, Training
from tests.nn.networks import OPTIMIZERS, examples, name_of, network_spec, training_spec

SHAPES = {"0.weight": [4, 3], "0.bias": [4], "2.weight": [2, 4], "2.bias": [2]}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_a_training_begins_with_them_and_calls_them_its_best(dtype: type) -> None:
    x, t = examples("mean_squared_error", 8, 3, 2, "float32")
    rng = np.random.default_rng(1)
    start = {name: rng.standard_normal(shape).astype(dtype) for name, shape in SHAPES.items()}
    training = Training(network_spec(4, 2, dtype="float32"), training_spec(), Data(x, t, x[:0], t[:0]), start=start)
    for which in ("last", "best"):
        weights = training.weights(which)
        assert weights.keys() == start.keys()
        for name, array in start.items():
            np.testing.assert_array_equal(weights[name], array.astype(np.float32))


@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_two_trainings_with_the_optimizers_state_are_one_bit_for_bit(optimizer: dict[str, Any], dtype: str) -> None:
    x, t = examples("mean_squared_error", 24, 3, 2, dtype)
    network, data = network_spec(4, 2, dtype=dtype), Data(x, t, x[:0], t[:0])

    def training(epochs: int, **beginning: Any) -> Training:
        fields = {"optimizer": optimizer, "epochs": epochs, "batch_size": 8, "shuffle": False}
        return Training(network, training_spec(**fields), data, **beginning)

    straight, first = training(5), training(2)
    losses = [result.loss for result in straight.epochs()]
    assert [result.loss for result in first.epochs()] == losses[:2]
    state = first.optimizer_state()
    kept = None if state is None else SavedCheckpoint([state.to_bytes()])
    second = training(3, start=first.weights(), optimizer_state=kept)
    assert [result.loss for result in second.epochs()] == losses[2:]
    np.testing.assert_array_equal(second.theta, straight.theta)
    if state is not None:
        further = second.optimizer_state()
        assert further is not None
        assert further.state == straight.optimizer_state().state  # type: ignore[union-attr]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_state_holds_as_many_numbers_as_the_network_has_parameters_however_they_lie_in_memory(dtype: str) -> None:
    x, t = examples("mean_squared_error", 24, 3, 2, dtype)
    training = Training(network_spec(4, 2, dtype=dtype), training_spec(), Data(x, t, x[:0], t[:0]))
    state, checkpoint = training.optimizer_state(), training.checkpoint()
    assert state is not None
    for kept in (state, checkpoint):
        slots = {name: vector.shape for name, vector in kept.vectors.items() if name.startswith("slot")}
        assert slots == {"slot.0": (26,), "slot.1": (26,)}


def test_lbfgs_has_no_state_that_another_training_could_take() -> None:
    x, t = examples("mean_squared_error", 24, 3, 2, "float64")
    training = Training(network_spec(4, 2), training_spec(optimizer="lbfgs", batch_size="full"), Data(x, t, x[:0], t[:0]))
    assert training.optimizer_state() is None
