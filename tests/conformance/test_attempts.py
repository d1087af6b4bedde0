"""Claiming, keeping and recording, on every database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from itertools import pairwise

import pytest

from core.errors import LostLease
from core.jobs import State
from core.store import Claim, EpochRow, Job, Store
from core.store.blobs import CHUNK
from tests.conformance.rows import ERROR, checkpoint, epoch_rows


def test_the_oldest_job_is_claimed_first(store: Store, submit: Callable[..., Job]) -> None:
    jobs = [submit() for _ in range(3)]
    claims = [store.jobs.claim("worker-1", 60) for _ in range(4)]
    assert [claim.job.id for claim in claims if claim] == [job.id for job in jobs]
    assert claims[3] is None


def test_a_claim_starts_the_job(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    assert (claim.job.state, claim.fence, claim.job.attempt) == (State.RUNNING, 1, 1)
    assert claim.job.lease_until is not None
    assert claim.job.started_at is not None
    assert claim.job.lease_until - claim.job.started_at == pytest.approx(60, abs=0.1)
    assert store.jobs.get("default", job.id) == claim.job


def test_two_workers_never_get_one_job(store: Store, submit: Callable[..., Job]) -> None:
    jobs = {submit().id for _ in range(40)}

    def drain(owner: str) -> list[str]:
        mine = []
        while claim := store.jobs.claim(owner, 60):
            mine.append(claim.job.id)
        return mine

    with ThreadPoolExecutor(8) as pool:
        taken = [id for mine in pool.map(drain, map(str, range(8))) for id in mine]
    assert len(taken) == 40
    assert set(taken) == jobs


def test_a_heartbeat_extends_the_lease_even_one_that_ran_out(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed(ttl_s=-1)
    store.jobs.heartbeat(claim, 60)
    assert store.jobs.reap(5) == []
    lease_until = store.jobs.get("default", claim.job.id).lease_until
    assert lease_until is not None
    assert lease_until > claim.job.created_at + 59


def test_a_job_without_a_number_of_epochs_gets_one_once(store: Store, submit: Callable[..., Job]) -> None:
    job = submit(epochs=None)
    assert job.epochs_total is None
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    for _ in range(2):  # a write that is repeated since nobody knows whether it was done
        store.jobs.fix_epochs(claim, 5)
    fixed = store.jobs.get("default", job.id)
    assert (fixed.epochs_total, fixed.version) == (5, claim.job.version + 1)
    with pytest.raises(LostLease):
        store.jobs.fix_epochs(claim, 6)
    events = [event for event in store.events.page("default", job.id, 0, 9) if event.type == "epochs_fixed"]
    assert [event.data for event in events] == [{"epochs": 5}]
    store.jobs.release(claim)
    again = store.jobs.claim("worker-2", 60)
    assert again is not None
    assert again.job.epochs_total == 5


def test_epochs_are_recorded_once_and_in_order(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed(epochs=10)
    rows = epoch_rows(1, 10)
    store.jobs.record_epochs(claim, rows[:4], None)
    for wrong in (rows[5:6], rows[3:6], rows[:1]):
        with pytest.raises(LostLease):
            store.jobs.record_epochs(claim, wrong, None)
    with pytest.raises(ValueError, match="follow each other"):
        store.jobs.record_epochs(claim, [rows[4], rows[6]], None)
    store.jobs.record_epochs(claim, rows[4:], None)
    assert store.epochs.page("default", claim.job.id) == rows
    job = store.jobs.get("default", claim.job.id)
    assert (job.epoch, job.progress) == (10, asdict(rows[-1]))


def reached(row: EpochRow) -> dict[str, object]:
    return {"epoch": row.epoch, "loss": row.loss, "validation_loss": row.validation_loss, "metrics": row.metrics}


def test_the_best_epoch_is_told_whether_it_comes_now_or_was_recorded_before(
    store: Store, claimed: Callable[..., Claim]
) -> None:
    claim, rows = claimed(epochs=10), epoch_rows(1, 10)

    def best() -> object:
        return store.jobs.get("default", claim.job.id).best

    store.jobs.record_epochs(claim, rows[:2], None)
    assert best() is None
    store.jobs.record_epochs(claim, rows[2:6], None, best_epoch=4)
    assert best() == reached(rows[3])
    store.jobs.record_epochs(claim, rows[6:8], None, best_epoch=1)
    assert best() == reached(rows[0])
    store.jobs.record_epochs(claim, rows[8:], None)
    assert best() == reached(rows[0])


def test_the_best_epoch_of_a_job_that_ended_is_that_of_its_best_weights(store: Store, claimed: Callable[..., Claim]) -> None:
    for end in ("succeed", "fail", "stop"):
        claim, rows = claimed(epochs=10), epoch_rows(1, 10)
        store.jobs.record_epochs(claim, rows, None, best_epoch=8)
        if end == "stop":
            store.jobs.cancel("default", claim.job.id)
        told = {"succeed": [{"best_epoch": 3}], "fail": [ERROR], "stop": []}[end]
        getattr(store.jobs, end)(claim, *told, {"best": b"weights"}, {"best": 3, "last": 5})
        assert store.jobs.get("default", claim.job.id).best == reached(rows[2])


def test_a_write_repeated_by_its_own_attempt_is_done_once(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    for _ in range(2):
        store.jobs.record_epochs(claim, epoch_rows(1, 2), b"checkpoint")
    for _ in range(2):
        store.jobs.succeed(claim, {"best_epoch": 1}, {"best": b"weights"})
    assert len(store.epochs.page("default", claim.job.id)) == 2
    types = [event.type for event in store.events.page("default", claim.job.id)]
    assert types == ["submitted", "claimed", "succeeded"]


@pytest.mark.parametrize("size", [0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 8 * CHUNK, 8 * CHUNK + 1, 17 * CHUNK + 17])
def test_a_checkpoint_of_any_size_comes_back_as_it_was(size: int, store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    assert checkpoint(store, claim) is None
    data = bytes(range(256)) * (size // 256 + 1)
    store.jobs.record_epochs(claim, epoch_rows(1, 1), data[:size])
    assert checkpoint(store, claim) == data[:size]
    assert checkpoint(store, claim.job.id) == data[:size]


@pytest.mark.parametrize("size", [10, 17 * CHUNK])
def test_a_checkpoint_that_does_not_fit_is_dropped_and_told_once(
    size: int,
    store: Store,
    claimed: Callable[..., Claim],
    snapshot: Callable[[], dict[str, list[tuple[object, ...]]]],
) -> None:
    claim = claimed()
    before = len(snapshot()["blobs"])
    store.jobs.record_epochs(claim, epoch_rows(1, 2), bytes(size))
    for _ in range(2):
        store.jobs.begin_anew(claim, "it has no slots")
    assert checkpoint(store, claim) is None
    assert len(snapshot()["blobs"]) == before
    assert store.jobs.get("default", claim.job.id).epoch == 2
    told = [(event.type, event.data) for event in store.events.page("default", claim.job.id)]
    assert told[2:] == [("begun_anew", {"reason": "it has no slots"})]
    store.jobs.record_epochs(claim, epoch_rows(3, 3), b"next")
    store.jobs.release(claim)
    with pytest.raises(LostLease):
        store.jobs.begin_anew(claim, "it has no slots")
    assert checkpoint(store, claim) == b"next"


def test_only_the_newest_checkpoint_is_kept_and_success_needs_none(
    store: Store, claimed: Callable[..., Claim], snapshot: Callable[[], dict[str, list[tuple[object, ...]]]]
) -> None:
    claim = claimed()
    before = len(snapshot()["blobs"])
    store.jobs.record_epochs(claim, epoch_rows(1, 1), b"first")
    store.jobs.record_epochs(claim, [], b"in the middle of the second epoch")
    store.jobs.record_epochs(claim, epoch_rows(2, 2), b"second")
    assert checkpoint(store, claim) == b"second"
    assert len(snapshot()["blobs"]) == before + 1
    store.jobs.succeed(claim, {}, {})
    assert checkpoint(store, claim) is None
    assert len(snapshot()["blobs"]) == before


def test_a_released_job_goes_on_where_it_was(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.record_epochs(claim, epoch_rows(1, 2), b"after two")
    store.jobs.release(claim)
    queued = store.jobs.get("default", claim.job.id)
    assert (queued.state, queued.fence, queued.lease_until, queued.stuck) == (State.QUEUED, 2, None, 0)
    assert store.jobs.dispatch(10, 30) == 1
    again = store.jobs.claim("worker-2", 60)
    assert again is not None
    assert (again.job.id, again.fence, again.job.attempt, again.job.epoch) == (claim.job.id, 3, 2, 2)
    assert again.job.started_at == claim.job.started_at
    assert checkpoint(store, again) == b"after two"
    store.jobs.record_epochs(again, epoch_rows(3, 3), None)
    assert store.epochs.page("default", claim.job.id) == epoch_rows(1, 3)


def test_a_job_that_nobody_wants_any_more_is_not_given_back_but_stopped_with_its_weights(
    store: Store, claimed: Callable[..., Claim]
) -> None:
    claim = claimed()
    store.jobs.record_epochs(claim, epoch_rows(1, 1), b"checkpoint")
    store.jobs.cancel("default", claim.job.id)
    before = store.jobs.get("default", claim.job.id)
    assert store.jobs.release(claim).cancel_requested
    assert store.jobs.get("default", claim.job.id) == before
    store.jobs.stop(claim, {"last": b"learned"})
    assert store.jobs.get("default", claim.job.id).state == State.CANCELLED
    assert store.weights.get("default", claim.job.id, "last").epoch == 1
    assert store.events.page("default", claim.job.id)[-1].type == "cancelled"


def test_a_change_of_the_fingerprint_is_an_event(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.release(claim)
    first = store.jobs.claim("worker-1", 60, {"numpy": "1"})
    assert first is not None
    assert first.job.fingerprint is None
    assert store.jobs.get("default", claim.job.id).fingerprint == {"numpy": "1"}
    store.jobs.release(first)
    second = store.jobs.claim("worker-2", 60, {"numpy": "2"})
    assert second is not None
    assert store.jobs.get("default", claim.job.id).fingerprint == {"numpy": "2"}
    changes = [event.data for event in store.events.page("default", claim.job.id) if event.type == "fingerprint_changed"]
    assert changes == [{"before": {"numpy": "1"}, "after": {"numpy": "2"}}]
    store.jobs.release(second)
    assert store.jobs.claim("worker-3", 60, {"numpy": "2"}) is not None
    types = [event.type for event in store.events.page("default", claim.job.id)]
    assert types.count("fingerprint_changed") == 1


def test_weights_state_and_event_come_together(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.record_epochs(claim, epoch_rows(1, 3), None)
    big = bytes(range(256)) * (CHUNK // 100)
    store.jobs.succeed(claim, {"best_epoch": 2, "loss": 0.25}, {"best": big, "last": b"last"})
    job = store.jobs.get("default", claim.job.id)
    assert (job.state, job.result, job.lease_until) == (State.SUCCEEDED, {"best_epoch": 2, "loss": 0.25}, None)
    best, last = (store.weights.get("default", claim.job.id, which) for which in ("best", "last"))
    assert (best.epoch, best.size_bytes, last.epoch, last.size_bytes) == (2, len(big), 3, 4)
    assert b"".join(store.blobs.read(best.blob_id, 0, best.size_bytes)) == big
    assert b"".join(store.blobs.read(last.blob_id, 0, last.size_bytes)) == b"last"


def test_equal_weights_are_stored_once(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.succeed(claim, {}, {"best": b"same", "last": b"same"})
    best, last = (store.weights.get("default", claim.job.id, which) for which in ("best", "last"))
    assert best.blob_id == last.blob_id


def test_a_failed_job_says_whose_fault_it_was_and_keeps_its_last_good_weights(
    store: Store, claimed: Callable[..., Claim]
) -> None:
    claim = claimed()
    store.jobs.record_epochs(claim, epoch_rows(1, 2), None)
    error = {"fault": "user", "code": "diverged", "message": "the loss became NaN in epoch 3", "epoch": 3}
    store.jobs.fail(claim, error, {"last": b"good"}, {"last": 1})
    job = store.jobs.get("default", claim.job.id)
    assert (job.state, job.error, job.result) == (State.FAILED, error, None)
    assert store.weights.get("default", claim.job.id, "last").epoch == 1
    assert store.events.page("default", claim.job.id)[-1].data == error


def test_events_are_numbered_without_gaps(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.release(claim)
    again = store.jobs.claim("worker-2", -1)
    assert again is not None
    store.jobs.reap(5)
    last = store.jobs.claim("worker-3", 60)
    assert last is not None
    store.jobs.succeed(last, {}, {})
    events = store.events.page("default", claim.job.id)
    assert [event.type for event in events] == ["submitted", "claimed", "released", "claimed", "reaped", "claimed", "succeeded"]
    assert [event.seq for event in events] == list(range(1, 8))
    assert all(earlier.at <= later.at for earlier, later in pairwise(events))
    assert store.events.page("default", claim.job.id, after_seq=2, limit=3) == events[2:5]
