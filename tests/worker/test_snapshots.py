"""The weights that an attempt keeps as it trains: of the epochs that were asked for, whatever comes between."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import LostLease
from core.jobs import State
from core.nn.saving.weights import from_safetensors
from core.store import Job, Snapshot, Store
from tests.faults.jobs import LONG, TENANT, XOR, submit
from tests.worker.jobs import claimed, now
from worker.run import Worker, run


def hashes(store: Store, job: Job) -> dict[int, str]:
    return {each.epoch: each.sha256 for each in store.snapshots.all(TENANT, job.id)}


def arrays(store: Store, of: Snapshot) -> dict[str, Any]:
    weights, metadata = from_safetensors(b"".join(store.blobs.read(of.blob_id, 0, of.size_bytes)))
    assert "preprocessing" in metadata
    return weights


def test_fast_epochs_are_kept_as_they_were_asked_for(store: Store, make_worker: Callable[..., Worker], tmp_path: Path) -> None:
    job = submit(store, tmp_path, XOR, epochs=1000, snapshots=5)
    run(claimed(store), make_worker())
    assert now(store, job).state == State.SUCCEEDED
    assert list(hashes(store, job)) == [0, 1, 10, 100, 1000]
    last, kept = store.weights.get(TENANT, job.id, "last"), store.snapshots.get(TENANT, job.id, 1000)
    for name, array in arrays(store, last).items():
        np.testing.assert_array_equal(array, arrays(store, kept)[name])


def test_without_a_wish_nothing_is_kept(store: Store, make_worker: Callable[..., Worker], tmp_path: Path) -> None:
    job = submit(store, tmp_path, XOR, epochs=10)
    run(claimed(store), make_worker())
    assert hashes(store, job) == {}


@pytest.mark.parametrize("dies", [False, True], ids=["handed back", "lost"])
def test_a_job_that_is_interrupted_again_and_again_keeps_what_an_undisturbed_one_does(
    dies: bool, store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    """Each attempt ends once it has recorded an epoch: with a checkpoint, or without any, so that the next begins anew."""
    straight = submit(store, tmp_path, LONG, epochs=12, snapshots=6)
    run(claimed(store), make_worker())
    expected = hashes(store, straight)
    assert list(expected) == [0, 1, 2, 4, 7, 12]

    job, attempts = submit(store, tmp_path, LONG, epochs=12, snapshots=6), 0
    while now(store, job).state == State.QUEUED:
        attempts += 1
        claim = claimed(store)

        def stopping(begun_at: int = claim.job.epoch) -> bool:
            if now(store, job).epoch == begun_at:
                return False
            if dies:
                raise LostLease("the process was killed")
            return True

        run(claim, make_worker(stopping))
        if now(store, job).state == State.RUNNING:
            store.jobs.release(claim)
    assert attempts > 3
    assert now(store, job).state == State.SUCCEEDED
    assert hashes(store, job) == expected


def test_a_budget_is_turned_into_epochs_of_which_the_same_are_kept_by_every_attempt(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job = submit(store, tmp_path, XOR, epochs=100_000, snapshots=4, budget_s=1.0)
    run(claimed(store), make_worker(lambda: now(store, job).epoch > 0))
    if now(store, job).state == State.QUEUED:
        run(claimed(store), make_worker())
    done = now(store, job)
    assert done.state == State.SUCCEEDED
    assert done.epochs_total is not None
    found = list(hashes(store, job))
    assert (found[:2], found[-1], len(found)) == ([0, 1], done.epochs_total, 4)
