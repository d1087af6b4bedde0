"""The lease of a job, seen from its worker."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import CapacityError, CoreError, LostLease, Unavailable
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


@pytest.mark.parametrize("error", [Unavailable("away"), CapacityError("the disk is full"), CoreError("?"), RuntimeError("?")])
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


@pytest.mark.parametrize("error", [Unavailable("away"), CapacityError("the disk is full")])
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


def test_a_write_is_given_up_with_the_lease(store: Store, claim: Claim) -> None:
    def write() -> None:
        raise Unavailable("away")

    with pytest.raises(LostLease):
        Lease(claim, store, 0.2).persist(write)
