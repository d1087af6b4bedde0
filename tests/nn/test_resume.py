"""A training that stops and goes on is, bit for bit, one that never stopped."""

from itertools import count

import numpy as np
import pytest

from core.nn.checkpoint import Checkpoint
from core.nn.training import Data, Training
from tests.nn.networks import OPTIMIZERS, examples, name_of, network_spec, training_spec

VARIANTS = (
    {"schedule": {"type": "cosine", "period": 2, "multiplier": 2, "warmup": {"steps": 5}}},
    {"schedule": {"type": "one_cycle", "rise": 0.2}},
    {"schedule": {"type": "reduce_on_plateau", "patience": 0, "min_delta": 0.05, "factor": 0.5}},
    {"gradient_clipping": {"norm": 0.1, "value": 0.02}},
    {"averaging": {"decay": 0.9}},
    {"averaging": {"decay": 0.9}, "schedule": "polynomial", "gradient_clipping": {"norm": 0.1}},
)


def new(optimizer, dtype="float32", checkpoint=None, epochs=12, **others):
    x, t = examples("softmax_cross_entropy", 90, 6, 3, dtype)
    data = Data(x[:70], t[:70], x[70:], t[70:])
    fields = training_spec(
        "softmax_cross_entropy",
        optimizer=optimizer,
        epochs=epochs,
        batch_size=8,
        validation={"fraction": 0.2},
        early_stopping={"patience": 3, "min_delta": 0.01},
        metrics=["accuracy"],
        **others,
    )
    return Training(network_spec(20, 3, activation="relu", dtype=dtype), fields, data, checkpoint)


def equal(one, other):
    return all(
        np.array_equal(one.weights(which)[name], other.weights(which)[name])
        for which in ("best", "last")
        for name in one.weights()
    )


def assert_resuming_changes_nothing(optimizer, dtype, monkeypatch, **others):
    straight = new(optimizer, dtype, **others)
    expected = list(straight.epochs())
    # Every stop is inside an epoch, which has 9 steps of training and 1 of validation: 7 steps a call never end where one does.
    monkeypatch.setattr(Training, "_pieces_per_call", 7)
    run, results = new(optimizer, dtype, **others), []
    while not run.finished:
        calls = count()
        results += run.epochs(lambda calls=calls: next(calls) > 0)
        run = new(optimizer, dtype, Checkpoint.from_bytes(run.checkpoint().to_bytes()), **others)
    assert results == expected
    assert equal(run, straight)
    assert run.best_epoch == straight.best_epoch


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
def test_resuming_repeats_the_remaining_epochs_exactly(optimizer, dtype, monkeypatch):
    assert_resuming_changes_nothing(optimizer, dtype, monkeypatch)


@pytest.mark.parametrize("others", VARIANTS, ids=str)
def test_resuming_repeats_schedules_clipping_and_averaging_exactly(others, monkeypatch):
    assert_resuming_changes_nothing({"type": "nadam", "learning_rate": 0.05}, "float32", monkeypatch, **others)


def test_equal_seeds_give_equal_bits_and_others_do_not():
    one, same = new(OPTIMIZERS[3]), new(OPTIMIZERS[3])
    assert list(one.epochs()) == list(same.epochs())
    assert equal(one, same)
    x, t = examples("softmax_cross_entropy", 90, 6, 3, "float32")
    other = Training(
        network_spec(20, 3, activation="relu", dtype="float32"),
        training_spec("softmax_cross_entropy", epochs=2, seed=1),
        Data(x, t, x[:0], t[:0]),
    )
    list(other.epochs())
    assert np.any(other.weights()["0.weight"] != one.weights()["0.weight"])


def test_a_checkpoint_survives_its_bytes_whatever_its_numbers():
    state = {"epoch": 3, "step": 0, "loss": 0.1, "best_loss": float("inf"), "tiny": 5e-324, "negative": -2.5}
    vectors = {"theta": np.array([1.5, np.nan, -0.0], np.float32), "slots": np.zeros((0, 3), np.float32)}
    again = Checkpoint.from_bytes(Checkpoint(state, vectors).to_bytes())
    assert again.state == state
    for name, vector in vectors.items():
        assert again.vectors[name].dtype == vector.dtype
        assert again.vectors[name].shape == vector.shape
        assert again.vectors[name].tobytes() == vector.tobytes()
