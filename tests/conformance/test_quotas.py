"""What a tenant may have, on every database."""

from collections.abc import Callable
from pathlib import Path

import pytest

from core.errors import NotFound, QuotaExceeded, TooManyJobs
from core.jobs import State
from core.keys import new_key
from core.quotas import LARGEST_QUOTA, Quotas
from core.store import Job, NewJob, Store

GENERAL = Quotas(queued_jobs=5, rows=100)


def test_a_tenants_own_quotas_stand_over_the_general_ones(store: Store) -> None:
    assert store.quotas.of("nobody", GENERAL) == GENERAL
    store.keys.add(new_key(), "acme", "")
    assert store.quotas.of("acme", GENERAL) == GENERAL
    own = Quotas(queued_jobs=7, stored_bytes=LARGEST_QUOTA, job_s=1.5)
    store.quotas.set("acme", own)
    assert store.quotas.of("acme", Quotas()) == own
    assert store.quotas.of("acme", GENERAL) == Quotas(queued_jobs=7, stored_bytes=LARGEST_QUOTA, rows=100, job_s=1.5)
    store.quotas.set("acme", Quotas())
    assert store.quotas.of("acme", GENERAL) == GENERAL
    with pytest.raises(NotFound, match="there is no tenant nobody"):
        store.quotas.set("nobody", own)


@pytest.fixture
def queue(store: Store, submit: Callable[..., Job]) -> Callable[[], Job]:
    """Submits a job where two may wait."""
    dataset_id = store.jobs.cancel("default", submit().id).dataset_id
    return lambda: store.jobs.submit("default", NewJob({}, dataset_id, 3), None, 2)


def test_as_many_jobs_wait_as_may_and_those_of_others_do_not_count(
    store: Store, submit: Callable[..., Job], queue: Callable[[], Job]
) -> None:
    submit(tenant="other")
    for _ in range(2):
        store.quotas.check_queue("default", 2)
        job = queue()
    told = "queued_jobs: 2 of your jobs wait already, your quota is 2"
    with pytest.raises(TooManyJobs, match=told):
        store.quotas.check_queue("default", 2)
    with pytest.raises(TooManyJobs, match=told):
        queue()
    assert store.jobs.queue_length("default") == 2
    store.quotas.check_queue("default", None)
    store.jobs.cancel("default", job.id)
    store.quotas.check_queue("default", 2)
    assert store.jobs.retry("default", job.id, None, 2)
    with pytest.raises(TooManyJobs, match=told):
        store.jobs.retry("default", job.id, None, 2)


def test_paused_jobs_wait_too(store: Store, queue: Callable[[], Job]) -> None:
    held = [store.jobs.pause("default", queue().id) for _ in range(2)]
    with pytest.raises(TooManyJobs):
        store.quotas.check_queue("default", 2)
    with pytest.raises(TooManyJobs):
        queue()
    for job in held:
        assert store.jobs.resume("default", job.id, 2).state == State.QUEUED


def test_jobs_that_ran_and_were_paused_are_queued_again_as_far_as_there_is_room(store: Store, queue: Callable[[], Job]) -> None:
    held = []
    for _ in range(3):
        id = queue().id
        claim = store.jobs.claim("worker-1", 60)
        assert claim is not None
        held.append((claim, id))
    for claim, id in held:
        store.jobs.pause("default", id)
        store.jobs.release(claim)
    for _, id in held[:2]:
        store.jobs.resume("default", id, 2)
    with pytest.raises(TooManyJobs, match="2 of your jobs wait already"):
        store.jobs.resume("default", held[2][1], 2)
    assert store.jobs.get("default", held[2][1]).state == State.PAUSED
    assert store.jobs.claim("worker-1", 60) is not None
    store.jobs.resume("default", held[2][1], 2)


def test_datasets_and_weights_share_the_bytes_that_may_be_stored(store: Store, tmp_path: Path) -> None:
    table = tmp_path / "table"
    table.write_bytes(b"x" * 100)

    def add(sha256: str, most: int | None, tenant: str = "default") -> str:
        return store.datasets.add(tenant, sha256 * 64, "csv", {}, [], 1, None, "upload", table, None, most)[0].id

    add("f", 104, tenant="other")
    first = add("a", 250)
    store.sent_weights.add("default", "a" * 64, {}, b"y" * 100, 250)
    told = "stored_bytes: with these there would be {} bytes, your quota is 250"
    with pytest.raises(QuotaExceeded, match=told.format(308)):  # each table is described by {} and []
        add("b", 250)
    with pytest.raises(QuotaExceeded, match=told.format(304)):
        store.sent_weights.add("default", "b" * 64, {}, b"y" * 100, 250)
    assert [each.id for each in store.datasets.page("default").items] == [first]
    assert add("a", 1) == first  # what is there already is no more than before
    store.datasets.delete("default", first)
    add("b", 250)
    add("c", None)
