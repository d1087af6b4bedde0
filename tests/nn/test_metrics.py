"""Metrics, held against the formulas of scikit-learn's documentation, written in NumPy and SciPy."""

from itertools import count

import numpy as np
import pytest
from scipy.stats import rankdata

from core.nn.kernels import ranking
from core.nn.network import Network
from core.nn.saving.checkpoint import Checkpoint
from core.nn.training import Data, Training
from tests.nn.networks import LAST, examples, network_spec, training, training_spec

OF_FLAGS = ["accuracy", "precision", "recall", "f1", "roc_auc", "confusion_matrix"]
OF_CLASSES = [*OF_FLAGS, {"type": "top_k_accuracy", "k": 2}, {"type": "top_k_accuracy", "k": 1}]
OF_NUMBERS = ["mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "r2"]
ROWS = (1, 2, 7, 2500)  # the last takes three pieces


def share(part, whole):
    """part / whole, 0 where there is nothing."""
    return np.divide(part, whole, out=np.zeros(np.shape(part)), where=np.asarray(whole) > 0)


def area(is_true, score):
    """Mann and Whitney's U as a share of the pairs, by the mean ranks of equal scores; NaN without pairs."""
    P, N = is_true.sum(), (~is_true).sum()
    if not P * N:
        return np.nan
    return (rankdata(score)[is_true].sum() - P * (P + 1) / 2) / (P * N)


def averages(is_true, is_predicted, counted):
    """Precision, recall and F1 of each column of (N, m) flags, averaged over those that count."""
    hits, predicted, true = (is_true & is_predicted).sum(axis=0), is_predicted.sum(axis=0), is_true.sum(axis=0)
    each = {"precision": share(hits, predicted), "recall": share(hits, true), "f1": share(2.0 * hits, predicted + true)}
    return {name: values[counted].mean() for name, values in each.items()}


def expected_of_classes(p, classes):
    m = p.shape[1]
    is_true, is_predicted = classes[:, None] == np.arange(m), p.argmax(axis=1)[:, None] == np.arange(m)
    occurs = np.arange(m) == 1 if m == 2 else (is_true | is_predicted).any(axis=0)
    areas = np.array([area(is_true[:, c], p[:, c]) for c in ([1] if m == 2 else range(m))])
    places = np.argsort(-p, axis=1, kind="stable")
    return {
        "accuracy": (p.argmax(axis=1) == classes).mean(),
        **averages(is_true, is_predicted, occurs),
        "roc_auc": np.nan if np.isnan(areas).all() else np.nanmean(areas),
        "top_2_accuracy": (places[:, :2] == classes[:, None]).any(axis=1).mean(),
        "top_1_accuracy": (places[:, 0] == classes).mean(),
    }


def expected_of_flags(p, t):
    is_true, is_predicted = t > 0.5, p > 0.5
    areas = np.array([area(is_true[:, j], p[:, j]) for j in range(t.shape[1])])
    return {
        "accuracy": (is_true == is_predicted).mean(),
        **averages(is_true, is_predicted, slice(None)),
        "roc_auc": np.nan if np.isnan(areas).all() else np.nanmean(areas),
    }


def result_of(loss, metrics, x, t, validation, outputs, dtype="float64", **data):
    """The first epoch of a training, and what the network answers to the validation rows after it."""
    spec = network_spec(6, outputs, last=LAST.get(loss, "identity"), dtype=dtype)
    run = Training(spec, training_spec(loss, epochs=1, metrics=metrics), Data(x, t, *validation, **data))
    (result,) = run.epochs()
    return run, result.metrics, Network(run.program, run.theta).outputs(validation[0])


def assert_equal(found, expected):
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name] == pytest.approx(value, rel=1e-9, abs=1e-12, nan_ok=True), name


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_metrics_of_classes_are_those_of_the_probabilities(classes, rows):
    loss = "softmax_cross_entropy"
    x, t = examples(loss, 60, 4, classes)
    validation = examples(loss, rows, 4, classes, seed=rows)
    run, found, p = result_of(loss, OF_CLASSES, x, t, validation, classes)
    true = validation[1][:, 0].astype(int)
    assert_equal(found, expected_of_classes(p, true))
    confusion = np.zeros((classes, classes), int)
    np.add.at(confusion, (true, p.argmax(axis=1)), 1)
    np.testing.assert_array_equal(run.confusion_matrix, confusion)


