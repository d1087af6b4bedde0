"""Announcing what waits and taking back what was lost, on every database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import LostLease
from core.jobs import State
from core.store import Claim, Job, Store, steering
from tests.conformance.rows import epoch_rows


def test_a_submitted_job_is_announced_once_until_it_is_due_again(store: Store, submit: Callable[..., Job]) -> None:
    assert store.jobs.dispatch(10, 30) == 0
    submit()
    assert store.jobs.dispatch(10, 30) == 1
    assert store.jobs.dispatch(10, 30) == 0


def test_an_announcement_that_led_to_nothing_is_repeated(store: Store, submit: Callable[..., Job]) -> None:
    submit()
    assert [store.jobs.dispatch(10, -1) for _ in range(3)] == [1, 1, 1]
    assert store.jobs.claim("worker-1", 60) is not None
    assert store.jobs.dispatch(10, -1) == 0


def test_open_announcements_are_limited(store: Store, submit: Callable[..., Job]) -> None:
    for _ in range(5):
        submit()
    assert store.jobs.dispatch(2, 30) == 2
    assert store.jobs.dispatch(2, 30) == 0
    assert store.jobs.dispatch(4, 30) == 2
    store.jobs.claim("worker-1", 60)
    assert store.jobs.dispatch(4, 30) == 1


def test_several_dispatchers_at_once_announce_no_job_twice(store: Store, submit: Callable[..., Job]) -> None:
    for _ in range(30):
        submit()
    with ThreadPoolExecutor(6) as pool:
        announced = list(pool.map(lambda _: store.jobs.dispatch(100, 30), range(12)))
    assert sum(announced) + store.jobs.dispatch(100, 30) == 30


def test_a_job_whose_lease_holds_is_left_alone(store: Store, claimed: Callable[..., Claim]) -> None:
    claimed(ttl_s=60)
    assert store.jobs.reap(1) == []


def test_a_job_whose_worker_fell_silent_is_queued_again_and_due_at_once(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed(ttl_s=-1)
    assert store.jobs.reap(5) == [claim.job.id]
    assert store.jobs.reap(5) == []
    job = store.jobs.get("default", claim.job.id)
    assert (job.state, job.stuck, job.lease_until) == (State.QUEUED, 1, None)
    assert job.fence > claim.fence
    assert store.jobs.dispatch(10, 30) == 1
    event = store.events.page("default", claim.job.id)[-1]
    assert (event.type, event.data) == ("reaped", {"attempt": 1, "stuck": 1})


def test_a_job_that_kills_its_workers_fails_in_the_end(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    for death in range(1, 4):
        assert store.jobs.claim("worker-1", -1) is not None
        assert store.jobs.reap(3) == [job.id]
        assert store.jobs.get("default", job.id).stuck == death
    failed = store.jobs.get("default", job.id)
    assert failed.state == State.FAILED
    assert failed.error is not None
    assert (failed.error["fault"], failed.error["code"]) == ("system", "worker_lost")
    assert "3 workers" in failed.error["message"]
    assert store.events.page("default", job.id)[-1].data == failed.error
    assert store.jobs.claim("worker-1", 60) is None


@pytest.mark.parametrize("with_rows", [True, False])
def test_deaths_count_only_without_progress_between_them(with_rows: bool, store: Store, submit: Callable[..., Job]) -> None:
    job = submit(epochs=10)
    for attempt in range(1, 8):
        claim = store.jobs.claim("worker-1", -1)
        assert claim is not None
        store.jobs.record_epochs(claim, epoch_rows(attempt, attempt) if with_rows else [], b"progress")
        assert store.jobs.reap(2) == [job.id]
    assert store.jobs.get("default", job.id).state == State.QUEUED


def test_a_cancelled_job_whose_worker_died_is_cancelled(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed(ttl_s=-1)
    store.jobs.cancel("default", claim.job.id)
    assert store.jobs.reap(1) == [claim.job.id]
    assert store.jobs.get("default", claim.job.id).state == State.CANCELLED
    with pytest.raises(LostLease):
        store.jobs.stop(claim)


def test_a_cancelled_job_whose_worker_does_not_hear_of_it_is_cancelled_long_before_its_lease_would_end(
    store: Store, claimed: Callable[..., Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = claimed(ttl_s=600)
    monkeypatch.setattr(steering, "UNHEARD_S", -1.0)
    store.jobs.cancel("default", claim.job.id)
    assert store.jobs.reap(5) == [claim.job.id]
    assert store.jobs.get("default", claim.job.id).state == State.CANCELLED


def test_a_worker_that_hears_of_a_cancellation_has_the_time_to_save_what_it_has(
    store: Store, claimed: Callable[..., Claim], monkeypatch: pytest.MonkeyPatch
) -> None:
    claim = claimed(ttl_s=600)
    monkeypatch.setattr(steering, "UNHEARD_S", -1.0)
    store.jobs.cancel("default", claim.job.id)
    assert store.jobs.heartbeat(claim, 600).cancel_requested
    store.jobs.cancel("default", claim.job.id)  # asked again, it cuts nothing
    assert store.jobs.reap(5) == []
    store.jobs.stop(claim, {"last": b"weights"})


def test_several_sweepers_at_once_take_each_job_back_once(store: Store, submit: Callable[..., Job]) -> None:
    jobs = {submit().id for _ in range(20)}
    while store.jobs.claim("worker-1", -1):
        pass
    with ThreadPoolExecutor(6) as pool:
        reaped = [id for ids in pool.map(lambda _: store.jobs.reap(5), range(12)) for id in ids]
    reaped += store.jobs.reap(5)
    assert len(reaped) == 20
    assert set(reaped) == jobs
    assert all(store.jobs.get("default", id).stuck == 1 for id in jobs)
