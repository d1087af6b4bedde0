"""Lists give what is small of each thing, and read no more of it."""

from collections.abc import Callable, Iterator
from dataclasses import asdict, fields

import pytest
from sqlalchemy import event

from core.jobs import State
from core.store import Claim, Job, JobSummary, Store
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
