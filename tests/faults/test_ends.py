"""How jobs end that do not succeed."""

import os
import resource
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psutil
import pytest

from core.jobs import State
from core.nn.saving.weights import from_safetensors
from core.store import Job, Store
from tests.faults.harness import Cluster
from tests.faults.jobs import (
    DIVERGING,
    ENDLESS,
    GREEDY,
    LONG,
    TENANT,
    XOR,
    Outcome,
    assert_undisturbed,
    epochs,
    submit,
    wait,
    wait_for_epoch,
)
from tests.polling import until


@pytest.fixture
def patient(database_url: str, kernels: None) -> Iterator[Cluster]:
    """A cluster that takes no checkpoints and gives up at the third death."""
    with Cluster(database_url, checkpoint_every_s=1000, stuck_limit=3) as cluster:
        cluster.start_broker()
        cluster.start_sweeper()
        yield cluster
        print(cluster.logs())  # noqa: T201


@pytest.fixture
def leased(database_url: str, kernels: None) -> Iterator[Cluster]:
    """A cluster whose leases outlast any test."""
    with Cluster(database_url, lease_ttl_s=600) as cluster:
        cluster.start_broker()
        cluster.start_sweeper()
        yield cluster
        print(cluster.logs())  # noqa: T201


def test_a_job_is_cancelled_in_the_middle_of_an_epoch(cluster: Cluster, store: Store, tmp_path: Path) -> None:
    cluster.start_worker()
    job = submit(store, tmp_path, ENDLESS)
    until(lambda: running(store, job))
    store.jobs.cancel(TENANT, job.id)
    assert wait(store, job, patience_s=5).state == State.CANCELLED
    assert store.jobs.get(TENANT, job.id).epoch == 0


def test_a_cancelled_job_keeps_its_epochs_and_what_it_learned(cluster: Cluster, store: Store, tmp_path: Path) -> None:
    cluster.start_worker()
    job = submit(store, tmp_path, LONG, epochs=1_000_000)
    wait_for_epoch(store, job, 3)
    store.jobs.cancel(TENANT, job.id)
    ended = wait(store, job, patience_s=5)
    assert ended.state == State.CANCELLED
    assert [row.epoch for row in epochs(store, job)] == list(range(1, ended.epoch + 1))
    kept = store.weights.get(TENANT, job.id, "last")
    assert kept.epoch == ended.epoch
    assert kept.size_bytes > 0


@pytest.mark.parametrize("harm", ["killed", "stopped"])
def test_a_job_is_cancelled_within_seconds_when_its_worker_is_dead(
    harm: str, leased: Cluster, store: Store, tmp_path: Path
) -> None:
    worker = leased.start_worker()
    job = submit(store, tmp_path, ENDLESS)
    until(lambda: running(store, job))
    if harm == "killed":
        worker.kill()
    else:
        os.kill(worker.child(), signal.SIGSTOP)
    store.jobs.cancel(TENANT, job.id)
    assert wait(store, job, patience_s=10).state == State.CANCELLED


def test_a_loss_that_explodes_fails_the_job_with_a_hint_and_keeps_the_last_good_weights(
    cluster: Cluster, store: Store, tmp_path: Path
) -> None:
    cluster.start_worker()
    job = wait(store, submit(store, tmp_path, DIVERGING))
    assert job.state == State.FAILED
    assert job.error is not None
    assert (job.error["fault"], job.error["code"]) == ("user", "diverged")
    assert job.error["epoch"] == job.epoch + 1
    assert "learning_rate" in job.error["hint"]
    kept = store.weights.get(TENANT, job.id, "last")
    weights, _ = from_safetensors(b"".join(store.blobs.read(kept.blob_id, 0, kept.size_bytes)))
    assert all(abs(array).max() < float("inf") for array in weights.values())


