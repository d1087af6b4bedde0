"""Submitting, looking and cancelling, on every database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from core.errors import Conflict, IdempotencyMismatch, NotFound
from core.ids import is_id, new_id
from core.jobs import State
from core.store import Claim, Dataset, Idempotency, Job, NewJob, Store
from tests.conformance.rows import ERROR, epoch_rows


def test_a_submitted_job_reads_back_as_it_was_given(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    spec = {
        "network": {"layers": [{"units": 2, "negative_slope": 1e-8}]},
        "note": "Größe ∂ 網路",
        "z": [1, 0.1, None, True],
        "a": {},
    }
    dataset = add_dataset()
    new = NewJob(spec, dataset.id, 5, seed=2**53 - 1, metadata={"customer": "42", "ключ": "ü"}, plan={"flops": 10**15})
    job = store.jobs.submit("default", new)
    assert is_id("job", job.id)
    assert (job.state, job.fence, job.attempt, job.stuck, job.epoch, job.version) == (State.QUEUED, 0, 0, 0, 0, 1)
    assert (job.spec, job.seed, job.metadata, job.plan) == (spec, 2**53 - 1, {"customer": "42", "ключ": "ü"}, {"flops": 10**15})
    assert list(job.spec) == list(spec)
    assert (job.progress, job.result, job.error, job.fingerprint) == (None, None, None, None)
    assert (job.started_at, job.finished_at, job.lease_until, job.cancel_requested) == (None, None, None, False)
    assert job.dataset_id == dataset.id
    assert job.created_at >= dataset.created_at
    assert store.jobs.get("default", job.id) == job
    assert [event.type for event in store.events.page("default", job.id)] == ["submitted"]


def test_a_job_needs_a_dataset_of_its_own_tenant(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    for dataset_id in (new_id("ds"), add_dataset(tenant="other").id):
        with pytest.raises(NotFound, match=dataset_id):
            store.jobs.submit("default", NewJob({}, dataset_id, 1))
    assert store.jobs.page("default").items == ()


def test_the_same_key_and_request_give_the_first_job(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    new = NewJob({}, add_dataset().id, 1)
    assert store.idempotency.job("default", Idempotency("k", "a" * 64)) is None
    first = store.jobs.submit("default", new, Idempotency("k", "a" * 64))
    assert store.jobs.submit("default", new, Idempotency("k", "a" * 64)) == first
    assert store.idempotency.job("default", Idempotency("k", "a" * 64)) == first
    assert len(store.events.page("default", first.id)) == 1
    assert store.jobs.submit("default", new, Idempotency("other", "a" * 64)).id != first.id
    assert store.jobs.submit("default", new).id != first.id


def test_the_same_key_with_another_request_is_refused(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    new = NewJob({}, add_dataset().id, 1)
    store.jobs.submit("default", new, Idempotency("k", "a" * 64))
    with pytest.raises(IdempotencyMismatch, match="k"):
        store.jobs.submit("default", new, Idempotency("k", "b" * 64))
    with pytest.raises(IdempotencyMismatch):
        store.idempotency.job("default", Idempotency("k", "b" * 64))
    assert len(store.jobs.page("default").items) == 1


def test_two_tenants_may_use_the_same_key(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    one = store.jobs.submit("one", NewJob({}, add_dataset(tenant="one").id, 1), Idempotency("k", "a" * 64))
    assert store.idempotency.job("two", Idempotency("k", "b" * 64)) is None
    two = store.jobs.submit("two", NewJob({}, add_dataset(tenant="two").id, 1), Idempotency("k", "b" * 64))
    assert one.id != two.id


def test_a_refused_submission_leaves_its_key_unused(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    with pytest.raises(NotFound):
        store.jobs.submit("default", NewJob({}, new_id("ds"), 1), Idempotency("k", "a" * 64))
    assert store.jobs.submit("default", NewJob({}, add_dataset().id, 1), Idempotency("k", "b" * 64)).state == State.QUEUED


def test_many_submissions_at_once_with_one_key_make_one_job(store: Store, add_dataset: Callable[..., Dataset]) -> None:
    new = NewJob({}, add_dataset().id, 1)
    with ThreadPoolExecutor(8) as pool:
        jobs = list(pool.map(lambda _: store.jobs.submit("default", new, Idempotency("k", "a" * 64)), range(32)))
    assert len({job.id for job in jobs}) == 1
    assert len(store.jobs.page("default").items) == 1
    assert len(store.events.page("default", jobs[0].id)) == 1


def test_another_tenants_job_is_not_found(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    asked = (
        lambda: store.jobs.get("other", job.id),
        lambda: store.jobs.cancel("other", job.id),
        lambda: store.epochs.page("other", job.id),
        lambda: store.epochs.thinned("other", job.id, 5),
        lambda: store.events.page("other", job.id),
        lambda: store.weights.get("other", job.id, "best"),
        lambda: store.datasets.get("other", job.dataset_id),
        lambda: store.datasets.preview("other", job.dataset_id),
        lambda: store.datasets.delete("other", job.dataset_id),
    )
    for ask in asked:
        with pytest.raises(NotFound):
            ask()
    assert store.jobs.page("other").items == ()
    assert store.datasets.page("other").items == ()
    assert store.jobs.get("default", job.id) == job


def test_the_weights_of_another_tenants_job_are_not_there(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.succeed(claim, {}, {"best": b"weights"})
    assert store.weights.get("default", claim.job.id, "best").size_bytes == 7
    with pytest.raises(NotFound, match=f"there is no job {claim.job.id}"):
        store.weights.get("other", claim.job.id, "best")


def test_pages_go_from_the_newest_to_the_oldest_and_miss_none(store: Store, submit: Callable[..., Job]) -> None:
    jobs = [submit() for _ in range(7)]
    seen: list[str] = []
    cursor = None
    for size in (3, 3, 1):
        page = store.jobs.page("default", cursor=cursor, limit=3)
        assert len(page.items) == size
        seen += [job.id for job in page.items]
        cursor = page.next_cursor
        submit()  # what comes in between shifts nothing
    assert cursor is None
    assert seen == [job.id for job in jobs[::-1]]


def test_a_full_last_page_has_no_next_one(store: Store, submit: Callable[..., Job]) -> None:
    for _ in range(3):
        submit()
    assert store.jobs.page("default", limit=3).next_cursor is None


def test_pages_are_filtered_by_state_and_time(store: Store, submit: Callable[..., Job]) -> None:
    first, second, third = (submit() for _ in range(3))
    store.jobs.cancel("default", second.id)
    found = store.jobs.page("default", state=State.QUEUED).items
    assert [job.id for job in found] == [third.id, first.id]
    assert [job.id for job in store.jobs.page("default", state=State.CANCELLED).items] == [second.id]
    assert store.jobs.page("default", created_after=third.created_at).items == ()
    assert store.jobs.page("default", created_before=first.created_at).items == ()
    around = store.jobs.page("default", created_after=first.created_at - 1, created_before=third.created_at + 1)
    assert len(around.items) == 3


@pytest.mark.parametrize("key", ["customer", 'a"b', "$.x", "$", "a.b", "a[0]", "", "ключ", "x'; --", "\\", "{a,b}"])
def test_pages_are_filtered_by_metadata_whatever_its_key(key: str, store: Store, submit: Callable[..., Job]) -> None:
    job = submit(metadata={key: "42", "team": "blue"})
    submit(metadata={key: "43", "team": "blue"})
    submit()
    assert [found.id for found in store.jobs.page("default", metadata={key: "42"}).items] == [job.id]
    assert [found.id for found in store.jobs.page("default", metadata={key: "42", "team": "blue"}).items] == [job.id]
    assert store.jobs.page("default", metadata={key: "42", "team": "red"}).items == ()
    assert len(store.jobs.page("default", metadata={"team": "blue"}).items) == 2


def test_cancelling_a_queued_job_ends_it_at_once(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    cancelled = store.jobs.cancel("default", job.id)
    assert cancelled.state == State.CANCELLED
    assert cancelled.version == job.version + 1
    assert cancelled.finished_at is not None
    assert store.jobs.cancel("default", job.id) == cancelled
    assert store.jobs.claim("worker-1", 60) is None
    assert [event.type for event in store.events.page("default", job.id)] == ["submitted", "cancelled"]


def test_cancelling_a_running_job_asks_its_worker(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    assert not store.jobs.signals(claim).cancel_requested
    asked = store.jobs.cancel("default", claim.job.id)
    assert (asked.state, asked.cancel_requested) == (State.RUNNING, True)
    assert store.jobs.cancel("default", claim.job.id) == asked
    assert store.jobs.signals(claim).cancel_requested
    assert store.jobs.heartbeat(claim, 60).cancel_requested
    assert store.jobs.record_epochs(claim, epoch_rows(1, 1), None).cancel_requested
    store.jobs.stop(claim)
    types = [event.type for event in store.events.page("default", claim.job.id)]
    assert types == ["submitted", "claimed", "cancel_requested", "cancelled"]


def test_a_job_that_has_ended_cannot_be_cancelled(store: Store, claimed: Callable[..., Claim]) -> None:
    succeeded, failed = claimed(), claimed()
    store.jobs.succeed(succeeded, {}, {})
    store.jobs.fail(failed, ERROR)
    for claim, state in ((succeeded, "succeeded"), (failed, "failed")):
        with pytest.raises(Conflict, match=f"has {state} already"):
            store.jobs.cancel("default", claim.job.id)
    with pytest.raises(NotFound):
        store.jobs.cancel("default", new_id("job"))


def test_the_version_grows_with_every_change_that_a_client_can_see(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    seen = [job.version]
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None

    def look() -> int:
        seen.append(store.jobs.get("default", job.id).version)
        return seen[-1] - seen[-2]

    assert look() == 1
    store.jobs.record_epochs(claim, epoch_rows(1, 2), None)
    assert look() == 1
    store.jobs.heartbeat(claim, 60)
    assert look() == 0
    store.jobs.cancel("default", job.id)
    assert look() == 1
    store.jobs.stop(claim)
    assert look() == 1
    missing = new_id("job")
    assert store.jobs.versions([job.id, missing]) == {job.id: seen[-1]}
    assert store.jobs.versions([]) == {}


def test_the_queue_is_as_long_as_jobs_wait_for_a_worker(store: Store, submit: Callable[..., Job]) -> None:
    waiting = [submit() for _ in range(3)]
    assert store.jobs.queue_length("default") == 3
    assert store.jobs.claim("worker-1", 60) is not None
    assert store.jobs.queue_length("default") == 2
    store.jobs.cancel("default", waiting[2].id)
    assert store.jobs.queue_length("default") == 1
