"""Properties of the compiled loop itself."""

import os
import subprocess
import sys
from itertools import count

import numpy as np
import pytest
from numba.core.runtime import _nrt_python, rtsys

from core.nn.training import Training
from tests.nn.networks import (
    ACTIVATIONS,
    LAST,
    LOSSES,
    OPTIMIZERS,
    examples,
    name_of,
    network_spec,
    training,
    training_spec,
)

PLAIN_PYTHON = """
from tests.nn.networks import *

def show(spec, loss, outputs, inputs=3, **fields):
    x, t = examples(loss, 7, inputs, outputs)
    run = training(spec, training_spec(loss, epochs=2, batch_size=5, **fields), x, t, (abs(x[:5]).round(), t[:5]))
    for result in run.epochs():
        print(result.loss.hex(), result.validation_loss.hex(), result.gradient_norm.hex())

for activation in ACTIVATIONS:
    show(network_spec(4, 3, activation=activation), "softmax_cross_entropy", 3)
for loss in LOSSES:
    show(network_spec(4, 2), loss, 2)
for optimizer in OPTIMIZERS:
    show(network_spec(2, 1), "huber", 1, optimizer=optimizer, gradient_clipping={"norm": 1.0}, averaging={"decay": 0.5})
"""


def run_python(code, **environment):
    process = subprocess.run(
        [sys.executable, "-c", code], env=os.environ | environment, capture_output=True, text=True, check=True
    )
    return [float.fromhex(line) for line in process.stdout.split()]


def allocations(run, pieces, monkeypatch):
    """Of one call of the loop that does so many pieces."""
    monkeypatch.setattr(Training, "_pieces_per_call", pieces)
    before = rtsys.get_allocation_stats().alloc
    step = int(run._state["updates"][0])
    calls = count()
    list(run.epochs(lambda: next(calls) > 0))
    assert int(run._state["updates"][0]) > step
    return rtsys.get_allocation_stats().alloc - before


@pytest.fixture
def allocates_nothing(monkeypatch):
    """Whether a thousand pieces take no more memory than ten do: what a call of the loop costs, its pieces must not."""
    _nrt_python.memsys_enable_stats()
    yield lambda run: allocations(run, 1000, monkeypatch) == allocations(run, 10, monkeypatch)
    _nrt_python.memsys_disable_stats()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("optimizer", OPTIMIZERS, ids=name_of)
@pytest.mark.parametrize("loss", LOSSES)
def test_the_loop_allocates_nothing_whatever_the_loss_and_the_optimizer(loss, optimizer, dtype, allocates_nothing):
    x, t = examples(loss, 300, 20, 3, dtype)
    spec = network_spec(64, 64, 3, activation="leaky_relu", last=LAST.get(loss, "identity"), dtype=dtype)
    fields = training_spec(loss, optimizer=optimizer | {"learning_rate": 1e-6}, epochs=10**6, validation={"fraction": 0.1})
    assert allocates_nothing(training(spec, fields, x[:250], t[:250], (x[250:], t[250:])))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("activation", ACTIVATIONS, ids=name_of)
def test_the_loop_allocates_nothing_whatever_the_activation(activation, dtype, allocates_nothing):
    x, t = examples("mean_squared_error", 50, 20, 3, dtype)
    fields = training_spec(optimizer={"type": "sgd", "learning_rate": 1e-6}, epochs=10**6)
    assert allocates_nothing(training(network_spec(16, 3, activation=activation, last=activation, dtype=dtype), fields, x, t))


@pytest.mark.parametrize(
    "fields",
    [
        {"batch_size": "full"},
        {"batch_size": "full", "metrics": ["r2"]},
        {"batch_size": 1030},
        {"batch_size": 1, "shuffle": False},
        {"schedule": {"type": "cosine", "period": 2, "multiplier": 2, "warmup": {"epochs": 1}}, "averaging": {}},
        {"schedule": "reduce_on_plateau", "gradient_clipping": {"norm": 1e-3, "value": 1e-3}},
    ],
    ids=str,
)
def test_the_loop_allocates_nothing_however_the_rows_are_cut_into_batches_and_pieces(fields, allocates_nothing):
    x, t = examples("mean_squared_error", 2050, 4, 1)
    fields = training_spec(optimizer={"type": "sgd", "learning_rate": 1e-6}, epochs=10**6, **fields)
    assert allocates_nothing(training(network_spec(4, 1), fields, x, t))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("loss", "outputs", "metrics"),
    [
        ("mean_squared_error", 2, ["mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2"]),
        ("binary_cross_entropy", 1, ["accuracy", "precision", "recall", "f1", "roc_auc", "confusion_matrix"]),
        ("softmax_cross_entropy", 3, [{"type": "top_k_accuracy", "k": 2}, "f1", "roc_auc", "confusion_matrix"]),
    ],
)
def test_the_loop_allocates_nothing_whatever_it_measures(loss, outputs, metrics, dtype, allocates_nothing):
    x, t = examples(loss, 50, 4, outputs, dtype)
    fields = training_spec(loss, optimizer={"type": "sgd", "learning_rate": 1e-6}, epochs=10**6, metrics=metrics)
    assert allocates_nothing(training(network_spec(4, outputs, dtype=dtype), fields, x, t))


def test_the_kernels_run_as_plain_python_and_give_the_same_losses():
    plain = run_python(PLAIN_PYTHON, NUMBA_DISABLE_JIT="1")
    compiled = run_python(PLAIN_PYTHON, NUMBA_DISABLE_JIT="0")
    assert len(plain) == 2 * 3 * (len(ACTIVATIONS) + len(LOSSES) + len(OPTIMIZERS))
    np.testing.assert_allclose(plain, compiled, rtol=1e-11)
