"""Guards that another one hides as long as it is there itself."""

from collections.abc import Callable
from dataclasses import replace
from types import SimpleNamespace

import pytest
from sqlalchemy import Engine, select, update

from core.errors import Conflict, LostLease
from core.jobs import State
from core.store import Claim, Job, Store
from core.store.removal import _remove_row
from core.store.steering import _changed
from core.store.sweeping import _LOST, _announce, _take_back
from core.store.tables import jobs
from tests.conformance.rows import ERROR, epoch_rows


def test_what_does_not_run_is_not_written_to_whoever_its_row_says_it_belongs_to(
    store: Store, claimed: Callable[..., Claim], engine: Engine
) -> None:
    claim = claimed()
    ended = {"state": State.SUCCEEDED, "lease_until": None}  # the owner stays, where every method clears it
    with engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id == claim.job.id).values(**ended))
    with pytest.raises(LostLease):
        store.jobs.record_epochs(claim, epoch_rows(1, 2), b"late")
    with pytest.raises(LostLease):
        store.jobs.fail(claim, ERROR)


def test_epochs_of_another_attempt_are_no_repetition(store: Store, claimed: Callable[..., Claim]) -> None:
    store.jobs.record_epochs(claimed(ttl_s=-1), epoch_rows(1, 2), None)
    store.jobs.reap(5)
    owner = store.jobs.claim("worker-2", 60)
    assert owner is not None
    with pytest.raises(LostLease):
        store.jobs.record_epochs(owner, epoch_rows(1, 2), None)


def test_another_end_is_no_repetition(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.succeed(claim, {}, {})
    store.jobs.succeed(claim, {}, {})
    with pytest.raises(LostLease):
        store.jobs.fail(claim, ERROR)
    assert store.jobs.get("default", claim.job.id).error is None


def test_a_client_changes_no_job_that_is_not_as_it_was_found(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    paused = {"state": State.PAUSED, "dispatch_at": None}
    for found in (replace(job, tenant="other"), replace(job, state=State.RUNNING)):
        with pytest.raises(Conflict, match=f"{job.id} is not {found.state} any more"), store._database.writing() as writer:
            _changed(writer, found, "paused", paused)
    assert store.jobs.get("default", job.id) == job


def test_no_job_is_taken_from_another_worker_than_the_one_that_was_found_with_it(
    store: Store, claimed: Callable[..., Claim], engine: Engine
) -> None:
    claim = claimed(ttl_s=-1)
    with engine.connect() as connection:
        found = connection.execute(select(jobs.c.id, *_LOST)).one()
    store.jobs.release(claim)
    again = store.jobs.claim("worker-2", 60)
    assert again is not None
    for end in (lambda: None, lambda: store.jobs.succeed(again, {}, {})):
        end()
        before = store.jobs.get("default", claim.job.id)
        with store._database.writing() as writer:
            assert not _take_back(writer, found, 5)
        assert store.jobs.get("default", claim.job.id) == before
    ended = {**found._mapping, "fence": again.fence}
    with store._database.writing() as writer:
        assert not _take_back(writer, SimpleNamespace(**ended), 5)  # type: ignore[arg-type]


def test_only_what_waits_is_announced(store: Store, submit: Callable[..., Job]) -> None:
    first, second = submit(), submit()
    assert store.jobs.claim("worker-1", 60) is not None
    with store._database.writing() as writer:
        assert _announce(writer, [first.id, second.id], 30) == 1


def test_no_row_of_a_job_that_is_somebodys_is_removed(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    with store._database.writing() as writer:
        _remove_row(writer, job.id)
    assert store.jobs.get("default", job.id) == job
