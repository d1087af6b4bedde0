"""Every kind of layer in the loop: resumed, without memory of its own, and as plain Python."""

from itertools import count

import numpy as np
import pytest

from core.nn.saving.checkpoint import Checkpoint
from core.nn.training import Training
from tests.nn.layered import NETWORKS, with_dropout
from tests.nn.networks import training, training_spec
from tests.nn.test_loop import allocates_nothing, run_python  # noqa: F401 - a fixture

LOSS = "softmax_cross_entropy"
PLAIN_PYTHON = """
from tests.nn.layered import *
from tests.nn.networks import *
for name in NETWORKS:
    network, x, t = with_dropout(name, "softmax_cross_entropy", 12)
    for result in training(network, training_spec("softmax_cross_entropy", epochs=2, batch_size=5), x, t).epochs():
        print(result.loss.hex())
"""


@pytest.mark.parametrize("name", NETWORKS)
def test_resuming_repeats_the_remaining_epochs_exactly(name, monkeypatch):
    network, x, t = with_dropout(name, LOSS, 90, "float32")

    def new(checkpoint=None):
        fields = training_spec(LOSS, epochs=5, batch_size=8, validation={"fraction": 0.2})
        return training(network, fields, x[:70], t[:70], (x[70:], t[70:]), checkpoint)

    straight = new()
    expected = list(straight.epochs())
    # 9 steps of training and 1 of validation an epoch: 7 steps a call never end where an epoch does
    monkeypatch.setattr(Training, "_pieces_per_call", 7)
    run, results = new(), []
    while not run.finished:
        calls = count()
        results += run.epochs(lambda calls=calls: next(calls) > 0)
        run = new(Checkpoint.from_bytes(run.checkpoint().to_bytes()))
    assert results == expected
    for which in ("best", "last"):
        for key, weights in straight.weights(which).items():
            np.testing.assert_array_equal(run.weights(which)[key], weights)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", NETWORKS)
def test_the_loop_allocates_nothing_whatever_the_layers(name, dtype, allocates_nothing):  # noqa: F811 - the fixture
    network, x, t = with_dropout(name, LOSS, 20, dtype)
    fields = training_spec(LOSS, optimizer={"type": "sgd", "learning_rate": 1e-6}, epochs=10**6, batch_size=8)
    assert allocates_nothing(training(network, fields, x[:15], t[:15], (x[15:], t[15:])))


def test_the_layers_run_as_plain_python_and_give_the_same_losses():
    plain, compiled = (run_python(PLAIN_PYTHON, NUMBA_DISABLE_JIT=flag) for flag in "10")
    assert len(plain) == 2 * len(NETWORKS)
    np.testing.assert_allclose(plain, compiled, rtol=1e-11)