@pytest.mark.parametrize("rows", ROWS)
@pytest.mark.parametrize("flags", [1, 3])
def test_metrics_of_flags_are_those_of_the_probabilities(flags, rows):
    loss = "binary_cross_entropy"
    metrics = OF_FLAGS if flags == 1 else OF_FLAGS[:-1]
    x, t = examples(loss, 60, 4, flags)
    validation = examples(loss, rows, 4, flags, seed=rows)
    run, found, p = result_of(loss, metrics, x, t, validation, flags)
    assert_equal(found, expected_of_flags(p, validation[1]))
    if flags == 1:
        confusion = np.zeros((2, 2), int)
        np.add.at(confusion, (validation[1][:, 0].astype(int), (p[:, 0] > 0.5).astype(int)), 1)
        np.testing.assert_array_equal(run.confusion_matrix, confusion)


@pytest.mark.parametrize("loss", ["mean_squared_error", "mean_absolute_error", "huber", "log_cosh"])
@pytest.mark.parametrize("rows", ROWS)
def test_metrics_of_numbers_are_in_the_targets_own_units(loss, rows):
    x, t = examples(loss, 60, 4, 2)
    validation, scale = examples(loss, rows, 4, 2, seed=rows), np.array([100.0, 0.5])
    _, found, y = result_of(loss, OF_NUMBERS, x, t, validation, 2, target_scale=scale)
    error, spread = (y - validation[1]) * scale, (validation[1] * scale).var(axis=0)
    expected = {
        "mean_squared_error": np.mean(error**2),
        "root_mean_squared_error": np.sqrt(np.mean(error**2)),
        "mean_absolute_error": np.mean(np.abs(error)),
        "r2": np.mean(1 - np.mean(error**2, axis=0) / spread) if rows > 1 else np.nan,
    }
    assert_equal(found, expected)


def test_metrics_of_counts_are_those_of_the_rates_whose_logarithms_the_network_gives():
    x, _ = examples("poisson", 60, 4, 2)
    t = np.random.default_rng(0).poisson(3.0, (60, 2)).astype(float)
    _, found, y = result_of("poisson", OF_NUMBERS, x, t, (x, t), 2)
    error = np.exp(y) - t
    assert found["root_mean_squared_error"] == pytest.approx(np.sqrt(np.mean(error**2)))
    assert found["mean_absolute_error"] == pytest.approx(np.mean(np.abs(error)))
    assert found["r2"] == pytest.approx(np.mean(1 - np.mean(error**2, axis=0) / t.var(axis=0)))


def test_equal_scores_share_their_ranks():
    rng = np.random.default_rng(0)
    loss = "softmax_cross_entropy"
    x, t = examples(loss, 60, 2, 3)
    few = np.round(rng.standard_normal((2000, 2)))  # some dozens of different rows
    validation = few, rng.integers(0, 3, (2000, 1)).astype(float)
    _, found, p = result_of(loss, ["roc_auc"], x, t, validation, 3)
    _, same = np.unique(few, axis=0, return_inverse=True)
    first = np.array([np.flatnonzero(same == group)[0] for group in range(same.max() + 1)])
    assert_equal(found, {"roc_auc": expected_of_classes(p[first][same.ravel()], validation[1][:, 0])["roc_auc"]})


