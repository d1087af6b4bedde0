"""Lists give what is small of each thing, and read no more of it."""

import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, fields
from typing import Any

import pytest
from sqlalchemy import event

from core.ids import _Clock, time_of
from core.jobs import State
from core.store import Claim, Idempotency, Job, JobSummary, NewJob, Store
from core.store.summaries import APART_S
from tests.conformance.rows import ERROR, epoch_rows

REACHED = {"loss": 5e-324, "validation_loss": None, "metrics": {"accuracy": 0.1}}
RESULT = {"epochs": 3, "stopped": "early", "best_epoch": 2, "best": REACHED, "last": {**REACHED, "loss": -0.0}}
CONFUSION = {"classes": ['a "b"', "ключ"], "counts": [[20, 1], [3, 26]]}
MOST_TOLD = 2000  # characters of a text of an error, and of all that a list tells of it


@pytest.fixture
def statements(store: Store) -> Iterator[list[str]]:
    """What the store asks its database from now on."""
    engine, asked = store._database.engine, list[str]()

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        asked.append(statement)

    event.listen(engine, "before_cursor_execute", note)
    yield asked
    event.remove(engine, "before_cursor_execute", note)


def test_a_list_reads_none_of_the_columns_that_may_be_large(
    store: Store, submit: Callable[..., Job], statements: list[str]
) -> None:
    submit()
    statements.clear()
    store.jobs.page("default")
    store.datasets.page("default")
    store.sent_weights.page("default")
    store.webhooks.page("default")
    asked = " ".join(statements)
    for column in ("spec", "plan", "fingerprint", "schema", "preview", "tensors", "secret"):
        assert f".{column}" not in asked
    assert "jobs.metadata" in asked


def test_a_list_tells_of_each_job_what_the_job_tells(
    store: Store, submit: Callable[..., Job], claimed: Callable[..., Claim]
) -> None:
    claim = claimed()
    store.jobs.record_epochs(claim, epoch_rows(1, 3), None)
    store.jobs.succeed(claim, RESULT, {"best": b"w", "last": b"w"})
    failed = claimed()
    store.jobs.fail(failed, ERROR)
    submit(metadata={"customer": "42"})
    for summary in store.jobs.page("default").items:
        job = asdict(store.jobs.get("default", summary.id))
        shared = [field.name for field in fields(JobSummary) if field.name != "has_weights"]
        assert {name: getattr(summary, name) for name in shared} == {name: job[name] for name in shared}


