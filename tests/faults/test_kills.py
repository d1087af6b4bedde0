"""Whatever is killed, and however: the job ends with the weights of an undisturbed run, bit for bit."""

import os
import re
import signal
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy.exc import OperationalError

from core.jobs import State
from core.nn.saving.checkpoint import Checkpoint
from core.store import Job, Store, connect
from tests.faults.harness import Cluster, Worker
from tests.faults.jobs import LONG, SLOW, TENANT, XOR, Outcome, assert_undisturbed, submit, wait, wait_for_epoch
from tests.polling import until

Undisturbed = Callable[[Mapping[str, Any]], Outcome]


def test_a_job_trains_end_to_end(cluster: Cluster, store: Store, tmp_path: Path, undisturbed: Undisturbed) -> None:
    cluster.start_worker()
    assert_undisturbed(store, submit(store, tmp_path, XOR), undisturbed(XOR))


def test_a_job_survives_the_kill_of_the_process_that_trains_it(
    cluster: Cluster, store: Store, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    worker = cluster.start_worker()
    job = submit(store, tmp_path, LONG)
    wait_for_epoch(store, job, 1)
    worker.kill_child()
    assert_undisturbed(store, job, undisturbed(LONG))
    assert store.jobs.get(TENANT, job.id).attempt == 2


def test_a_budget_is_turned_into_epochs_once_whatever_is_killed_afterwards(
    cluster: Cluster, store: Store, tmp_path: Path
) -> None:
    worker = cluster.start_worker()
    job = submit(store, tmp_path, LONG, epochs=10_000_000, budget_s=3.0)
    fixed = wait_for_epoch(store, job, 1).epochs_total
    worker.kill_child()
    done = wait(store, job)
    assert (done.state, done.attempt) == (State.SUCCEEDED, 2), done.error
    assert fixed == done.epochs_total == done.epoch


def test_a_job_survives_the_kill_of_a_whole_worker(
    cluster: Cluster, store: Store, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    worker = cluster.start_worker(processes=2)
    job = submit(store, tmp_path, LONG)
    wait_for_epoch(store, job, 1)
    worker.kill()
    cluster.start_worker()
    assert_undisturbed(store, job, undisturbed(LONG))


def test_a_worker_that_is_stopped_hands_its_job_back_in_the_middle_of_an_epoch_and_no_epoch_is_repeated(
    cluster: Cluster, store: Store, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    first = cluster.start_worker()
    job = submit(store, tmp_path, SLOW)
    wait_for_epoch(store, job, 1)
    assert first.terminate() == 0
    handed_back = store.jobs.get(TENANT, job.id)
    assert handed_back.state == State.QUEUED
    blob = store.jobs.checkpoint(job.id)
    assert blob is not None
    assert Checkpoint.from_bytes(b"".join(blob)).step > 0
    second = cluster.start_worker()
    assert_undisturbed(store, job, undisturbed(SLOW))
    assert trained(first) + trained(second) == handed_back.epochs_total
    assert [event.type for event in store.events.page(TENANT, job.id, 0, 100)] == [
        "submitted",
        "claimed",
        "released",
        "claimed",
        "succeeded",
    ]


def test_a_worker_that_is_stopped_wakes_another_itself(database_url: str, kernels: None, store: Store, tmp_path: Path) -> None:
    with Cluster(database_url) as cluster:  # without a sweeper nobody else would
        cluster.start_broker()
        job = submit(store, tmp_path, LONG, epochs=10_000_000)
        first = cluster.start_worker()
        wait_for_epoch(store, job, 1)
        second = cluster.start_worker()
        until(lambda: "ready." in second.text(), told=cluster.logs)
        first.terminate()
        until(lambda: attempted(store, job, 2), told=cluster.logs)


def test_a_job_survives_a_broker_that_is_killed_and_comes_back_empty(
    cluster: Cluster, store: Store, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    cluster.start_worker()
    running = submit(store, tmp_path, LONG)
    wait_for_epoch(store, running, 1)
    cluster.broker.kill()
    waiting = submit(store, tmp_path, XOR)
    cluster.start_broker()
    assert_undisturbed(store, running, undisturbed(LONG))
    assert_undisturbed(store, waiting, undisturbed(XOR))


def test_a_worker_without_a_broker_stops_when_it_is_asked_to(cluster: Cluster, store: Store, tmp_path: Path) -> None:
    worker = cluster.start_worker()
    job = submit(store, tmp_path, LONG)
    wait_for_epoch(store, job, 1)
    cluster.broker.kill()
    worker.terminate()
    assert store.jobs.get(TENANT, job.id).state == State.QUEUED


def test_a_process_that_was_frozen_cannot_write_to_a_job_that_another_has_taken(
    cluster: Cluster, store: Store, database_url: str, tmp_path: Path, undisturbed: Undisturbed
) -> None:
    first = cluster.start_worker()
    job = submit(store, tmp_path, LONG)
    wait_for_epoch(store, job, 1)
    zombie = freeze(first.child(), database_url)
    second = cluster.start_worker()
    taken = until(lambda: attempted(store, job, 2))
    wait_for_epoch(store, taken, taken.epoch + 1)
    os.kill(zombie, signal.SIGCONT)
    until(lambda: "gave up" in first.text())
    assert_undisturbed(store, job, undisturbed(LONG))
    assert "gave up" not in second.text()


def trained(worker: Worker) -> int:
    """How many epochs the worker has finished, recorded or not."""
    return sum(int(count) for count in re.findall(r"trained (\d+) epochs", worker.text()))


def attempted(store: Store, job: Job, attempt: int) -> Job | None:
    """The job, if it is being trained for the n-th time."""
    now = store.jobs.get(TENANT, job.id)
    return now if now.attempt == attempt and now.state == State.RUNNING else None


def freeze(pid: int, database_url: str) -> int:
    """SIGSTOP at a moment when the process holds no lock in the database, since that would stop everyone."""
    engine = connect(database_url)
    probe = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "SELECT 1 FROM jobs FOR UPDATE NOWAIT"

    def frozen() -> bool:
        os.kill(pid, signal.SIGSTOP)
        until(lambda: psutil.Process(pid).status() == psutil.STATUS_STOPPED)
        try:
            with engine.connect() as connection:
                if engine.dialect.name == "sqlite":
                    connection.exec_driver_sql("PRAGMA busy_timeout = 0")
                connection.exec_driver_sql(probe)
                connection.rollback()
            return True
        except OperationalError:
            os.kill(pid, signal.SIGCONT)
            return False

    until(frozen)
    engine.dispose()
    return pid
