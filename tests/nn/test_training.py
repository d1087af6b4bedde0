"""Training as a whole: it learns, it measures what it says, it stops when it should."""

from itertools import count

import numpy as np
import pytest

from core.errors import Diverged
from core.nn.lower import lower
from core.nn.network import Network
from core.nn.training import Data, Training
from tests.nn.networks import examples, network_spec, training, training_spec

XOR_X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
XOR_T = np.array([[0], [1], [1], [0]], np.float32)


def test_plain_gradient_descent_learns_xor_with_two_sigmoid_units():
    spec = network_spec(2, 1, activation="sigmoid", last="sigmoid", dtype="float32")
    fields = training_spec(optimizer={"type": "sgd", "learning_rate": 2.0}, epochs=5000, batch_size="full")
    xor = training(spec, fields, XOR_X, XOR_T)
    results = list(xor.epochs())
    assert [result.epoch for result in results] == list(range(1, 5001))
    assert results[-1].loss < 1e-3 < results[0].loss
    np.testing.assert_allclose(Network(xor.program, xor.theta).outputs(XOR_X), XOR_T, atol=0.05)


def test_the_loss_of_an_epoch_is_the_mean_over_its_rows_the_short_last_batch_included():
    x, t = examples("mean_squared_error", 10, 3, 2)
    spec = network_spec(4, 2)
    fields = training_spec(optimizer={"type": "sgd", "learning_rate": 1e-6}, epochs=1, batch_size=4)
    run = training(spec, fields, x, t)
    before = Network(run.program, run.theta.copy())
    (result,) = run.epochs()
    assert result.loss == pytest.approx(float(np.mean((before.outputs(x) - t) ** 2)), rel=1e-4)


def test_a_batch_larger_than_the_data_is_the_whole_data():
    x, t = examples("mean_squared_error", 5, 3, 2)
    losses = [
        [result.loss for result in training(network_spec(4, 2), training_spec(epochs=3, batch_size=size), x, t).epochs()]
        for size in (1000, 5, "full")
    ]
    assert losses[0] == losses[1] == losses[2]


def test_without_shuffling_the_batches_come_in_the_order_of_the_rows():
    x, t = examples("mean_squared_error", 8, 3, 2)
    fields = training_spec(optimizer={"type": "sgd", "learning_rate": 0.1}, epochs=1, batch_size=4, shuffle=False)
    run = training(network_spec(4, 2), fields, x, t)
    theta = run.theta.copy()
    list(run.epochs())
    for rows in (slice(0, 4), slice(4, 8)):
        theta -= 0.1 * Network(run.program, theta).loss_and_gradient(x[rows], t[rows])[1]
    np.testing.assert_allclose(run.theta, theta, rtol=1e-12)


def test_shuffled_epochs_differ_and_see_every_row_once():
    x, t = examples("mean_squared_error", 64, 3, 2)
    still = {"type": "sgd", "learning_rate": 1e-12}
    run = training(network_spec(4, 2), training_spec(optimizer=still, epochs=3, batch_size=8), x, t)
    results = list(run.epochs())
    assert len({result.gradient_norm for result in results}) == 3
    np.testing.assert_allclose([result.loss for result in results], results[0].loss, rtol=1e-6)


@pytest.mark.parametrize("loss", ["softmax_cross_entropy", "binary_cross_entropy"])
def test_accuracy_and_validation_loss_are_those_of_the_outputs(loss):
    x, t = examples(loss, 300, 5, 3)
    validation = examples(loss, 700, 5, 3, seed=1)
    last = "softmax" if loss == "softmax_cross_entropy" else "sigmoid"
    fields = training_spec(loss, epochs=2, metrics=["accuracy"])
    run = training(network_spec(8, 3, last=last), fields, x, t, validation)
    *_, result = run.epochs()
    p, targets = Network(run.program, run.theta).outputs(validation[0]), validation[1]
    if loss == "softmax_cross_entropy":
        classes = targets[:, 0].astype(int)
        hits, chosen = p.argmax(axis=1) == classes, p[np.arange(700), classes]
    else:
        hits, chosen = (p > 0.5) == (targets > 0.5), np.where(targets > 0.5, p, 1 - p)
    assert result.metrics["accuracy"] == pytest.approx(hits.mean())
    assert result.validation_loss == pytest.approx(-np.log(chosen).mean(), rel=1e-9)