def test_a_class_that_never_occurs_is_left_out_and_one_that_always_does_has_no_curve():
    loss = "softmax_cross_entropy"
    x, _ = examples(loss, 50, 4, 4)
    for true in (np.arange(50) % 2, np.zeros(50), np.full(50, 3)):
        t = true[:, None].astype(float)
        _, found, p = result_of(loss, OF_CLASSES, x, t, (x, t), 4)
        assert_equal(found, expected_of_classes(p, true.astype(int)))


def test_a_flag_that_never_or_always_holds_counts_but_has_no_curve():
    loss = "binary_cross_entropy"
    x, t = examples(loss, 50, 4, 3)
    t[:, 0], t[:, 2] = 0, 1
    _, found, p = result_of(loss, OF_FLAGS[:-1], x, t, (x, t), 3)
    assert_equal(found, expected_of_flags(p, t))


def test_r2_leaves_a_constant_target_out():
    x, t = examples("mean_squared_error", 50, 4, 2)
    t[:, 0] = 0.1
    _, found, y = result_of("mean_squared_error", ["r2"], x, t, (x, t), 2)
    assert found["r2"] == pytest.approx(1 - np.mean((y - t)[:, 1] ** 2) / t[:, 1].var())


@pytest.mark.parametrize("weighted", [False, True])
def test_metrics_do_not_look_at_the_rows_weights(weighted):
    loss = "softmax_cross_entropy"
    x, t = examples(loss, 100, 4, 3)
    weights = np.where(np.arange(100) < 50, 0.5, 1.5) if weighted else np.ones(100)
    _, found, p = result_of(loss, OF_CLASSES, x, t, (x, t), 3, weights=weights, validation_weights=weights)
    assert_equal(found, expected_of_classes(p, t[:, 0].astype(int)))


def test_without_validation_the_training_rows_are_measured():
    loss = "softmax_cross_entropy"
    x, t = examples(loss, 1500, 4, 3)
    run, found, _ = result_of(loss, OF_CLASSES, x, t, (x[:0], t[:0]), 3)
    p = Network(run.program, run.theta).outputs(x)
    assert_equal(found, expected_of_classes(p, t[:, 0].astype(int)))
    assert run.confusion_matrix.sum() == 1500


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("size", [0, 1, 2, 1000])
def test_keys_are_sorted_as_their_numbers_are(size, dtype):
    x = np.random.default_rng(size).standard_normal(size).astype(dtype)
    x[::3] = np.round(x[::3]) + 0.0
    x = np.concatenate([x, np.array([np.inf, -np.inf, 1e-30, -1e-30], dtype)])
    keys = x.copy().view(f"u{x.itemsize}")
    ranking.order(keys)
    order = keys.copy()
    ranking.sort(keys, np.empty_like(keys), np.zeros(256, np.int64))
    np.testing.assert_array_equal(keys, order[np.argsort(x, kind="stable")])
    assert (keys[1:] >= keys[:-1]).all()


def test_a_score_of_minus_zero_equals_one_of_zero():
    scores, sums = np.zeros((1, 2), np.float32), np.zeros((5, 1))
    ranking.place_flags(np.array([[-0.0], [0.0]], np.float32), np.array([[1], [0]], np.float32), 0, scores, sums)
    keys = scores.view(np.uint32)
    assert ranking.rank(0, keys, np.empty(2, np.uint32), np.zeros(256, np.int64), sums) == 0.5


def test_two_rows_of_certain_classes_are_still_ranked():
    """Their probabilities are 1 in every digit."""
    z, t = np.array([[0, 60], [0, 50], [0, 40]], np.float64), np.array([[1], [1], [0]], np.float64)
    scores, sums = np.zeros((1, 3)), np.zeros((5, 2))
    ranking.place_classes(z, t, 0, scores, sums)
    assert ranking.rank(0, scores.view(np.uint64), np.empty(3, np.uint64), np.zeros(256, np.int64), sums) == 1


