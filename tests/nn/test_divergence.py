"""A number that is no longer finite ends a training at once, wherever it turns up; the best weights so far are kept."""

import contextlib
from typing import Any

import numpy as np
import pytest

from core.errors import Diverged
from core.nn.network import Network
from core.nn.spec import NetworkSpec
from core.nn.training import Data, Training
from tests.nn.networks import examples, network_spec, training_spec

SGD = {"type": "sgd", "learning_rate": 1e-3}


def started(x: Any, t: Any, apart: Any = None, layers: Any = ({"units": 1},), **fields: Any) -> Training:
    dtype = str(x.dtype)
    spec = NetworkSpec.model_validate({"layers": layers, "dtype": dtype})
    loss = fields.pop("loss", "mean_squared_error")
    validation_x, validation_t = (x[:0], t[:0]) if apart is None else apart
    return Training(spec, training_spec(loss, **fields), Data(x, t, validation_x, validation_t))


def diverged(run: Training) -> tuple[int, str]:
    """The epoch and the message; what is kept is finite, and every epoch before was told."""
    seen: list[Any] = []
    with pytest.raises(Diverged) as caught:
        seen.extend(run.epochs())
    assert caught.value.epoch == len(seen) + 1 == run.epoch + 1
    assert f"in epoch {caught.value.epoch} of {run.spec.epochs}" in caught.value.message
    assert all(np.isfinite(result.loss) for result in seen)
    assert np.isfinite(run.delivered("best")).all()
    assert run.best_epoch <= run.epoch
    return caught.value.epoch, caught.value.message


def test_in_the_first_step():
    x, t = examples("mean_squared_error", 8, 3, 1, "float32")
    run = started(x * np.float32(1e30), t, layers=({"units": 4, "activation": "relu"}, {"units": 1}), optimizer=SGD)
    assert diverged(run)[0] == 1
    assert int(run._state["updates"][0]) <= 1


def test_in_the_middle_of_an_epoch_no_further_step_is_taken():
    x, t = examples("mean_squared_error", 100, 3, 1)
    x[50, 1] = np.nan
    run = started(x, t, batch_size=10, shuffle=False, optimizer=SGD)
    assert diverged(run)[0] == 1
    assert int(run._state["updates"][0]) == 5
    assert np.isfinite(run.theta).all()


@pytest.mark.parametrize("place", [0, 1500, 2499])
def test_in_any_piece_of_a_batch(place):
    x, t = examples("mean_squared_error", 2500, 3, 1)
    x[place, 1] = np.inf
    run = started(x, t, batch_size="full", shuffle=False, optimizer=SGD)
    assert diverged(run)[0] == 1
    assert int(run._state["updates"][0]) == 0


def test_in_the_evaluation_of_validation_rows_alone():
    x, t = examples("mean_squared_error", 2000, 3, 1)
    x[1999, 0] = np.nan  # in the second piece of them
    run = started(x[:500], t[:500], (x[500:], t[500:]), validation={"fraction": 0.5}, optimizer=SGD)
    assert diverged(run) == (1, "the validation loss became NaN or infinite in epoch 1 of 10")
    assert run.best_epoch == 0


@pytest.mark.parametrize("pushed", [np.inf, -np.inf, np.nan])
def test_where_only_a_weight_is_infinite_that_no_row_asks_for(pushed):
    """The text that it stands for is in none of the rows."""
    layers = ({"type": "embedding", "vocabulary": 3, "dimension": 2}, {"units": 1})
    x, t = np.array([[0.0], [1.0], [0.0]]), np.ones((3, 1))
    run = started(x, t, layers=layers, optimizer=SGD, epochs=3)
    run.theta[5] = pushed
    run._memory.best[:] = 0
    assert diverged(run) == (1, "a weight or its gradient became NaN or infinite in epoch 1 of 3")


