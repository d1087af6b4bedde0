"""What was kept for long enough goes, and nothing that somebody needs, on every database."""

import math
from collections.abc import Callable

import pytest
from sqlalchemy import Engine, Table, insert, select, text, update

from core.errors import NotFound
from core.ids import new_id
from core.jobs import State
from core.keys import new_key
from core.quotas import KeepTimes
from core.store import Claim, Dataset, Idempotency, Job, NewJob, Store, removal, retention
from core.store.ages import Ages
from core.store.retention import AT_ONCE
from core.store.tables import datasets, epochs, events, idempotency_keys, jobs, sent_weights
from tests.conformance.rows import ERROR, epoch_rows

DAY_S = 86_400.0


@pytest.fixture
def days_pass(engine: Engine) -> Callable[[float], None]:
    """All that the database knows of times lies further back."""

    def pass_(days: float) -> None:
        with engine.begin() as connection:
            for time in (jobs.c.finished_at, datasets.c.used_at, sent_weights.c.used_at, idempotency_keys.c.created_at):
                connection.execute(update(time.table).values({time.name: time - days * DAY_S}))

    return pass_


@pytest.fixture
def keep(store: Store) -> Callable[..., None]:
    """Gives a tenant, which is made, times of its own."""

    def keep(tenant: str, **times: float) -> None:
        store.keys.add(new_key(), tenant, "")
        store.keep_times.set(tenant, KeepTimes(**times))

    return keep


def _ended(store: Store, submit: Callable[..., Job], tenant: str = "default") -> Job:
    return store.jobs.cancel(tenant, submit(tenant=tenant).id)


def _copy(engine: Engine, table: Table, id: str, count: int) -> None:
    """As many more rows like that one, of which each column is read as it is stored."""
    with engine.begin() as connection:
        row = connection.execute(select(table).where(table.c.id == id)).one()._asdict()
        unique = {"sha256": new_id} if "sha256" in row else {}
        rows = [{**row, "id": new_id("job"), **{name: make("x") for name, make in unique.items()}} for _ in range(count)]
        connection.execute(insert(table), rows)


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


@pytest.mark.parametrize("end", ["cancelled", "failed", "reaped"])
def test_what_a_job_used_is_kept_since_its_end_though_the_job_is_deleted(
    store: Store, submit: Callable[..., Job], days_pass: Callable[[float], None], end: str
) -> None:
    sent, _ = store.sent_weights.add("default", "a" * 64, {}, b"weights")
    dataset_id = store.jobs.cancel("default", submit().id).dataset_id
    job = store.jobs.submit("default", NewJob({}, dataset_id, 3, start_id=sent.id))
    days_pass(2)
    if end == "cancelled":
        store.jobs.cancel("default", job.id)
    elif end == "failed":
        _failed(store, job)
    else:
        assert store.jobs.claim("worker-1", -1) is not None
        assert store.jobs.reap(1) == [job.id]
    store.jobs.delete("default", job.id)
    kept = store.retention
    assert (kept.datasets(DAY_S), kept.sent_weights(DAY_S)) == (0, 0)
    days_pass(2)
    assert (kept.datasets(DAY_S), kept.sent_weights(DAY_S)) == (1, 1)


def test_what_is_sent_again_is_kept_since_then(
    store: Store, add_dataset: Callable[..., Dataset], days_pass: Callable[[float], None]
) -> None:
    def send() -> tuple[str, str]:
        return add_dataset(b"data").id, store.sent_weights.add("default", "a" * 64, {}, b"weights")[0].id

    first = send()
    days_pass(2)
    assert send() == first
    kept = store.retention
    assert (kept.datasets(DAY_S), kept.sent_weights(DAY_S)) == (0, 0)
    for of, id in zip((store.datasets, store.sent_weights), first, strict=True):
        with pytest.raises(NotFound):  # as where it was sent after somebody looked for what is old
            of.delete("default", id, DAY_S)
    days_pass(2)
    assert (kept.datasets(DAY_S), kept.sent_weights(DAY_S)) == (1, 1)


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


def test_a_tenant_with_a_time_of_its_own_has_its_jobs_kept_for_that_and_others_as_the_settings_say(
    store: Store, submit: Callable[..., Job], keep: Callable[..., None], days_pass: Callable[[float], None]
) -> None:
    keep("short", jobs_s=DAY_S)
    keep("long", jobs_s=9 * DAY_S)
    keep("always", jobs_s=math.inf)
    keep("other")
    kept = {"always", "default", "long", "other", "short"}
    for tenant in kept:
        _ended(store, submit, tenant)

    def left() -> set[str]:
        return {tenant for tenant in kept if store.jobs.page(tenant).items}

    days_pass(2)
    assert store.retention.jobs(None) == 1
    assert left() == kept - {"short"}
    days_pass(2)
    assert store.retention.jobs(3 * DAY_S) == 2
    assert left() == {"always", "long"}
    days_pass(10)
    assert store.retention.jobs(3 * DAY_S) == 1
    assert left() == {"always"}
    store.keep_times.set("always", KeepTimes())
    assert store.retention.jobs(None) == 0
    assert store.retention.jobs(3 * DAY_S) == 1