STOPPING = [
    ("softmax_cross_entropy", "accuracy", max),
    ("softmax_cross_entropy", "roc_auc", max),
    ("softmax_cross_entropy", "top_2_accuracy", max),
    ("mean_squared_error", "mean_absolute_error", min),
    ("mean_squared_error", "r2", max),
    ("mean_squared_error", "validation_loss", min),
]


def monitoring(loss, monitor, **fields):
    metrics = {"softmax_cross_entropy": OF_CLASSES, "mean_squared_error": OF_NUMBERS}[loss]
    return training_spec(
        loss,
        optimizer={"type": "adam", "learning_rate": 0.03},
        validation={"fraction": 0.5},
        early_stopping={"patience": 6, "monitor": monitor},
        **{"epochs": 500, "metrics": metrics, **fields},
    )


@pytest.mark.parametrize(("loss", "monitor", "best_of"), STOPPING)
def test_early_stopping_watches_what_it_is_told_to_and_keeps_its_best(loss, monitor, best_of):
    x, t = examples(loss, 40, 8, 3)
    validation = examples(loss, 60, 8, 3, seed=1)
    run = training(network_spec(24, 3, last=LAST.get(loss, "identity")), monitoring(loss, monitor), x, t, validation)
    results = list(run.epochs())
    watched = [{"validation_loss": result.validation_loss, **result.metrics}[monitor] for result in results]
    assert run.stopped_early
    assert run.best_epoch == watched.index(best_of(watched)) + 1 == len(results) - 6


def test_an_improvement_must_be_larger_than_min_delta():
    x, t = examples("softmax_cross_entropy", 40, 8, 3)
    fields = monitoring("softmax_cross_entropy", "accuracy").model_dump()
    fields["early_stopping"]["min_delta"] = 1.0
    run = training(network_spec(24, 3), training_spec(**fields), x, t, (x, t))
    results = list(run.epochs())
    assert len(results) == 7
    assert run.best_epoch == max(results, key=lambda result: (result.metrics["accuracy"], -result.epoch)).epoch


def test_a_metric_that_is_never_a_number_keeps_the_first_epoch_and_stops():
    x, t = examples("softmax_cross_entropy", 40, 8, 3)
    validation = x[:5], np.zeros((5, 1))
    run = training(network_spec(24, 3), monitoring("softmax_cross_entropy", "roc_auc"), x, t, validation)
    assert all(np.isnan(result.metrics["roc_auc"]) for result in run.epochs())
    assert (run.best_epoch, run.epoch) == (1, 6)


@pytest.mark.parametrize("monitor", ["validation_loss", "accuracy", "roc_auc"])
def test_a_training_that_stops_inside_its_evaluation_goes_on_as_if_it_had_not(monitor, monkeypatch):
    loss = "softmax_cross_entropy"
    x, t = examples(loss, 30, 5, 3, "float32")
    data = Data(x, t, *examples(loss, 2500, 5, 3, "float32", seed=1))
    spec, fields = network_spec(8, 3, dtype="float32"), monitoring(loss, monitor, epochs=8)
    straight = Training(spec, fields, data)
    expected = list(straight.epochs())
    for pieces in range(1, 15):  # an epoch has 1 step of training, 3 of evaluation and 3 of ranking
        monkeypatch.setattr(Training, "_pieces_per_call", pieces)
        stopped, calls = Training(spec, fields, data), count()
        before = list(stopped.epochs(lambda calls=calls: next(calls) > 0))
        saved = Checkpoint.from_bytes(stopped.checkpoint().to_bytes())
        assert saved.step <= 1
        monkeypatch.setattr(Training, "_pieces_per_call", 1000)
        for run in (stopped, Training(spec, fields, data, saved)):
            assert before + list(run.epochs()) == expected
            np.testing.assert_array_equal(run.confusion_matrix, straight.confusion_matrix)
            np.testing.assert_array_equal(run.weights("best")["0.weight"], straight.weights("best")["0.weight"])
