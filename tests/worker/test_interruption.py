"""A job that nobody wants any more, or that takes too long, ends before it trains."""

from collections.abc import Callable, Sequence
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest

from core.errors import NotFound
from core.jobs import State
from core.store import Claim, Dataset, Job, Store
from tests.faults.jobs import LONG, TENANT, epochs, submit
from tests.polling import until
from tests.worker.jobs import claimed, now
from worker.run import Worker, run


class Slow:
    """A download whose pieces come when they are let; each looks first whether anybody wants them."""

    def __init__(self, store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began = Event()
        self._download = store.datasets.download
        monkeypatch.setattr(store.datasets, "download", self)

    def __call__(self, dataset_id: str, into: Path, each: Callable[[], None]) -> Any:
        self.began.set()
        for _ in range(1500):
            each()
            Event().wait(0.02)
        return self._download(dataset_id, into, each)


@pytest.fixture
def slow(store: Store, monkeypatch: pytest.MonkeyPatch) -> Slow:
    return Slow(store, monkeypatch)


def attempted(claim: Claim, worker: Worker, slow: Slow) -> Thread:
    """An attempt that is in the middle of its preparation."""
    attempt = Thread(target=run, args=(claim, worker))
    attempt.start()
    assert slow.began.wait(10)
    return attempt


def ended(store: Store, job: Job, attempt: Thread) -> Job:
    attempt.join(20)
    assert not attempt.is_alive()
    return now(store, job)


def test_a_cancellation_is_heard(store: Store, make_worker: Callable[..., Worker], tmp_path: Path, slow: Slow) -> None:
    job = submit(store, tmp_path, LONG)
    attempt = attempted(claimed(store), make_worker(), slow)
    store.jobs.cancel(TENANT, job.id)
    assert ended(store, job, attempt).state == State.CANCELLED


def test_a_pause_is_heard(store: Store, make_worker: Callable[..., Worker], tmp_path: Path, slow: Slow) -> None:
    job = submit(store, tmp_path, LONG)
    attempt = attempted(claimed(store), make_worker(), slow)
    store.jobs.pause(TENANT, job.id)
    assert ended(store, job, attempt).state == State.PAUSED


def test_a_worker_that_stops_hands_the_job_back(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, slow: Slow
) -> None:
    job, stopping = submit(store, tmp_path, LONG), Event()
    attempt = attempted(claimed(store), make_worker(stopping.is_set), slow)
    stopping.set()
    assert ended(store, job, attempt).state == State.QUEUED


def test_a_job_is_not_prepared_longer_than_it_may_take(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, slow: Slow
) -> None:
    job = submit(store, tmp_path, LONG, max_seconds=1)
    failed = ended(store, job, attempted(claimed(store), make_worker(), slow))
    assert failed.error is not None
    assert (failed.state, failed.error["code"]) == (State.FAILED, "deadline")


def test_a_job_that_has_learned_is_prepared_to_its_end_so_that_its_weights_are_kept(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, claim = submit(store, tmp_path, LONG, epochs=100_000), claimed(store)
    stopping = Event()
    first = Thread(target=run, args=(claim, make_worker(stopping.is_set)))
    first.start()
    until(lambda: now(store, job).epoch > 0)
    stopping.set()
    learned = ended(store, job, first)
    assert learned.state == State.QUEUED

    worker = make_worker()
    columns = worker.datasets.columns

    def cancelled_meanwhile(dataset: Dataset, names: Sequence[str], check: Callable[[], None]) -> Any:
        store.jobs.cancel(TENANT, job.id)
        for _ in range(150):  # the cancellation is heard twice a second
            check()
            Event().wait(0.01)
        return columns(dataset, names, check)

    monkeypatch.setattr(worker.datasets, "columns", cancelled_meanwhile)
    run(claimed(store), worker)
    assert now(store, job).state == State.CANCELLED
    assert store.weights.get(TENANT, job.id, "last").epoch == learned.epoch == len(epochs(store, job))


def test_a_job_that_was_cancelled_while_it_was_prepared_has_no_weights(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, slow: Slow
) -> None:
    job = submit(store, tmp_path, LONG)
    attempt = attempted(claimed(store), make_worker(), slow)
    store.jobs.cancel(TENANT, job.id)
    ended(store, job, attempt)
    with pytest.raises(NotFound):
        store.weights.get(TENANT, job.id, "last")
