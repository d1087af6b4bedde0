"""Pausing, resuming, repeating and deleting jobs, on every database."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, select

from core.errors import Conflict, IdempotencyMismatch, LostLease, NotFound
from core.jobs import State
from core.store import Claim, Idempotency, Job, NewJob, Store, removal
from core.store.tables import jobs
from tests.conformance.rows import ERROR, checkpoint, epoch_rows
from tests.polling import until

Snapshot = Callable[[], dict[str, list[tuple[Any, ...]]]]


def _events(store: Store, job: Job) -> list[str]:
    return [event.type for event in store.events.page("default", job.id)]


def test_a_paused_job_is_claimed_by_nobody_until_it_is_resumed(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    assert store.jobs.pause("default", job.id).state == State.PAUSED
    assert store.jobs.pause("default", job.id).state == State.PAUSED
    assert store.jobs.dispatch(10, 30) == 0
    assert store.jobs.claim("worker-1", 60) is None
    assert store.jobs.resume("default", job.id).state == State.QUEUED
    assert store.jobs.resume("default", job.id).state == State.QUEUED
    assert store.jobs.dispatch(10, 30) == 1
    assert store.jobs.claim("worker-1", 60) is not None
    assert _events(store, job) == ["submitted", "paused", "resumed", "claimed"]


def test_a_running_job_is_paused_by_its_worker_with_its_checkpoint(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    id = claim.job.id
    asked = store.jobs.pause("default", id)
    assert (asked.state, asked.pause_requested) == (State.RUNNING, True)
    assert store.jobs.pause("default", id) == asked
    assert store.jobs.signals(claim).pause_requested
    assert store.jobs.heartbeat(claim, 60).pause_requested
    assert store.jobs.record_epochs(claim, epoch_rows(1, 1), b"in epoch 2").pause_requested
    assert not store.jobs.release(claim).cancel_requested
    paused = store.jobs.get("default", id)
    assert (paused.state, paused.pause_requested, paused.lease_until) == (State.PAUSED, False, None)
    with pytest.raises(LostLease):
        store.jobs.heartbeat(claim, 60)
    store.jobs.resume("default", id)
    again = store.jobs.claim("worker-2", 60)
    assert again is not None
    assert (again.job.id, again.job.epoch, checkpoint(store, again)) == (id, 1, b"in epoch 2")
    assert _events(store, paused) == ["submitted", "claimed", "pause_requested", "paused", "resumed", "claimed"]


def test_a_pause_that_is_taken_back_gives_the_job_to_the_next_worker(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.pause("default", claim.job.id)
    assert store.jobs.resume("default", claim.job.id).state == State.RUNNING
    assert not store.jobs.signals(claim).pause_requested
    store.jobs.release(claim)  # the worker had heard of the first and not of the second
    assert store.jobs.get("default", claim.job.id).state == State.QUEUED


def test_a_job_that_is_to_be_paused_is_cancelled_all_the_same(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.pause("default", claim.job.id)
    job = store.jobs.cancel("default", claim.job.id)
    assert (job.cancel_requested, job.pause_requested) == (True, False)
    for ask in (store.jobs.pause, store.jobs.resume):
        with pytest.raises(Conflict, match="about to be cancelled"):
            ask("default", job.id)
    store.jobs.stop(claim)
    for ask in (store.jobs.pause, store.jobs.resume):
        with pytest.raises(Conflict, match="is cancelled already"):
            ask("default", job.id)


def test_a_job_that_has_succeeded_can_neither_be_paused_nor_resumed_nor_repeated(
    store: Store, claimed: Callable[..., Claim]
) -> None:
    claim = claimed()
    store.jobs.pause("default", claim.job.id)
    store.jobs.succeed(claim, {}, {})  # it was at its end
    for ask in (store.jobs.pause, store.jobs.resume, store.jobs.retry):
        with pytest.raises(Conflict, match="succeeded"):
            ask("default", claim.job.id)


def test_a_job_whose_worker_died_before_it_paused_is_paused_when_its_lease_has_run_out(
    store: Store, claimed: Callable[..., Claim]
) -> None:
    claim = claimed(ttl_s=-1)
    store.jobs.pause("default", claim.job.id)
    assert store.jobs.reap(5) == [claim.job.id]
    assert store.jobs.get("default", claim.job.id).state == State.PAUSED


def test_a_paused_job_that_is_cancelled_keeps_no_checkpoint(
    store: Store, claimed: Callable[..., Claim], snapshot: Snapshot
) -> None:
    claim = claimed()
    store.jobs.record_epochs(claim, epoch_rows(1, 1), b"checkpoint")
    store.jobs.pause("default", claim.job.id)
    store.jobs.release(claim)
    assert store.jobs.cancel("default", claim.job.id).state == State.CANCELLED
    assert snapshot()["checkpoints"] == []


def test_what_a_paused_job_needs_cannot_be_deleted(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    store.jobs.pause("default", job.id)
    with pytest.raises(Conflict, match=job.id):
        store.datasets.delete("default", job.dataset_id)


def test_the_time_of_all_attempts_is_added_up(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    assert claim.job.used_s == 0
    store.jobs.release(claim)
    first = store.jobs.get("default", job.id).used_s
    assert 0 <= first < 60
    again = store.jobs.claim("worker-2", -1)
    assert again is not None
    assert again.job.used_s == first
    store.jobs.reap(5)
    assert store.jobs.get("default", job.id).used_s == first  # the lease had never begun


def test_the_time_of_the_attempt_that_runs_is_told_and_not_written(
    store: Store, submit: Callable[..., Job], engine: Engine
) -> None:
    job = submit()
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    assert claim.job.used_s == 0
    before = _stored(engine)
    told = until(lambda: store.jobs.get("default", job.id).used_s)
    [listed] = store.jobs.page("default").items
    asked = store.jobs.pause("default", job.id)
    store.jobs.resume("default", job.id)
    assert 0 < told <= listed.used_s <= asked.used_s < 60
    assert before == _stored(engine) == 0
    store.jobs.release(claim)
    assert asked.used_s <= store.jobs.get("default", job.id).used_s < 60


def test_the_time_after_the_end_of_a_lease_is_not_told(store: Store, claimed: Callable[..., Claim]) -> None:
    assert store.jobs.get("default", claimed(ttl_s=-1).job.id).used_s == 0


def _stored(engine: Engine) -> float | None:
    with engine.connect() as connection:
        return connection.scalar(select(jobs.c.used_s))


def _failed(store: Store, submit: Callable[..., Job]) -> Job:
    job = submit(metadata={"customer": "42"})
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    store.jobs.record_epochs(claim, epoch_rows(1, 1), b"checkpoint")
    store.jobs.fail(claim, ERROR, {"best": b"good", "last": b"last"})
    return store.jobs.get("default", job.id)


def test_a_failed_job_is_repeated_from_its_beginning(store: Store, submit: Callable[..., Job]) -> None:
    failed = _failed(store, submit)
    again = store.jobs.retry("default", failed.id)
    assert again.retry_of == failed.id
    assert (again.state, again.epoch, again.attempt) == (State.QUEUED, 0, 0)
    for name in ("spec", "dataset_id", "epochs_total", "seed", "metadata", "plan", "priority"):
        assert getattr(again, name) == getattr(failed, name), name
    assert checkpoint(store, again.id) is None
    assert store.events.page("default", again.id)[0].data == {"retry_of": failed.id}
    assert store.jobs.get("default", failed.id) == failed


def test_a_repeated_request_to_repeat_a_job_makes_one(store: Store, submit: Callable[..., Job]) -> None:
    failed, other = _failed(store, submit), _failed(store, submit)
    key = Idempotency("again", "a" * 64)
    first = store.jobs.retry("default", failed.id, key)
    assert store.jobs.retry("default", failed.id, key) == first
    with pytest.raises(IdempotencyMismatch):
        store.jobs.retry("default", other.id, Idempotency("again", "b" * 64))


def test_a_job_whose_dataset_is_gone_is_not_repeated(store: Store, submit: Callable[..., Job]) -> None:
    failed = _failed(store, submit)
    store.datasets.delete("default", failed.dataset_id)
    with pytest.raises(Conflict, match=failed.dataset_id):
        store.jobs.retry("default", failed.id)
    assert len(store.jobs.page("default").items) == 1


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_only_what_has_ended_is_repeated_or_deleted(state: str, store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    if state == "running":
        store.jobs.claim("worker-1", 60)
    elif state == "paused":
        store.jobs.pause("default", job.id)
    for ask in (store.jobs.retry, store.jobs.delete):
        with pytest.raises(Conflict, match=state):
            ask("default", job.id)


def test_of_a_deleted_job_not_a_row_and_not_a_byte_is_left(
    store: Store, submit: Callable[..., Job], snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = submit()
    store.jobs.cancel("default", kept.id)
    before = snapshot()
    monkeypatch.setattr(removal, "ROWS_AT_ONCE", 2)
    job = store.jobs.submit("default", NewJob({}, kept.dataset_id, 5), Idempotency("key", "a" * 64))
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    store.jobs.record_epochs(claim, epoch_rows(1, 5), None)
    small = b"weights"
    store.jobs.succeed(claim, {}, {"best": small, "last": small, "optimizer": b"x" * (9 * 2**20)})
    store.jobs.delete("default", job.id)
    assert store.blobs.sweep() == 1
    assert {**snapshot(), "tenants": before["tenants"]} == before  # a tenant's row tells when it was served
    with pytest.raises(NotFound):
        store.jobs.get("default", job.id)
    with pytest.raises(NotFound):
        store.jobs.delete("default", job.id)


def test_a_deleted_job_is_out_of_reach_before_its_last_row_is_gone(
    store: Store, submit: Callable[..., Job], snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    failed = _failed(store, submit)
    monkeypatch.setattr(removal, "_ROWS_AWAITED", 0)
    version = store.jobs.versions([failed.id])[failed.id]
    store.jobs.delete("default", failed.id)
    assert len(snapshot()["jobs"]) == 1
    assert store.jobs.versions([failed.id])[failed.id] > version
    assert store.jobs.page("default").items == ()
    for look in (store.jobs.get, store.jobs.retry, store.jobs.delete, store.epochs.page, store.events.page):
        with pytest.raises(NotFound):
            look("default", failed.id)
    with pytest.raises(NotFound):
        store.weights.get("default", failed.id, "best")
    assert store.jobs.clear_deleted() == 1
    assert store.jobs.clear_deleted() == 0
    assert {name for name in ("jobs", "epochs", "events", "weights", "checkpoints") if snapshot()[name]} == set()
    assert len(snapshot()["blobs"]) == 1  # the dataset's


@pytest.mark.parametrize("state", ["queued", "running", "paused"])
def test_a_job_from_whose_weights_another_starts_is_not_deleted(state: str, store: Store, submit: Callable[..., Job]) -> None:
    failed = _failed(store, submit)
    other = store.jobs.submit("default", NewJob({}, failed.dataset_id, 3, start_id=failed.id))
    if state == "running":
        assert store.jobs.claim("worker-2", 60) is not None
    elif state == "paused":
        store.jobs.pause("default", other.id)
    with pytest.raises(Conflict, match=other.id):
        store.jobs.delete("default", failed.id)
    store.jobs.cancel("default", other.id)
    if state == "running":
        store.jobs.reap(5) or store.jobs.stop(_held(store, other))
    store.jobs.delete("default", failed.id)
    with pytest.raises(Conflict, match=failed.id):
        store.jobs.retry("default", other.id)


def _held(store: Store, job: Job) -> Claim:
    now = store.jobs.get("default", job.id)
    return Claim(now, now.fence, "worker-2")


def test_another_tenants_job_is_not_there(store: Store, submit: Callable[..., Job]) -> None:
    job = submit(tenant="other")
    for ask in (store.jobs.pause, store.jobs.resume, store.jobs.retry, store.jobs.delete):
        with pytest.raises(NotFound):
            ask("default", job.id)
