"""The order of all events of a tenant: whoever knows a number misses nothing that comes after it."""

import threading
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait

import pytest
from sqlalchemy import Engine, delete, update

from core.store import Claim, FeedEvent, Job, JobSummary, Store, feed
from core.store.tables import events
from tests.conformance.rows import ERROR, epoch_rows

WRITERS = 6
JOBS_EACH = 8


def told(found: list[FeedEvent]) -> list[tuple[int, str, str]]:
    return [(event.number, event.job_id, event.type) for event in found]


def test_events_of_all_jobs_stand_in_one_order(store: Store, submit: Callable[..., Job]) -> None:
    first, second = submit(), submit()
    claim = store.jobs.claim("worker", 60)
    assert claim is not None
    store.jobs.fail(claim, ERROR)
    assert store.feed.page("default") == []
    assert store.feed.lasts(["default", "nobody"]) == {"default": 4, "nobody": 0}
    assert told(store.feed.page("default")) == [
        (1, first.id, "submitted"),
        (2, second.id, "submitted"),
        (3, first.id, "claimed"),
        (4, first.id, "failed"),
    ]
    assert store.feed.page("default")[3].data == ERROR
    assert [event.number for event in store.feed.page("default", after=1, limit=2)] == [2, 3]


def test_a_tenant_sees_its_own_events_under_numbers_of_its_own(store: Store, submit: Callable[..., Job]) -> None:
    jobs = {tenant: submit(tenant=tenant) for tenant in ("a", "b")}
    store.feed.number_some()
    assert {tenant: told(store.feed.page(tenant)) for tenant in jobs} == {
        tenant: [(1, job.id, "submitted")] for tenant, job in jobs.items()
    }


def test_a_number_is_given_once_although_its_job_is_deleted(store: Store, submit: Callable[..., Job]) -> None:
    store.jobs.cancel("default", submit().id)
    deleted = submit()
    store.jobs.cancel("default", deleted.id)
    assert store.feed.lasts(["default"]) == {"default": 4}
    store.jobs.delete("default", deleted.id)
    assert [event.number for event in store.feed.page("default")] == [1, 2]
    kept = submit()
    assert store.feed.lasts(["default"]) == {"default": 5}
    assert told(store.feed.page("default", after=2)) == [(5, kept.id, "submitted")]


def test_a_job_that_is_deleted_but_not_cleared_is_out_of_the_feed(store: Store, submit: Callable[..., Job]) -> None:
    job = submit()
    store.jobs.cancel("default", job.id)
    store.feed.number("default")
    store.jobs.discard("default", job.id)
    assert store.feed.page("default") == []


def test_no_number_is_given_twice_although_a_job_is_deleted_while_its_events_are_numbered(
    store: Store, engine: Engine, submit: Callable[..., Job]
) -> None:
    deleted, kept = submit(), submit()
    with engine.execution_options(writes=True).begin() as writer:
        writer.execute(delete(events).where(events.c.job_id == deleted.id))
        numbering = threading.Thread(target=store.feed.number, args=("default",))
        numbering.start()
        numbering.join(0.3)
        assert numbering.is_alive()  # it waits for what the deletion holds
    numbering.join(30)
    last = store.feed.lasts(["default"])["default"]
    assert [event.job_id for event in store.feed.page("default")] == [kept.id]
    later = submit()
    assert store.feed.lasts(["default"]) == {"default": last + 1}
    assert [event.job_id for event in store.feed.page("default")] == [kept.id, later.id]


@pytest.mark.parametrize("at_once", [1, 3, 1000])
def test_the_order_of_a_job_holds_although_the_clock_went_back(
    store: Store, engine: Engine, submit: Callable[..., Job], at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feed, "AT_ONCE", at_once)
    jobs = [submit() for _ in range(3)]
    for job in jobs:
        store.jobs.pause("default", job.id)
        store.jobs.resume("default", job.id)
    with engine.execution_options(writes=True).begin() as writer:
        writer.execute(update(events).where(events.c.seq == 2).values(at=1.0))
    store.feed.number("default")
    seen = defaultdict(list)
    for number, event in enumerate(store.feed.page("default"), 1):
        assert event.number == number
        seen[event.job_id].append(event.seq)
    assert seen == {job.id: [1, 2, 3] for job in jobs}


def test_readers_beside_many_writers_see_each_event_once_and_every_job_in_order(
    store: Store, submit: Callable[..., Job]
) -> None:
    """Each reader looks as a stream does, from the last number that it has seen; so none may come to stand before that."""
    submit(epochs=1000)  # makes the dataset, which several threads at once would make several times
    is_over = threading.Event()

    def write(_: int) -> None:
        for turn in range(JOBS_EACH):
            job = submit(epochs=1000)
            store.jobs.pause("default", job.id)
            store.jobs.resume("default", job.id)
            claim = store.jobs.claim("worker", 60)
            if claim is not None:
                store.jobs.record_epochs(claim, epoch_rows(claim.job.epoch + 1, claim.job.epoch + 1), None)
                store.jobs.fail(claim, ERROR) if turn % 2 else store.jobs.release(claim)

    def read(_: int) -> list[FeedEvent]:
        seen: list[FeedEvent] = []
        while True:
            is_last = is_over.is_set()
            store.feed.lasts(["default"])
            while found := store.feed.page("default", seen[-1].number if seen else 0, 7):
                seen += found
            if is_last:
                return seen

    with ThreadPoolExecutor(WRITERS + 3) as pool:
        readers = [pool.submit(read, reader) for reader in range(3)]
        writers = [pool.submit(write, writer) for writer in range(WRITERS)]
        wait(writers)
        is_over.set()
        for writer in writers:
            writer.result()
        seen = [reader.result() for reader in readers]

    ids = [job.id for job in _all(store)]
    assert len(ids) == WRITERS * JOBS_EACH + 1
    happened = {(id, event.seq) for id in ids for event in store.events.page("default", id, limit=10_000)}
    for each in seen:
        assert [event.number for event in each] == list(range(1, len(happened) + 1))
        assert {(event.job_id, event.seq) for event in each} == happened
        assert each == seen[0]
        reached: dict[str, int] = defaultdict(int)
        for event in each:
            assert event.seq == reached[event.job_id] + 1
            reached[event.job_id] = event.seq


def _all(store: Store) -> list[JobSummary]:
    found, cursor = [], None
    while True:
        page = store.jobs.page("default", cursor=cursor, limit=100)
        found += page.items
        if (cursor := page.next_cursor) is None:
            return found


def test_an_event_tells_after_which_epoch_it_came(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed(epochs=9)
    store.jobs.record_epochs(claim, epoch_rows(1, 4), None)
    store.jobs.release(claim)
    again = store.jobs.claim("worker", 60)
    assert again is not None
    store.jobs.record_epochs(again, epoch_rows(5, 6), None)
    store.jobs.fail(again, ERROR)
    found = store.events.page("default", claim.job.id)
    assert [(event.type, event.epoch) for event in found] == [
        ("submitted", 0),
        ("claimed", 0),
        ("released", 4),
        ("claimed", 4),
        ("failed", 6),
    ]