def test_where_a_weight_is_infinite_behind_a_unit_that_is_bounded():
    x, t = np.abs(examples("mean_squared_error", 8, 3, 1)[0]), np.zeros((8, 1))
    run = started(x, t, layers=({"units": 2, "activation": "sigmoid"}, {"units": 1}), optimizer=SGD)
    run.theta[0] = -np.inf  # its unit gives 0 for positive inputs, and the loss is finite
    run._memory.best[:] = 0
    assert diverged(run)[0] == 1


def test_a_running_variance_that_overflows():
    """The batch's own variance fits; what training sees is finite throughout."""
    x, t = examples("mean_squared_error", 4, 1, 1, "float32")
    x[:] = np.array([[-1], [1], [-1], [1]], np.float32) * np.float32(9e18)  # Σ x² = 3.2e38
    run = started(x, t, layers=("batch_normalisation", {"units": 1}), optimizer=SGD, batch_size=4)
    assert len(list(run.epochs())) == 10
    with np.errstate(over="ignore"):
        run = started(x * np.float32(2), t, layers=("batch_normalisation", {"units": 1}), optimizer=SGD, batch_size=4)
    assert diverged(run)[0] == 1


def test_weights_averaged_along_the_way_are_kept_finite():
    x, t = examples("mean_squared_error", 32, 4, 1, "float32")
    layers = ({"units": 8, "activation": "relu"}, {"units": 1})
    optimizer = {"type": "sgd", "learning_rate": 2.0}
    run = started(
        x, t, (x, t), layers, optimizer=optimizer, epochs=1000, averaging={"decay": 0.5}, validation={"fraction": 0.5}
    )
    diverged(run)


def test_the_best_weights_are_those_of_the_best_epoch_before():
    x, t = examples("mean_squared_error", 64, 4, 1)
    highest = np.linalg.eigvalsh(2 * x.T @ x / len(x))[-1]
    optimizer = {"type": "sgd", "learning_rate": 2.1 / highest}  # where the loss is steepest, a step goes too far
    run = started(x, t, (x, t), optimizer=optimizer, epochs=100_000, batch_size="full", validation={"fraction": 0.5})
    results = []
    with pytest.raises(Diverged):
        results.extend(run.epochs())
    assert results
    best = min(results, key=lambda result: result.validation_loss)
    assert run.best_epoch == best.epoch
    outputs = Network(run.program, run.delivered("best").copy()).outputs(x)
    assert float(np.mean((outputs - t) ** 2)) == pytest.approx(best.validation_loss, rel=1e-9)


def test_clipped_gradients_do_not_hide_a_gradient_that_is_not_a_number():
    x, t = examples("poisson", 16, 3, 1, "float32")
    x[0, 0] = 1e10
    run = started(x, t, loss="poisson", optimizer=SGD, gradient_clipping={"norm": 1.0, "value": 0.1}, epochs=50)
    assert diverged(run)[0] >= 1


def test_lbfgs_names_a_loss_that_is_infinite_where_it_begins():
    x, t = examples("mean_squared_error", 8, 3, 1, "float32")
    x *= np.float32(1e30)
    run = started(x, t, layers=({"units": 4, "activation": "relu"}, {"units": 1}), optimizer="lbfgs")
    assert diverged(run)[0] == 1


@pytest.mark.parametrize("optimizer", ["sgd", "adam", "adagrad", "adadelta", "rmsprop", "adamw", "nadam", "lion"])
def test_a_learning_rate_that_is_far_too_high_ends_finite_or_is_named(optimizer):
    x, t = examples("mean_squared_error", 32, 4, 1, "float32")
    fields = training_spec(optimizer={"type": optimizer, "learning_rate": 1e3}, epochs=200)
    run = Training(network_spec(8, 8, 1, activation="relu", dtype="float32"), fields, Data(x * 10, t * 10, x[:0], t[:0]))
    seen = []
    with contextlib.suppress(Diverged):
        seen.extend(run.epochs())
    assert len(seen) == run.epoch
    assert all(np.isfinite(result.loss) for result in seen)
    assert np.isfinite(run.delivered("best")).all()