def test_the_metrics_of_a_regression_are_those_of_the_outputs():
    x, t = examples("mean_squared_error", 300, 5, 2)
    names = ["mean_squared_error", "mean_absolute_error", "r2"]
    run = training(network_spec(8, 2), training_spec(epochs=2, metrics=names), x, t)
    *_, result = run.epochs()
    error = Network(run.program, run.theta).outputs(x) - t
    assert result.validation_loss is None
    assert result.metrics["mean_squared_error"] == pytest.approx(np.mean(error**2))
    assert result.metrics["mean_absolute_error"] == pytest.approx(np.mean(np.abs(error)))
    assert result.metrics["r2"] == pytest.approx(np.mean(1 - np.mean(error**2, axis=0) / t.var(axis=0)))


def test_the_metrics_of_counts_are_those_of_the_rates():
    x, t = examples("poisson", 300, 5, 2)
    run = training(network_spec(8, 2), training_spec("poisson", epochs=2, metrics=["mean_absolute_error"]), x, t)
    *_, result = run.epochs()
    rates = np.exp(Network(run.program, run.theta).outputs(x))
    assert result.metrics["mean_absolute_error"] == pytest.approx(np.mean(np.abs(rates - t)))


def test_metrics_are_given_in_the_own_units_of_scaled_targets():
    x, t = examples("mean_squared_error", 300, 5, 2)
    scale, names = np.array([10.0, 0.5]), ["mean_squared_error", "mean_absolute_error", "r2"]
    fields = training_spec(epochs=2, metrics=names)
    run = Training(network_spec(8, 2), fields, Data(x, t, x[:0], t[:0], scale))
    *_, result = run.epochs()
    error = (Network(run.program, run.theta).outputs(x) - t) * scale
    assert result.metrics["mean_squared_error"] == pytest.approx(np.mean(error**2))
    assert result.metrics["mean_absolute_error"] == pytest.approx(np.mean(np.abs(error)))
    assert result.metrics["r2"] == pytest.approx(np.mean(1 - np.mean(error**2, axis=0) / (t * scale).var(axis=0)))


def test_early_stopping_waits_its_patience_and_the_best_weights_are_kept():
    x, t = examples("mean_squared_error", 20, 10, 1)
    validation = examples("mean_squared_error", 50, 10, 1, seed=5)
    fields = training_spec(
        optimizer={"type": "adam", "learning_rate": 0.05},
        epochs=1000,
        validation={"fraction": 0.5},
        early_stopping={"patience": 7},
    )
    run = training(network_spec(32, 1), fields, x, t, validation)
    losses = [result.validation_loss for result in run.epochs()]
    assert run.finished
    assert run.stopped_early
    assert run.epoch == len(losses) < 1000
    best = int(np.argmin(losses)) + 1
    assert run.best_epoch == best == run.epoch - 7
    kept = Network.from_weights(run.program, run.weights("best"))
    assert float(np.mean((kept.outputs(validation[0]) - validation[1]) ** 2)) == pytest.approx(min(losses), rel=1e-9)


def test_the_best_weights_are_kept_without_early_stopping_too():
    x, t = examples("mean_squared_error", 20, 10, 1)
    validation = examples("mean_squared_error", 50, 10, 1, seed=5)
    fields = training_spec(optimizer={"type": "adam", "learning_rate": 0.05}, epochs=60, validation={"fraction": 0.5})
    run = training(network_spec(32, 1), fields, x, t, validation)
    losses = [result.validation_loss for result in run.epochs()]
    assert run.best_epoch == int(np.argmin(losses)) + 1 < 60
    assert np.any(run.weights("best")["0.weight"] != run.weights("last")["0.weight"])


def test_a_diverging_loss_is_named_with_its_epoch_and_leaves_finite_weights():
    x, t = examples("mean_squared_error", 32, 4, 1, dtype="float32")
    fields = training_spec(optimizer={"type": "sgd", "learning_rate": 1e4}, epochs=100)
    run = training(network_spec(8, 1, activation="relu", dtype="float32"), fields, x, t)
    seen = []
    with pytest.raises(Diverged, match="NaN or infinite in epoch") as caught:
        seen.extend(run.epochs())
    assert caught.value.epoch == len(seen) + 1
    assert all(np.isfinite(result.loss) for result in seen)
    assert all(np.isfinite(array).all() for array in run.weights("best").values())


def test_an_interruption_stops_inside_an_epoch():
    x, t = examples("mean_squared_error", 20_000, 100, 10)
    run = training(network_spec(200, 10), training_spec(epochs=10**6, batch_size=1), x, t)
    asked = iter([False, True])
    assert list(run.epochs(lambda: next(asked))) == []
    checkpoint = run.checkpoint()
    assert checkpoint.epoch == 0
    assert 0 < checkpoint.step < 20_000


