"""Attempts at jobs, one after the other in this process."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from threadpoolctl import threadpool_info

from core.exports.golden import Golden
from core.jobs import State
from core.nn import engine
from core.nn.network import Network
from core.nn.predictor import Predictor
from core.nn.saving.model import Card, SavedModel
from core.nn.saving.weights import from_safetensors
from core.nn.training import Training
from core.store import Store
from tests.faults.jobs import DIVERGING, LONG, TENANT, XOR, epochs, outcome, submit
from tests.worker.jobs import INTERRUPTED, claimed, now
from worker.data import prepare
from worker.run import Worker, run

# Three classes by the sum of two inputs.
SIGNS: dict[str, Any] = {
    "network": {"layers": [{"type": "dense", "units": 8, "activation": "tanh"}, {"type": "dense", "units": 3}]},
    "training": {
        "loss": "softmax_cross_entropy",
        "optimizer": {"type": "adam", "learning_rate": 0.02},
        "epochs": 5,
        "batch_size": 16,
    },
    "rows": 100,
    "columns": 2,
}


def signs_of(x: Any) -> list[str]:
    return ["zero" if abs(total) < 0.5 else "plus" if total > 0 else "minus" for total in x.sum(axis=1)]


def test_a_job_succeeds_with_its_epochs_its_result_and_its_weights(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job = submit(store, tmp_path, LONG, epochs=5)
    run(claimed(store), make_worker())
    done = now(store, job)
    rows = epochs(store, job)
    assert done.state == State.SUCCEEDED, done.error
    assert [row.epoch for row in rows] == [1, 2, 3, 4, 5]
    assert all(row.seconds > 0 and row.rows_per_second > 0 for row in rows)
    assert done.result is not None
    best = min(rows, key=lambda row: row.validation_loss or 0)
    assert [done.result[name] for name in ("epochs", "stopped", "best_epoch")] == [5, "epochs", best.epoch]
    assert done.result["best"] == {"loss": best.loss, "validation_loss": best.validation_loss, "metrics": best.metrics}
    assert done.result["last"]["loss"] == rows[-1].loss
    assert done.best == {"epoch": best.epoch, **done.result["best"]}
    kept = store.weights.get(TENANT, job.id, "best")
    assert kept.epoch == best.epoch
    weights, metadata = from_safetensors(b"".join(store.blobs.read(kept.blob_id, 0, kept.size_bytes)))
    assert {name: array.shape for name, array in weights.items()} == {
        "0.weight": (32, 8),
        "0.bias": (32,),
        "2.weight": (1, 32),
        "2.bias": (1,),
    }
    assert metadata["format"] == 1
    assert metadata["network"]["layers"][0]["units"] == 32
    assert [feature["column"] for feature in metadata["preprocessing"]["features"]] == [f"input{i}" for i in range(8)]
    model = SavedModel(Card.from_json(metadata), weights)
    assert metadata["golden"] == Golden.of(model, Predictor).to_json()
    assert len(metadata["golden"]["rows"]) == 8


def test_weights_are_kept_where_there_is_no_memory_for_golden_vectors(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def too_large(program: Any, named: Any) -> Network:
        raise MemoryError

    monkeypatch.setattr(Network, "from_weights", too_large)
    job = submit(store, tmp_path, LONG, epochs=1)
    run(claimed(store), make_worker())
    kept = store.weights.get(TENANT, job.id, "best")
    _, metadata = from_safetensors(b"".join(store.blobs.read(kept.blob_id, 0, kept.size_bytes)))
    assert "network" in metadata
    assert "golden" not in metadata


@pytest.mark.parametrize("fields", [{"averaging": {"decay": 0.9}}, {"optimizer": "lbfgs", "batch_size": "full"}], ids=str)
def test_what_is_delivered_is_what_was_validated(
    fields: dict[str, Any], store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job, worker = submit(store, tmp_path, LONG, epochs=3, **fields), make_worker()
    run(claimed(store), worker)
    assert now(store, job).state == State.SUCCEEDED
    prepared = prepare(now(store, job), store, worker.datasets, worker.shelf)
    training = Training(prepared.network, prepared.training, prepared.data)
    *_, last = training.epochs()
    kept = store.weights.get(TENANT, job.id, "last")
    weights, _ = from_safetensors(b"".join(store.blobs.read(kept.blob_id, 0, kept.size_bytes)))
    for name, array in training.weights().items():
        np.testing.assert_array_equal(weights[name], array)
    data, network = prepared.data, Network.from_weights(training.program, weights)
    loss, _ = network.loss_and_gradient(data.validation_x, data.validation_t)
    assert last.validation_loss == pytest.approx(loss, rel=1e-5)


def test_early_stopping_ends_a_job_before_its_last_epoch(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job = submit(store, tmp_path, LONG, optimizer="sgd", early_stopping={"patience": 2, "min_delta": 1000.0}, epochs=50)
    run(claimed(store), make_worker())
    done = now(store, job)
    assert done.state == State.SUCCEEDED, done.error
    assert done.result is not None
    assert done.result["epochs"] == done.epoch == 3
    assert done.result["stopped"] == "early"


def test_a_job_whose_line_search_finds_no_lower_loss_says_that_it_has_converged(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    line = {**LONG, "network": {"layers": [{"type": "dense", "units": 1}]}}
    job = submit(store, tmp_path, line, optimizer="lbfgs", batch_size="full", epochs=1000)
    run(claimed(store), make_worker())
    done = now(store, job)
    assert done.state == State.SUCCEEDED, done.error
    assert done.result is not None
    assert done.result["epochs"] == done.epoch < 1000
    assert done.result["stopped"] == "converged"


def test_all_epochs_done_are_why_a_job_ended_even_where_it_would_have_stopped_then(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    stopping = {"patience": 2, "min_delta": 1000.0}  # after three epochs
    job = submit(store, tmp_path, LONG, early_stopping=stopping, epochs=3)
    run(claimed(store), make_worker())
    result = now(store, job).result
    assert result is not None
    assert (result["epochs"], result["stopped"]) == (3, "epochs")
    line = {**LONG, "network": {"layers": [{"type": "dense", "units": 1}]}}
    fields = {"optimizer": "lbfgs", "batch_size": "full"}
    free = submit(store, tmp_path, line, epochs=1000, **fields)
    run(claimed(store), make_worker())
    job = submit(store, tmp_path, line, epochs=now(store, free).epoch, **fields)
    run(claimed(store), make_worker())
    result = now(store, job).result
    assert result is not None
    assert (result["epochs"], result["stopped"]) == (now(store, free).epoch, "epochs")


@pytest.mark.parametrize("fraction", [0.25, None])
@pytest.mark.parametrize(
    ("loss", "units", "metric", "words"),
    [
        ("mean_squared_error", 1, "r2", "rows the network is no better than always saying the mean of the target"),
        (
            "softmax_cross_entropy",
            3,
            "accuracy",
            'no better than always saying "zero", the most frequent class, which gives 0.',
        ),
    ],
)
def test_a_result_says_where_nothing_was_learned(
    store: Store,
    make_worker: Callable[..., Worker],
    tmp_path: Path,
    loss: str,
    units: int,
    metric: str,
    words: str,
    fraction: float | None,
) -> None:
    worker, warned = make_worker(), []
    for rate in (1e-300, 0.05):  # the first moves no float32
        layers = [{"type": "dense", "units": units, "weight_initializer": "zeros"}]
        job = submit(
            store,
            tmp_path,
            {**SIGNS, "network": {"layers": layers}},
            targets=(lambda x: signs_of(x / 2)) if units == 3 else (lambda x: x.sum(axis=1).tolist()),
            loss=loss,
            epochs=20,
            metrics=[metric],
            validation=fraction and {"fraction": fraction},
            optimizer={"type": "adam", "learning_rate": rate},
        )
        run(claimed(store), worker)
        done = now(store, job)
        assert done.result is not None, done.error
        warned.append(done.result["warnings"])
    [[told], nothing] = warned
    assert words in told
    assert ("validation rows" if fraction else "training rows") in told
    assert nothing == []


@pytest.mark.parametrize(("fraction", "rows"), [(0.25, 25), (None, 100)])
def test_the_result_of_a_job_says_which_classes_its_best_weights_confuse(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, fraction: float | None, rows: int
) -> None:
    validation = fraction and {"fraction": fraction}
    metrics = ["confusion_matrix", "accuracy"]
    job = submit(store, tmp_path, SIGNS, targets=signs_of, validation=validation, metrics=metrics)
    run(claimed(store), make_worker())
    done = now(store, job)
    assert done.state == State.SUCCEEDED, done.error
    assert done.result is not None
    confusion = done.result["confusion_matrix"]
    assert confusion["classes"] == ["minus", "plus", "zero"]
    counts = confusion["counts"]
    assert sum(map(sum, counts)) == rows
    right = sum(counts[place][place] for place in range(3))
    assert done.result["best"]["metrics"] == {"accuracy": pytest.approx(right / rows)}
    assert [list(row.metrics) for row in epochs(store, job)] == [["accuracy"]] * done.epoch


def test_the_best_weights_are_those_of_the_metric_that_early_stopping_monitors(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    stopping = {"monitor": "f1", "patience": 5}
    fields = {"validation": {"fraction": 0.25}, "metrics": ["accuracy", "f1"], "early_stopping": stopping, "epochs": 500}
    job = submit(store, tmp_path, SIGNS, targets=signs_of, **fields)
    run(claimed(store), make_worker())
    done, rows = now(store, job), epochs(store, job)
    assert done.state == State.SUCCEEDED, done.error
    assert done.result is not None
    best = max(rows, key=lambda row: (row.metrics["f1"], -row.epoch))
    assert done.result["best_epoch"] == best.epoch == len(rows) - 5
    assert store.weights.get(TENANT, job.id, "best").epoch == best.epoch


def test_a_job_that_was_cancelled_before_its_first_epoch_has_no_weights(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job = submit(store, tmp_path, LONG, epochs=1_000_000)
    claim = claimed(store)
    store.jobs.cancel(TENANT, job.id)
    run(claim, make_worker())
    assert now(store, job).state == State.CANCELLED


def test_no_further_step_is_trained_once_a_worker_is_to_stop(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the stop takes no longer than the call that is under way, a tenth of a second, and the writes."""
    job = submit(store, tmp_path, INTERRUPTED)
    happened = []
    train = engine.run

    def counted(*arguments: Any) -> int:
        happened.append("trained")
        return int(train(*arguments))

    def stopping() -> bool:
        if "trained" in happened:
            happened.append("asked to stop")
        return "asked to stop" in happened

    monkeypatch.setattr(engine, "run", counted)
    run(claimed(store), make_worker(stopping))
    assert now(store, job).state == State.QUEUED
    assert happened.count("trained") == 1
    assert store.jobs.checkpoint(job.id) is not None


