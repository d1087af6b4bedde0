"""Jobs that an earlier attempt began: what they resume from, and where they must begin anew."""

from collections.abc import Callable
from itertools import count
from pathlib import Path

import numpy as np
import pytest

from core.jobs import State
from core.nn.saving.checkpoint import Checkpoint
from core.nn.saving.weights import to_safetensors
from core.nn.training import Training
from core.store import Store
from tests.faults.jobs import LONG, TENANT, XOR, epochs, outcome, submit
from tests.worker.jobs import INTERRUPTED, claimed, now
from worker.data import prepare
from worker.run import Worker, run


@pytest.mark.parametrize("every", [1, 2, 3])
def test_a_job_that_is_handed_back_again_and_again_gives_the_weights_of_one_run(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, every: int, prepared_undisturbed: None
) -> None:
    straight = submit(store, tmp_path, INTERRUPTED)
    run(claimed(store), make_worker())
    job = submit(store, tmp_path, INTERRUPTED)
    while now(store, job).state == State.QUEUED:
        asked = count()
        run(claimed(store), make_worker(stopping=lambda asked=asked: next(asked) > every))
    done = now(store, job)
    assert done.state == State.SUCCEEDED, done.error
    assert done.attempt > 1
    assert outcome(store, job) == outcome(store, straight)


def test_epochs_that_an_earlier_attempt_recorded_are_trained_again_but_not_recorded_again(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    straight = submit(store, tmp_path, INTERRUPTED)
    run(claimed(store), make_worker())
    job = submit(store, tmp_path, INTERRUPTED)
    dead = store.jobs.claim("test", -1.0)  # it leaves no checkpoint, and its lease has run out
    assert dead is not None
    store.jobs.record_epochs(dead, epochs(store, straight)[:2], None)
    store.jobs.reap(5)
    run(claimed(store), make_worker())
    done = now(store, job)
    assert done.state == State.SUCCEEDED, done.error
    assert outcome(store, job) == outcome(store, straight)


@pytest.mark.usefixtures("prepared_undisturbed")
def test_the_best_epoch_of_a_job_is_that_of_its_weights_where_later_ones_were_recorded(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    straight = submit(store, tmp_path, INTERRUPTED)
    run(claimed(store), make_worker())
    job = submit(store, tmp_path, INTERRUPTED)
    run(claimed(store), make_worker(lambda: now(store, job).epoch >= 1))
    dead = store.jobs.claim("test", -1.0)  # it leaves no checkpoint, and its lease has run out
    assert dead is not None
    assert dead.job.epoch == 1
    store.jobs.record_epochs(dead, epochs(store, straight)[1:3], None, best_epoch=3)
    store.jobs.reap(5)
    claim = claimed(store)
    assert claim.job.best is not None
    assert claim.job.best["epoch"] == 3

    def stopping() -> bool:
        store.jobs.cancel(TENANT, job.id)
        return True

    run(claim, make_worker(stopping))
    done, first = now(store, job), epochs(store, straight)[0]
    assert (done.state, done.epoch) == (State.CANCELLED, 3)
    assert store.weights.get(TENANT, job.id, "best").epoch == 1
    assert done.best == {
        "epoch": 1,
        "loss": first.loss,
        "validation_loss": first.validation_loss,
        "metrics": first.metrics,
    }


def older(checkpoint: Checkpoint, change: str) -> bytes:
    """As another version might have taken it."""
    state, vectors = dict(checkpoint.state), dict(checkpoint.vectors)
    if change == "a name":
        vectors["slots"] = vectors.pop("slot.0")
    elif change == "a shape":
        vectors["slot.1"] = np.zeros(vectors["slot.1"].size + 7, np.float32)
    elif change == "a counter":
        del state["updates"]
    return b"no file" if change == "all" else Checkpoint(state, vectors).to_bytes()


@pytest.mark.parametrize("change", ["a name", "a shape", "a counter", "all"])
def test_a_job_whose_checkpoint_is_of_another_version_begins_anew_and_says_so(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, change: str
) -> None:
    straight = submit(store, tmp_path, LONG, epochs=4)
    run(claimed(store), make_worker())
    job, worker = submit(store, tmp_path, LONG, epochs=4), make_worker()
    first = claimed(store)
    prepared = prepare(first.job, store, worker.datasets, worker.shelf)
    training = Training(prepared.network, prepared.training, prepared.data)
    next(training.epochs())
    store.jobs.record_epochs(first, epochs(store, straight)[:1], older(training.checkpoint(), change))
    store.jobs.release(first)
    run(claimed(store), worker)
    assert now(store, job).state == State.SUCCEEDED, now(store, job).error
    assert outcome(store, job) == outcome(store, straight)
    (told,) = (event.data["reason"] for event in store.events.page(TENANT, job.id, 0, 9) if event.type == "begun_anew")
    assert "checkpoint" in told


def test_a_job_whose_start_has_another_versions_optimizer_state_says_what_to_leave_out(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    first = submit(store, tmp_path, LONG, epochs=1)
    claim, content = claimed(store), Checkpoint({"updates": 3}, {"slots": np.zeros((2, 5))}).to_bytes()
    weights = {"0.weight": np.zeros((32, 8)), "0.bias": np.zeros(32), "2.weight": np.zeros((1, 32)), "2.bias": np.zeros(1)}
    last = to_safetensors(weights, {})
    store.jobs.succeed(claim, {}, {"last": last, "optimizer": content})
    start = {"job": first.id, "epoch": "last", "optimizer_state": True, "preprocessing": False}
    job = submit(store, tmp_path, LONG, start=start)
    run(claimed(store), make_worker())
    error = now(store, job).error
    assert error is not None
    assert (error["fault"], error["code"]) == ("user", "invalid_data")
    assert f"the optimizer's state of {first.id} does not fit" in error["message"]
    assert "optimizer_state" in error["message"]


def test_an_owner_that_was_replaced_leaves_no_trace(store: Store, make_worker: Callable[..., Worker], tmp_path: Path) -> None:
    job = submit(store, tmp_path, XOR)
    claim = claimed(store)
    store.jobs.release(claim)
    before = now(store, job)
    run(claim, make_worker())
    assert now(store, job) == before