def test_a_batch_too_large_for_one_piece_gives_the_gradient_of_the_whole():
    x, t = examples("mean_squared_error", 2500, 3, 2)
    fields = training_spec(optimizer={"type": "sgd", "learning_rate": 0.1}, epochs=1, batch_size="full")
    run = training(network_spec(4, 2), fields, x, t)
    before = Network(run.program, run.theta.copy())
    loss, grad = before.loss_and_gradient(x, t)
    (result,) = run.epochs()
    assert result.loss == pytest.approx(loss, rel=1e-12)
    assert result.gradient_norm == pytest.approx(float(np.linalg.norm(grad)), rel=1e-12)
    np.testing.assert_allclose(run.theta, before.theta - 0.1 * grad, rtol=1e-12, atol=1e-15)


def test_an_interruption_in_the_middle_of_a_batch_changes_nothing(monkeypatch):
    x, t = examples("mean_squared_error", 2500, 3, 2)
    spec, fields = network_spec(4, 2), training_spec(epochs=3, batch_size="full")
    straight, stopped = training(spec, fields, x, t), training(spec, fields, x, t)
    expected = list(straight.epochs())
    monkeypatch.setattr(Training, "_pieces_per_call", 2)  # of the three pieces of a batch
    calls = count()
    assert list(stopped.epochs(lambda: next(calls) > 0)) == []
    resumed = Training(spec, fields, Data(x, t, x[:0], t[:0]), stopped.checkpoint())
    assert list(resumed.epochs()) == expected
    assert [*stopped.epochs()] == expected
    np.testing.assert_array_equal(resumed.theta, straight.theta)
    np.testing.assert_array_equal(stopped.theta, straight.theta)


def test_the_gradient_of_a_bias_keeps_its_digits_over_a_million_rows():
    x, t = np.zeros((1_000_000, 1), np.float32), np.ones((1_000_000, 1), np.float32)
    fields = training_spec("mean_absolute_error", optimizer={"type": "sgd", "learning_rate": 1e-3}, epochs=1, batch_size="full")
    (result,) = training(network_spec(1, dtype="float32"), fields, x, t).epochs()
    assert result.gradient_norm == pytest.approx(1, rel=1e-5)


def test_weights_that_overflow_in_the_very_last_step_are_a_divergence():
    x, t = np.full((4, 1), 1e20, np.float32), np.zeros((4, 1), np.float32)
    fields = training_spec(optimizer={"type": "sgd", "learning_rate": 1e5}, epochs=1, batch_size="full")
    with pytest.raises(Diverged):
        list(training(network_spec(1, dtype="float32"), fields, x, t).epochs())


def test_r2_of_a_constant_target_is_not_a_number():
    x, _ = examples("mean_squared_error", 3, 2, 1)
    run = training(network_spec(1), training_spec(epochs=1, metrics=["r2"]), x, np.full((3, 1), 0.1))
    (result,) = run.epochs()
    assert np.isnan(result.metrics["r2"])


def test_a_single_row_and_a_constant_column_are_trained_on():
    x, t = np.ones((1, 3)), np.full((1, 1), 2.0)
    run = training(network_spec(1), training_spec(optimizer={"type": "sgd", "learning_rate": 0.1}, epochs=200), x, t)
    *_, result = run.epochs()
    assert result.loss < 1e-12


def test_outputs_of_permuted_rows_are_the_permuted_outputs():
    spec = network_spec(16, 3, last="softmax")
    program = lower(spec, training_spec("softmax_cross_entropy").loss, 5)
    network = Network(program, np.random.default_rng(0).standard_normal(program.parameters))
    x, _ = examples("softmax_cross_entropy", 600, 5, 3)
    order = np.random.default_rng(1).permutation(600)
    np.testing.assert_allclose(network.outputs(x[order]), network.outputs(x)[order], rtol=1e-12)


@pytest.mark.parametrize("batch_size", [7, 32, "full"])
def test_progress_grows_from_nothing_to_all_epochs(batch_size: int | str) -> None:
    # Wide enough that an epoch takes several calls of the loop.
    x, t = examples("mean_squared_error", 4096, 64, 1, "float32")
    spec = network_spec(2048, 2048, 1, dtype="float32")
    running = Training(spec, training_spec(epochs=2, batch_size=batch_size), Data(x[:256], t[:256], x[256:512], t[256:512]))
    seen = [running.progress]

    def look() -> bool:
        seen.append(running.progress)
        return False

    list(running.epochs(look))
    seen.append(running.progress)
    assert seen[0] == 0
    assert seen[-1] == 2
    assert np.all(np.diff(seen) >= 0)
