"""What was kept for long enough goes, and nothing that somebody needs, on every database."""

from collections.abc import Callable

import pytest
from sqlalchemy import Engine, update

from core.errors import NotFound
from core.jobs import State
from core.store import Claim, Dataset, Idempotency, Job, NewJob, Store
from core.store.retention import AT_ONCE
from core.store.tables import datasets, idempotency_keys, jobs, sent_weights
from tests.conformance.rows import ERROR, epoch_rows

DAY_S = 86_400.0


@pytest.fixture
def days_pass(engine: Engine) -> Callable[[float], None]:
    """All that the database knows of times lies further back."""

    def pass_(days: float) -> None:
        with engine.begin() as connection:
            for time in (jobs.c.finished_at, datasets.c.created_at, sent_weights.c.created_at, idempotency_keys.c.created_at):
                connection.execute(update(time.table).values({time.name: time - days * DAY_S}))

    return pass_


def _failed(store: Store, job: Job) -> None:
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    assert claim.job.id == job.id
    store.jobs.record_epochs(claim, epoch_rows(1, 2), None)
    store.jobs.fail(claim, ERROR, {"last": b"weights"})


def test_jobs_go_when_they_ended_long_enough_ago(
    store: Store, submit: Callable[..., Job], days_pass: Callable[[float], None]
) -> None:
    old, young, waiting = submit(), submit(), submit()
    _failed(store, old)
    days_pass(2)
    _failed(store, young)
    assert store.retention.jobs(DAY_S) == 1
    assert store.retention.jobs(DAY_S) == 0
    assert {job.id for job in store.jobs.page("default").items} == {young.id, waiting.id}


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_job_stays_while_another_is_to_start_from_its_weights(
    store: Store, submit: Callable[..., Job], days_pass: Callable[[float], None], is_paused: bool
) -> None:
    old = submit()
    _failed(store, old)
    other = store.jobs.submit("default", NewJob({}, old.dataset_id, 3, start_id=old.id))
    if is_paused:
        store.jobs.pause("default", other.id)
    days_pass(2)
    assert store.retention.jobs(DAY_S) == 0
    store.jobs.cancel("default", other.id)
    assert store.retention.jobs(DAY_S) == 1


def test_epochs_go_and_their_job_stays(store: Store, submit: Callable[..., Job], days_pass: Callable[[float], None]) -> None:
    old, young = submit(), submit()
    _failed(store, old)
    days_pass(2)
    _failed(store, young)
    before = store.jobs.get("default", old.id)
    assert store.retention.epochs(DAY_S) == AT_ONCE  # there may be more
    assert store.retention.epochs(DAY_S) == 1
    assert store.retention.epochs(DAY_S) == 0
    assert store.epochs.page("default", old.id) == []
    assert len(store.epochs.page("default", young.id)) == 2
    assert store.jobs.get("default", old.id) == before
    assert store.weights.get("default", old.id, "last").size_bytes == 7


@pytest.mark.parametrize("state", ["queued", "running", "paused", "failed"])
def test_a_dataset_goes_when_no_job_has_used_it_for_long_enough(
    store: Store,
    submit: Callable[..., Job],
    add_dataset: Callable[..., Dataset],
    days_pass: Callable[[float], None],
    state: str,
) -> None:
    job, unused = submit(), add_dataset()
    other = store.jobs.submit("default", NewJob({}, job.dataset_id, 3, validation_dataset_id=add_dataset().id))
    store.jobs.pause("default", other.id)
    days_pass(2)
    if state == "running":
        store.jobs.claim("worker-1", 60)
    elif state == "paused":
        store.jobs.pause("default", job.id)
    elif state == "failed":
        _failed(store, job)
        store.jobs.cancel("default", other.id)
    assert store.retention.datasets(DAY_S) == 1
    with pytest.raises(NotFound):
        store.datasets.get("default", unused.id)
    assert store.datasets.get("default", job.dataset_id)
    if state == "failed":
        days_pass(2)
        assert store.retention.datasets(DAY_S) == 2


def test_sent_weights_go_when_no_job_needs_them(
    store: Store, submit: Callable[..., Job], days_pass: Callable[[float], None]
) -> None:
    sent, _ = store.sent_weights.add("default", "a" * 64, {}, b"weights")
    job = store.jobs.submit("default", NewJob({}, submit().dataset_id, 3, start_id=sent.id))
    days_pass(2)
    assert store.retention.sent_weights(DAY_S) == 0
    store.jobs.cancel("default", job.id)
    assert store.retention.sent_weights(DAY_S) == 0
    days_pass(2)
    assert store.retention.sent_weights(DAY_S) == 1


def test_an_idempotency_key_that_is_old_enough_is_a_new_one(
    store: Store, submit: Callable[..., Job], days_pass: Callable[[float], None]
) -> None:
    new, key = NewJob({}, submit().dataset_id, 3), Idempotency("key", "a" * 64)
    first = store.jobs.submit("default", new, key)
    assert store.retention.keys(DAY_S) == 0
    assert store.jobs.submit("default", new, key).id == first.id
    days_pass(2)
    assert store.retention.keys(DAY_S) == 1
    assert store.jobs.submit("default", new, key).id != first.id
    assert store.jobs.get("default", first.id).state == State.QUEUED


def test_what_runs_is_never_touched(store: Store, claimed: Callable[..., Claim], days_pass: Callable[[float], None]) -> None:
    claim = claimed()
    store.jobs.record_epochs(claim, epoch_rows(1, 2), b"checkpoint")
    days_pass(1000)
    kept = store.retention
    assert [remove(1.0) for remove in (kept.jobs, kept.epochs, kept.datasets, kept.sent_weights)] == [0, 0, 0, 0]
    store.jobs.succeed(claim, {}, {})
