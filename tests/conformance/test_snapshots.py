"""The weights of some epochs, kept as a job learns: with the epoch itself, once, and gone with the job."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.errors import LostLease, NotFound, QuotaExceeded
from core.store import Claim, Dataset, Idempotency, Job, NewJob, Snapshot, Store, removal
from core.store.blobs import CHUNK, SMALL_BYTES
from core.store.sizes import EPOCH_BYTES as EPOCH
from tests.conformance.rows import counted, epoch_rows

Rows = Callable[[], dict[str, list[tuple[Any, ...]]]]


def read(store: Store, of: Snapshot) -> bytes:
    return b"".join(store.blobs.read(of.blob_id, 0, of.size_bytes))


def kept(store: Store, claim: Claim) -> dict[int, bytes]:
    return {each.epoch: read(store, each) for each in store.snapshots.all("default", claim.job.id)}


@pytest.mark.parametrize("size", [0, 10, CHUNK, SMALL_BYTES + 1])
def test_a_snapshot_comes_with_its_epochs_and_reads_back_as_it_was(
    size: int, store: Store, claimed: Callable[..., Claim]
) -> None:
    claim, weights = claimed(9), b"w" * size
    store.jobs.keep_start(claim, b"start")
    store.jobs.record_snapshot(claim, epoch_rows(1, 3), weights)
    store.jobs.record_epochs(claim, epoch_rows(4, 5), None)
    assert kept(store, claim) == {0: b"start", 3: weights}
    assert store.jobs.get("default", claim.job.id).epoch == 5
    found = store.snapshots.get("default", claim.job.id, 3)
    assert (found.epoch, found.size_bytes, read(store, found)) == (3, size, weights)


def test_a_snapshot_is_asked_for_by_its_epoch_and_by_its_tenant(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.record_snapshot(claim, epoch_rows(1, 1), b"one")
    with pytest.raises(NotFound, match="has no snapshot of epoch 2"):
        store.snapshots.get("default", claim.job.id, 2)
    for ask in (store.snapshots.all, lambda tenant, id: store.snapshots.get(tenant, id, 1)):
        with pytest.raises(NotFound, match="there is no job"):
            ask("another", claim.job.id)


def test_a_snapshot_whose_write_is_repeated_is_there_once(store: Store, claimed: Callable[..., Claim], snapshot: Rows) -> None:
    claim = claimed()
    store.jobs.keep_start(claim, b"start")
    store.jobs.record_snapshot(claim, epoch_rows(1, 2), b"two")
    before = snapshot()
    store.jobs.keep_start(claim, b"start")
    store.jobs.record_snapshot(claim, epoch_rows(1, 2), b"two")
    assert snapshot() == before


def test_another_attempt_keeps_what_the_first_has_kept(store: Store, claimed: Callable[..., Claim]) -> None:
    first = claimed()
    store.jobs.keep_start(first, b"start")
    store.jobs.record_snapshot(first, epoch_rows(1, 1), b"one")
    store.jobs.release(first)
    second = store.jobs.claim("worker-2", 60)
    assert second is not None
    store.jobs.keep_start(second, b"another start")
    with pytest.raises(LostLease):
        store.jobs.record_snapshot(second, epoch_rows(1, 1), b"another one")
    store.jobs.record_snapshot(second, epoch_rows(2, 2), b"two")
    assert kept(store, second) == {0: b"start", 1: b"one", 2: b"two"}


@pytest.mark.parametrize("size", [10, 2 * SMALL_BYTES])
def test_a_deleted_job_takes_its_snapshots_along(
    size: int, store: Store, claimed: Callable[..., Claim], snapshot: Rows
) -> None:
    claim = claimed()
    store.jobs.keep_start(claim, b"s" * size)
    store.jobs.record_snapshot(claim, epoch_rows(1, 3), b"w" * size)
    store.jobs.succeed(claim, {"best_epoch": 1}, {"best": b"b"})
    store.jobs.delete("default", claim.job.id)
    store.blobs.sweep(-1)
    rows = snapshot()
    assert [rows[name] for name in ("jobs", "snapshots", "weights", "uploads")] == [[], [], [], []]
    assert {blob_id for blob_id, *_ in rows["blobs"]} == {row[9] for row in rows["datasets"]}


def test_the_snapshots_of_a_deleted_job_go_some_at_a_time(
    store: Store, claimed: Callable[..., Claim], snapshot: Rows, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three that are nearly as large as what one transaction removes take three of them."""
    claim = claimed()
    for epoch in (1, 2, 3):
        store.jobs.record_snapshot(claim, epoch_rows(epoch, epoch), b"w" * (SMALL_BYTES - 1))
    store.jobs.succeed(claim, {"best_epoch": 1}, {})
    store.jobs.discard("default", claim.job.id)
    monkeypatch.setattr(removal, "_ROWS_AT_A_SWEEP", 1)
    left = []
    while snapshot()["jobs"]:
        store.jobs.clear_deleted()
        left.append(len(snapshot()["snapshots"]))
    assert [count for place, count in enumerate(left) if count != left[place - 1]] == [3, 2, 1, 0]


