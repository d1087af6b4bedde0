"""Zombies: workers that were stopped, lost their job to another, and wake up again in the middle of writing.

A zombie is refused by every write, whatever became of its job, and leaves not a byte behind.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from sqlalchemy import ColumnElement, and_

from core.errors import LostLease
from core.store import Claim, Store, guard
from core.store.tables import RUNNING, jobs
from tests.conformance.rows import ERROR, epoch_rows

Snapshot = Callable[[], dict[str, list[tuple[object, ...]]]]

WRITES: dict[str, Callable[[Store, Claim], Any]] = {
    "heartbeat": lambda store, claim: store.jobs.heartbeat(claim, 60),
    "fix_epochs": lambda store, claim: store.jobs.fix_epochs(claim, 9),
    "record_epochs": lambda store, claim: store.jobs.record_epochs(claim, epoch_rows(3, 4), b"zombie"),
    "record_checkpoint": lambda store, claim: store.jobs.record_epochs(claim, [], b"zombie"),
    "record_snapshot": lambda store, claim: store.jobs.record_snapshot(claim, epoch_rows(3, 4), b"zombie"),
    "keep_start": lambda store, claim: store.jobs.keep_start(claim, b"zombie"),
    "record_nothing": lambda store, claim: store.jobs.record_epochs(claim, [], None),
    "succeed": lambda store, claim: store.jobs.succeed(claim, {"by": "zombie"}, {"best": b"zombie", "last": b"zombie"}),
    "fail": lambda store, claim: store.jobs.fail(claim, ERROR, {"last": b"zombie"}),
    "stop": lambda store, claim: store.jobs.stop(claim, {"last": b"zombie"}),
    "release": lambda store, claim: store.jobs.release(claim),
}


def _next(store: Store, owner: str) -> Claim:
    claim = store.jobs.claim(owner, 60)
    assert claim is not None
    return claim


def _reaped(store: Store, _zombie: Claim) -> None:
    """Nobody has it yet."""


def _claimed_by_another(store: Store, _zombie: Claim) -> None:
    _next(store, "worker-2")


def _claimed_by_the_same_worker(store: Store, zombie: Claim) -> None:
    _next(store, zombie.owner)


def _claimed_and_about_to_be_cancelled(store: Store, zombie: Claim) -> None:
    _next(store, zombie.owner)
    store.jobs.cancel("default", zombie.job.id)


def _released_by_another(store: Store, _zombie: Claim) -> None:
    store.jobs.release(_next(store, "worker-2"))


def _succeeded(store: Store, zombie: Claim) -> None:
    store.jobs.succeed(_next(store, zombie.owner), {"by": "the new owner"}, {"last": b"good"})


def _failed(store: Store, zombie: Claim) -> None:
    store.jobs.fail(_next(store, zombie.owner), ERROR)


def _cancelled(store: Store, zombie: Claim) -> None:
    store.jobs.cancel("default", zombie.job.id)


FATES = (
    _reaped,
    _claimed_by_another,
    _claimed_by_the_same_worker,
    _claimed_and_about_to_be_cancelled,
    _released_by_another,
    _succeeded,
    _failed,
    _cancelled,
)


@pytest.fixture
def zombie(store: Store, claimed: Callable[..., Claim]) -> Claim:
    """A worker that recorded two epochs, fell silent and had its job taken back."""
    claim = claimed(epochs=None, ttl_s=-1)
    store.jobs.record_epochs(claim, epoch_rows(1, 2), b"after two")
    assert store.jobs.reap(5) == [claim.job.id]
    return claim


@pytest.mark.parametrize("fate", FATES, ids=lambda fate: fate.__name__.strip("_"))
def test_a_zombie_is_refused_by_every_write(
    fate: Callable[[Store, Claim], None], store: Store, zombie: Claim, snapshot: Snapshot
) -> None:
    fate(store, zombie)
    before = snapshot()
    for name, write in WRITES.items():
        with pytest.raises(LostLease):
            write(store, zombie)
        assert snapshot() == before, name
    with pytest.raises(LostLease):
        store.jobs.signals(zombie)


@pytest.mark.parametrize("write", WRITES)
def test_the_new_owner_can_do_all_that_the_zombie_cannot(write: str, store: Store, zombie: Claim) -> None:
    owner = _next(store, "worker-2")
    if write == "stop":
        store.jobs.cancel("default", zombie.job.id)
    WRITES[write](store, owner)


def test_nobody_writes_by_the_fence_of_another(store: Store, claimed: Callable[..., Claim], snapshot: Snapshot) -> None:
    owner = claimed(epochs=10)
    store.jobs.record_epochs(owner, epoch_rows(1, 2), None)
    before = snapshot()
    for stranger in (replace(owner, owner="worker-2"), replace(owner, fence=owner.fence + 1)):
        for name, write in WRITES.items():
            with pytest.raises(LostLease):
                write(store, stranger)
            assert snapshot() == before, name


@pytest.mark.parametrize("write", WRITES)
def test_without_the_fence_the_zombie_would_get_through(
    write: str, store: Store, zombie: Claim, snapshot: Snapshot, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the test above has teeth: in the hands of the same worker nothing but the fence tells the attempts apart."""

    def unfenced(claim: Claim) -> ColumnElement[bool]:
        return and_(jobs.c.id == claim.job.id, jobs.c.state == RUNNING, jobs.c.lease_owner == claim.owner)

    _claimed_by_the_same_worker(store, zombie)
    if write == "stop":
        store.jobs.cancel("default", zombie.job.id)
    before = snapshot()
    monkeypatch.setattr(guard, "held", unfenced)
    WRITES[write](store, zombie)
    assert write == "record_nothing" or snapshot() != before


def test_a_lease_that_ran_out_refuses_nothing_until_the_job_is_taken_back(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed(ttl_s=-1)
    store.jobs.record_epochs(claim, epoch_rows(1, 3), b"late")
    store.jobs.succeed(claim, {}, {"last": b"late"})
    assert store.jobs.reap(1) == []
