"""The lease of a job, seen from its worker."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import CoreError, LostLease, StorageFull, Unavailable
from core.store import Claim, Store
from tests.faults.jobs import TENANT, XOR, submit
from tests.polling import until
from tests.worker.jobs import claimed
from worker import tasks
from worker.heartbeat import Lease
from worker.run import Worker


@pytest.fixture
def claim(store: Store, tmp_path: Path) -> Claim:
    submit(store, tmp_path, XOR)
    return claimed(store)


def test_a_lease_is_renewed_while_it_is_held(store: Store, claim: Claim) -> None:
    first = claim.job.lease_until
    assert first is not None
    with Lease(claim, store, 120.0 / 500) as lease:
        until(lambda: (store.jobs.get(TENANT, claim.job.id).lease_until or 0) != first)
        assert not lease.ended


def test_a_cancellation_is_seen_between_two_renewals(store: Store, claim: Claim) -> None:
    with Lease(claim, store, 600.0) as lease:
        store.jobs.cancel(TENANT, claim.job.id)
        until(lambda: lease.cancelled, patience_s=5)


def test_a_cancellation_that_was_heard_does_not_cost_the_lease(store: Store, claim: Claim) -> None:
    """It cuts the lease to seconds; here the next regular renewal would come after minutes."""
    with Lease(claim, store, 600.0) as lease:
        cut = store.jobs.cancel(TENANT, claim.job.id).lease_until
        assert cut is not None
        until(lambda: (store.jobs.get(TENANT, claim.job.id).lease_until or 0) > cut + 300, patience_s=5)
        assert lease.cancelled


def test_a_cancellation_that_was_heard_costs_nothing_though_the_next_renewal_fails(
    store: Store, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.jobs, "heartbeat", failing_first(Unavailable("away"), store.jobs.heartbeat))
    with Lease(claim, store, 600.0) as lease:
        cut = store.jobs.cancel(TENANT, claim.job.id).lease_until
        assert cut is not None
        until(lambda: (store.jobs.get(TENANT, claim.job.id).lease_until or 0) > cut + 300, patience_s=5)
        assert lease.cancelled


def test_a_lost_lease_is_seen(store: Store, claim: Claim) -> None:
    with Lease(claim, store, 600.0) as lease:
        store.jobs.release(claim)
        until(lambda: lease.lost, patience_s=5)
        with pytest.raises(LostLease):
            lease.persist(lambda: None)


def failing_first(error: Exception, ask: Callable[..., Any]) -> Callable[..., Any]:
    """As `ask`, but the first call raises."""
    errors = iter([error])

    def asked(*arguments: Any) -> Any:
        for error in errors:
            raise error
        return ask(*arguments)

    return asked


@pytest.mark.parametrize("error", [Unavailable("away"), StorageFull("the disk is full"), CoreError("?"), RuntimeError("?")])
def test_a_heartbeat_outlives_every_error_of_the_database(
    error: Exception, store: Store, claim: Claim, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store.jobs, "signals", failing_first(error, store.jobs.signals))
    monkeypatch.setattr(store.jobs, "heartbeat", failing_first(error, store.jobs.heartbeat))
    first = claim.job.lease_until
    with Lease(claim, store, 0.9) as lease:
        until(lambda: (store.jobs.get(TENANT, claim.job.id).lease_until or 0) != first, patience_s=5)
        store.jobs.cancel(TENANT, claim.job.id)
        until(lambda: lease.cancelled, patience_s=5)
        assert not lease.lost


@pytest.mark.parametrize("error", [Unavailable("away"), StorageFull("the disk is full")])
def test_a_worker_looks_for_jobs_until_the_database_is_back(
    error: Exception, store: Store, tmp_path: Path, make_worker: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    submit(store, tmp_path, XOR)
    monkeypatch.setattr(tasks, "RETRY_AFTER_S", 0.0)
    monkeypatch.setattr(store.jobs, "claim", failing_first(error, store.jobs.claim))
    assert tasks.next_job(make_worker()) is not None


def test_a_write_is_repeated_until_the_database_is_back(store: Store, claim: Claim) -> None:
    answers = iter([Unavailable("away"), Unavailable("away"), None])

    def write() -> str:
        if error := next(answers):
            raise error
        return "written"

    with Lease(claim, store, 60.0) as lease:
        assert lease.persist(write) == "written"


def test_a_write_is_repeated_for_as_long_as_the_lease_may_hold(store: Store, claim: Claim) -> None:
    began = time.monotonic()

    def write() -> str:
        if time.monotonic() - began < 1.7:
            raise Unavailable("away")
        return "written"

    assert Lease(claim, store, 2.5).persist(write) == "written"


def test_a_claim_that_was_done_and_not_answered_is_taken_up(
    store: Store, tmp_path: Path, make_worker: Callable[..., Worker], monkeypatch: pytest.MonkeyPatch
) -> None:
    job = submit(store, tmp_path, XOR)
    claim = store.jobs.claim

    def unanswered(*arguments: Any) -> Any:
        monkeypatch.setattr(store.jobs, "claim", claim)
        claim(*arguments)
        raise Unavailable("the answer to the commit was lost")

    monkeypatch.setattr(tasks, "RETRY_AFTER_S", 0.0)
    monkeypatch.setattr(store.jobs, "claim", unanswered)
    taken = tasks.next_job(make_worker())
    assert taken is not None
    assert (taken.job.id, taken.job.attempt) == (job.id, 1)
    store.jobs.heartbeat(taken, 60)  # by the right fence


def test_a_write_is_given_up_with_the_lease(store: Store, claim: Claim) -> None:
    def write() -> None:
        raise Unavailable("away")

    with pytest.raises(LostLease):
        Lease(claim, store, 0.2).persist(write)