def test_a_job_that_is_cancelled_while_its_worker_stops_keeps_what_it_learned(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job = submit(store, tmp_path, INTERRUPTED)
    claim = claimed(store)

    def stopping() -> bool:
        """The cancellation comes last, so that the heartbeat cannot have seen it."""
        if now(store, job).epoch < 2:
            return False
        store.jobs.cancel(TENANT, job.id)
        return True

    run(claim, make_worker(stopping))
    done = now(store, job)
    assert (done.state, done.epoch) == (State.CANCELLED, 2)
    assert store.weights.get(TENANT, job.id, "last").epoch == 2
    assert store.jobs.checkpoint(job.id) is None


def test_a_divergence_in_the_first_epoch_leaves_no_weights(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    optimizer = {"type": "sgd", "learning_rate": 1e6}
    job = submit(store, tmp_path, DIVERGING, optimizer=optimizer, batch_size=1)
    run(claimed(store), make_worker())
    done = now(store, job)
    assert done.error is not None
    assert (done.state, done.error["code"], done.error["epoch"], done.epoch) == (State.FAILED, "diverged", 1, 0)


def test_our_own_mistakes_fail_the_job_as_ours(store: Store, make_worker: Callable[..., Worker], tmp_path: Path) -> None:
    """A stored request that this version cannot read."""
    job = submit(store, tmp_path, {**XOR, "network": {"layers": [{"type": "convolution"}]}})
    run(claimed(store), make_worker())
    done = now(store, job)
    assert done.error is not None
    assert (done.state, done.error["fault"], done.error["code"]) == (State.FAILED, "system", "internal")


def test_a_large_job_trains_on_the_mapped_file_and_gives_the_same_weights(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    in_memory = submit(store, tmp_path, LONG, epochs=2)
    run(claimed(store), make_worker())
    assert list((tmp_path / "cache").glob("*.arrays")) == []
    monkeypatch.setattr("worker.data.SMALL_BYTES", 0)
    for _ in range(2):
        mapped = submit(store, tmp_path, LONG, epochs=2)
        run(claimed(store), make_worker())
        assert outcome(store, mapped) == outcome(store, in_memory)
        assert len(list((tmp_path / "cache").glob("*.arrays"))) == 1


def test_arrays_are_made_anew_where_the_job_wants_others(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.data.SMALL_BYTES", 0)
    for made, changes in enumerate(({}, {"validation": None}, {"validation": None, "seed": 5}), 1):
        submit(store, tmp_path, LONG, epochs=1, **changes)
        run(claimed(store), make_worker())
        assert len(list((tmp_path / "cache").glob("*.arrays"))) == min(made, 2)


def test_a_job_has_the_threads_that_it_asks_for_and_the_next_has_one_again(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    seen: list[set[int]] = []

    def look() -> bool:
        seen.append({pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"})
        return False

    for threads in (2, 1):
        submit(store, tmp_path, XOR, threads=threads)
        run(claimed(store), make_worker(look))
        assert seen[-1] == {threads}