def test_a_job_that_needs_too_much_memory_fails_and_the_worker_trains_the_next(
    cluster: Cluster, store: Store, tmp_path: Path
) -> None:
    worker = cluster.start_worker()
    assert wait(store, submit(store, tmp_path, XOR)).state == State.SUCCEEDED
    child = worker.child()
    room = psutil.Process(child).memory_info().vms + 2**28
    resource.prlimit(child, resource.RLIMIT_AS, (room, room))
    greedy = wait(store, submit(store, tmp_path, GREEDY))
    assert greedy.state == State.FAILED
    assert greedy.error is not None
    assert (greedy.error["fault"], greedy.error["code"]) == ("capacity", "capacity")
    assert wait(store, submit(store, tmp_path, XOR)).state == State.SUCCEEDED
    assert worker.child() == child


def test_a_job_that_takes_more_memory_than_it_was_reckoned_to_fails_and_its_neighbours_train_on(
    database_url: str, store: Store, tmp_path: Path, undisturbed: Callable[[Mapping[str, Any]], Outcome]
) -> None:
    with Cluster(database_url, max_training_bytes=2**28, job_margin_bytes=2**28) as cluster:
        cluster.start_broker()
        cluster.start_sweeper()
        worker = cluster.start_worker(processes=2)
        neighbour = submit(store, tmp_path, LONG)
        wait_for_epoch(store, neighbour, 1)
        children = set(worker.children())
        greedy = wait(store, submit(store, tmp_path, GREEDY))
        assert greedy.error is not None
        assert (greedy.error["fault"], greedy.error["code"], greedy.attempt) == ("capacity", "capacity", 1)
        assert f"{int(1.25 * 2**28) + 2**26 + 2**28:,} bytes" in greedy.error["message"]
        assert store.jobs.get(TENANT, neighbour.id).state == State.RUNNING
        assert_undisturbed(store, neighbour, undisturbed(LONG))
        assert store.jobs.get(TENANT, neighbour.id).attempt == 1
        assert wait(store, submit(store, tmp_path, XOR)).state == State.SUCCEEDED
        assert set(worker.children()) == children


def test_a_process_that_trains_is_the_first_that_the_kernel_ends_when_memory_runs_out(
    cluster: Cluster, store: Store, tmp_path: Path
) -> None:
    worker = cluster.start_worker()
    assert wait(store, submit(store, tmp_path, XOR)).state == State.SUCCEEDED
    own, child = (int(Path(f"/proc/{pid}/oom_score_adj").read_text()) for pid in (worker.pid, worker.child()))
    assert child >= 500 > own


def test_a_job_whose_workers_all_die_of_it_fails_in_the_end(patient: Cluster, store: Store, tmp_path: Path) -> None:
    """No checkpoint is ever taken, no epoch ever ends: each death is one without progress."""
    worker = patient.start_worker()
    job = submit(store, tmp_path, ENDLESS)
    for attempt in range(1, 4):
        until(lambda attempt=attempt: attempted(store, job, attempt))
        worker.kill_child()
    ended = wait(store, job)
    assert ended.state == State.FAILED
    assert ended.error is not None
    assert (ended.error["fault"], ended.error["code"]) == ("system", "worker_lost")


def test_a_job_whose_workers_all_die_of_it_fails_in_the_end_with_checkpoints_too(
    database_url: str, kernels: None, store: Store, tmp_path: Path
) -> None:
    """It gets as far as a checkpoint and no further: every later attempt dies before it can take another."""
    with Cluster(database_url, checkpoint_every_s=5, stuck_limit=3) as cluster:
        cluster.start_broker()
        cluster.start_sweeper()
        worker = cluster.start_worker()
        job = submit(store, tmp_path, ENDLESS)
        until(lambda: store.jobs.checkpoint(job.id))
        assert store.jobs.get(TENANT, job.id).epoch == 0
        for attempt in range(1, 4):
            until(lambda attempt=attempt: attempted(store, job, attempt))
            worker.kill_child()
        ended = wait(store, job)
        assert (ended.state, ended.attempt) == (State.FAILED, 3)
        assert ended.error is not None
        assert ended.error["code"] == "worker_lost"
        assert store.jobs.checkpoint(job.id) is None


def running(store: Store, job: Job) -> bool:
    return store.jobs.get(TENANT, job.id).state == State.RUNNING


def attempted(store: Store, job: Job, attempt: int) -> bool:
    now = store.jobs.get(TENANT, job.id)
    return now.attempt == attempt and now.state == State.RUNNING