def test_snapshots_go_with_the_epochs_of_their_job_and_its_weights_stay(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.record_snapshot(claim, epoch_rows(1, 3), b"w")
    store.jobs.succeed(claim, {"best_epoch": 1}, {"best": b"b"})
    while store.retention.epochs(-1.0) == 100:
        pass
    assert store.snapshots.all("default", claim.job.id) == []
    assert store.weights.get("default", claim.job.id, "best").size_bytes == 1


def test_snapshots_count_among_the_bytes_that_may_be_stored(
    store: Store, add_dataset: Callable[..., Dataset], tmp_path: Path
) -> None:
    """Of a job that has not ended, all that it will have; of one that has, those that it has."""
    dataset = add_dataset()

    def submit(snapshot_bytes: int, most: int) -> Job:
        """Another job, where so many bytes may come to those before the first of them."""
        new = NewJob({}, dataset.id, 3, snapshot_bytes=snapshot_bytes)
        return store.jobs.submit("default", new, None, None, size + most)

    size = counted(store)
    submit(0, 1000)
    asked = counted(store) - size  # of every job
    size += asked
    job = submit(300, asked + 300)
    told = f"stored_bytes: with these there would be {size + 2 * asked + 600:,} bytes, your quota is {size + 2 * asked + 599:,}"
    with pytest.raises(QuotaExceeded, match=told):
        submit(300, 2 * asked + 599)
    with pytest.raises(QuotaExceeded, match="stored_bytes"):
        store.sent_weights.add("default", "a" * 64, {}, b"y" * 100, size + asked + 399)
    first, second = store.jobs.claim("worker-1", 60), store.jobs.claim("worker-1", 60)
    assert first is not None
    assert second is not None
    assert second.job.id == job.id
    store.jobs.record_snapshot(second, epoch_rows(1, 1), b"w" * 100)
    with pytest.raises(QuotaExceeded):
        submit(200, 2 * asked + 499)
    store.jobs.succeed(second, {"best_epoch": 1}, {})
    kept = counted(store) - size
    assert 100 + asked + EPOCH < kept < 200 + asked + EPOCH  # the snapshot, an epoch, and the result
    with pytest.raises(QuotaExceeded):
        submit(200, kept + asked + 199)
    assert submit(200, kept + asked + 200).id
    store.jobs.delete("default", job.id)
    submit(100, 2 * asked + 300)


def test_a_retry_that_has_no_room_for_its_snapshots_is_refused(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    dataset = add_dataset()
    job = store.jobs.submit("default", NewJob({}, dataset.id, 3, snapshot_bytes=300))
    store.jobs.cancel("default", job.id)
    key = Idempotency("again", "a" * 64)
    ended, asked = counted(store), len("{}" * 3)  # spec, plan and metadata
    with pytest.raises(QuotaExceeded):
        store.jobs.retry("default", job.id, key, None, ended + asked + 299)
    assert store.jobs.retry("default", job.id, key, None, ended + asked + 300).retry_of == job.id