def test_a_list_leaves_the_confusion_matrix_out_and_keeps_every_number(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    store.jobs.succeed(claim, {**RESULT, "confusion_matrix": CONFUSION}, {"best": b"w", "last": b"w"})
    [listed] = store.jobs.page("default").items
    assert repr(listed.result) == repr(RESULT)  # -0.0 too, which equals 0
    found = store.jobs.get("default", claim.job.id).result
    assert found == {**RESULT, "confusion_matrix": CONFUSION}


def test_a_list_says_which_jobs_ended_with_weights(
    store: Store, submit: Callable[..., Job], claimed: Callable[..., Claim]
) -> None:
    expected = {}
    for kept in ({"last": b"w", "best": b"w"}, {}):
        claim = claimed()
        store.jobs.record_epochs(claim, epoch_rows(1, 1), None)
        store.jobs.fail(claim, ERROR, kept)
        expected[claim.job.id] = bool(kept)
    claim = claimed()
    store.jobs.succeed(claim, RESULT, {"best": b"w", "last": b"w"})
    expected[claim.job.id] = True
    expected[submit().id] = False
    assert {job.id: job.has_weights for job in store.jobs.page("default").items} == expected
    assert store.jobs.page("default", state=State.FAILED, limit=1).items[0].has_weights is False


def test_an_error_is_kept_as_far_as_a_list_can_bear(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    problems = [{"pointer": "/dataset" + "/x" * 5000, "message": "y" * 5000}] * 1000
    store.jobs.fail(claim, {**ERROR, "message": "ü" * 1_000_000, "epoch": 2, "problems": problems})
    [listed] = store.jobs.page("default").items
    [*_, event] = store.events.page("default", claim.job.id)
    assert listed.error is not None
    assert listed.error == store.jobs.get("default", claim.job.id).error == event.data
    assert (listed.error["code"], listed.error["epoch"]) == (ERROR["code"], 2)
    assert listed.error["message"] == "ü" * (MOST_TOLD - 1) + "…"
    assert len(listed.error["problems"]) == 20
    assert all(len(problem["message"]) == MOST_TOLD for problem in listed.error["problems"])
    other = claimed()
    store.jobs.record_epochs(other, [], b"checkpoint")
    store.jobs.begin_anew(other, "z" * 1_000_000)
    [*_, event] = store.events.page("default", other.job.id)
    assert len(event.data["reason"]) == MOST_TOLD


def ids(store: Store, limit: int = 100, **sought: Any) -> tuple[list[str], list[int]]:
    """Of all pages, and how many each has."""
    found, sizes, cursor = [], [], None
    while True:
        page = store.jobs.page("default", cursor=cursor, limit=limit, **sought)
        found += [job.id for job in page.items]
        sizes.append(len(page.items))
        if (cursor := page.next_cursor) is None:
            return found, sizes


def test_a_page_looks_at_so_many_jobs_and_no_more(
    store: Store, submit: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.summaries.LOOKED_AT", 5)
    made = [submit(metadata={"mark": "rare"} if number in (1, 2, 13) else {}).id for number in range(15)]
    submit(tenant="other", metadata={"mark": "rare"})
    rare = [made[13], made[2], made[1]]
    assert ids(store, metadata={"mark": "rare"}) == (rare, [1, 0, 2, 0])
    assert ids(store, limit=1, metadata={"mark": "rare"}) == (rare, [1, 0, 1, 1])
    assert ids(store, metadata={"mark": "none"}) == ([], [0, 0, 0, 0])
    assert ids(store, metadata={"mark": "none"}, state=State.FAILED) == ([], [0])
    first = store.jobs.page("default", metadata={"mark": "none"})
    assert first.next_cursor == made[10]
    assert ids(store, limit=4) == (made[::-1], [4, 4, 4, 3])  # what every job is needs no look


def test_times_are_exclusive_to_the_last_digit(store: Store, submit: Callable[..., Job]) -> None:
    jobs = [submit() for _ in range(6)]
    for at in (job.created_at + step for job in jobs for step in (-0.001, 0.0, 0.001)):
        after = [job.id for job in reversed(jobs) if job.created_at > at]
        before = [job.id for job in reversed(jobs) if job.created_at < at]
        assert ids(store, created_after=at)[0] == after
        assert ids(store, created_before=at)[0] == before
    assert ids(store, created_after=-1e11, created_before=2e11)[0] == [job.id for job in reversed(jobs)]


@pytest.mark.parametrize("ahead_s", [-7200, 7200, 45])
def test_times_are_those_of_the_database_whatever_this_machines_clock_says(
    ahead_s: int, store: Store, submit: Callable[..., Job], monkeypatch: pytest.MonkeyPatch
) -> None:
    submit()
    seconds = time.time_ns
    monkeypatch.setattr("core.ids._clock", _Clock())
    monkeypatch.setattr("core.ids.time.time_ns", lambda: seconds() + ahead_s * 10**9)
    job = submit()
    store.jobs.cancel("default", job.id)
    again = store.jobs.retry("default", job.id)
    key = Idempotency("key", "a" * 64)
    made = [store.jobs.submit("default", NewJob({}, job.dataset_id, 1), key) for _ in range(2)]
    assert made[0].id == made[1].id
    monkeypatch.undo()
    for each in (job, again, made[0]):
        assert abs(time_of(each.id) - each.created_at) <= APART_S
        assert each.id in ids(store, created_after=each.created_at - 0.01, created_before=each.created_at + 0.01)[0]