def test_epochs_datasets_and_weights_are_kept_for_their_tenants_times(
    store: Store,
    submit: Callable[..., Job],
    add_dataset: Callable[..., Dataset],
    keep: Callable[..., None],
    days_pass: Callable[[float], None],
) -> None:
    keep("acme", epochs_s=DAY_S, datasets_s=3 * DAY_S)
    mine, theirs = submit(tenant="default"), submit(tenant="acme")
    for job in (theirs, mine):
        _failed(store, job)
    for tenant in ("default", "acme"):
        add_dataset(tenant=tenant)
        store.sent_weights.add(tenant, "a" * 64, {}, b"weights")
    days_pass(2)
    kept = store.retention
    assert kept.epochs(None) == AT_ONCE  # there may be more
    assert kept.epochs(None) == 1
    assert (len(store.epochs.page("default", mine.id)), store.epochs.page("acme", theirs.id)) == (2, [])
    assert kept.jobs(None) == kept.datasets(None) == kept.sent_weights(None) == 0
    used = store.jobs.submit("acme", NewJob({}, theirs.dataset_id, 3))
    store.jobs.cancel("acme", used.id)
    days_pass(2)
    assert (kept.datasets(None), kept.sent_weights(None)) == (1, 1)  # two days ago a job has used the other dataset
    assert [each.id for each in store.datasets.page("acme").items] == [theirs.dataset_id]
    days_pass(2)
    assert (kept.datasets(None), kept.sent_weights(None)) == (1, 0)
    assert len(store.datasets.page("default").items) == 2


def test_a_tenants_own_times_remove_nothing_that_is_needed(
    store: Store,
    submit: Callable[..., Job],
    keep: Callable[..., None],
    days_pass: Callable[[float], None],
) -> None:
    keep("acme", jobs_s=1.0, epochs_s=1.0, datasets_s=1.0)
    old = _ended(store, submit, "acme")
    sent, _ = store.sent_weights.add("acme", "a" * 64, {}, b"weights")
    starters = [store.jobs.submit("acme", NewJob({}, old.dataset_id, 3, start_id=start)) for start in (old.id, sent.id)]
    store.jobs.pause("acme", starters[1].id)
    days_pass(1000)
    kept = store.retention
    assert [remove(1.0) for remove in (kept.jobs, kept.datasets, kept.sent_weights)] == [0, 0, 0]
    for job in starters:
        store.jobs.cancel("acme", job.id)
    days_pass(1000)
    assert [remove(None) for remove in (kept.jobs, kept.datasets, kept.sent_weights)] == [3, 1, 1]


def test_what_is_old_goes_some_at_a_time(
    store: Store, engine: Engine, submit: Callable[..., Job], keep: Callable[..., None], days_pass: Callable[[float], None]
) -> None:
    keep("acme", jobs_s=DAY_S)
    for tenant in ("acme", "default"):
        _copy(engine, jobs, _ended(store, submit, tenant).id, 60)
    days_pass(2)
    assert store.retention.jobs(DAY_S) == AT_ONCE
    assert store.jobs.clear_deleted() == AT_ONCE
    assert store.retention.jobs(DAY_S) == 2 * 61 - AT_ONCE
    assert store.retention.jobs(DAY_S) == 0


def test_the_epochs_and_events_of_many_jobs_that_are_old_are_removed_some_at_a_time(
    store: Store,
    engine: Engine,
    submit: Callable[..., Job],
    days_pass: Callable[[float], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for _ in range(3):
        _failed(store, submit())
    days_pass(2)
    monkeypatch.setattr(removal, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(removal, "_ROWS_AT_A_SWEEP", 7)
    assert store.retention.jobs(DAY_S) == 3

    def left() -> tuple[int, int, int]:
        with engine.connect() as connection:
            tables = (jobs.c.id, epochs.c.epoch, events.c.seq)
            return tuple(len(connection.execute(select(column)).all()) for column in tables)  # type: ignore[return-value]

    assert left() == (3, 6, 9)  # whoever deletes a job waits for its rows, the sweeper takes some of all
    assert store.jobs.clear_deleted() == 3
    assert left() == (2, 2, 6)
    assert store.jobs.clear_deleted() == 2
    assert left() == (1, 0, 1)
    assert store.jobs.clear_deleted() == 1
    assert left() == (0, 0, 0)


@pytest.mark.parametrize(
    ("ages", "table", "index"),
    [
        (retention.JOBS, jobs, "jobs_ended"),
        (retention.EPOCHS, jobs, "jobs_ended_with_epochs"),
        (retention.DATASETS, datasets, "datasets_by_use"),
        (retention.SENT_WEIGHTS, sent_weights, "sent_weights_by_use"),
    ],
)
def test_to_find_what_is_old_no_table_is_read_from_end_to_end(
    ages: Ages, table: Table, index: str, store: Store, engine: Engine, submit: Callable[..., Job]
) -> None:
    job = _ended(store, submit)
    sent, _ = store.sent_weights.add("default", "a" * 64, {}, b"weights")
    for copied, id in ((jobs, job.id), (datasets, job.dataset_id), (sent_weights, sent.id)):
        _copy(engine, copied, id, 3000)
    explain = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN"
    with engine.connect() as connection:
        connection.execute(text("ANALYZE"))
        for statement in (ages.tenants, ages.rows):
            given = statement.params(tenant="default", keep_s=DAY_S, most=AT_ONCE)
            sql = given.compile(connection, compile_kwargs={"literal_binds": True})
            steps = [str(row[-1]) for row in connection.exec_driver_sql(f"{explain} {sql}")]
            assert not [step for step in steps if f"SCAN {table.name}" in step or f"Seq Scan on {table.name}" in step], steps
            assert [step for step in steps if index in step.replace(":", " ").split()], steps
