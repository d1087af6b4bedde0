"""What happens at the same moment, on PostgreSQL, where transactions run beside each other."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from sqlalchemy import Engine, delete, event, func, make_url, select, text, update

from core.errors import Conflict, NotFound, QuotaExceeded, TooManyJobs
from core.jobs import State
from core.store import Claim, Idempotency, Job, NewJob, Store, connect
from core.store import webhooks as store_webhooks
from core.store.clock import now
from core.store.tables import deliveries, idempotency_keys
from core.webhooks import EVENTS, TEST, new_secret
from tests.polling import until

BOUND_S = 60.0
_WAITING = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"

Act = Callable[[Store], Any]
Before = Callable[[Act], AbstractContextManager[None]]
Blocked = Callable[[Act], "Future[Any]"]


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """Writers of SQLite wait for each other."""
    return postgres_url


@pytest.fixture
def before_the_commit(database_url: str) -> Before:
    """Inside, somebody else has done all of it but the commit; that comes at the end."""
    patient = make_url(database_url).update_query_dict({"options": f"-c idle_in_transaction_session_timeout={BOUND_S:g}s"})

    @contextmanager
    def before_the_commit(act: Act) -> Iterator[None]:
        engine = connect(patient.render_as_string(hide_password=False))
        is_there, may_go_on = Event(), Event()

        @event.listens_for(engine, "commit")
        def stop(_: Any) -> None:
            is_there.set()
            may_go_on.wait(BOUND_S)

        with ThreadPoolExecutor(1) as pool:
            done = pool.submit(act, Store(engine))
            try:
                assert is_there.wait(BOUND_S)
                yield
            finally:
                may_go_on.set()
            done.result()
        engine.dispose()

    return before_the_commit


@pytest.fixture
def blocked(store: Store, engine: Engine) -> Iterator[Blocked]:
    """Does something in a thread, which comes to wait for a lock that another session holds."""
    with ThreadPoolExecutor(1) as pool:

        def is_waiting() -> bool:
            with engine.connect() as connection:
                return bool(connection.scalar(text(_WAITING)))

        def block(act: Act) -> "Future[Any]":
            future = pool.submit(act, store)
            until(lambda: future.done() or is_waiting(), BOUND_S)
            assert not future.done(), "it did not wait"
            return future

        yield block


def claimed(store: Store) -> Claim:
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    return claim


@pytest.mark.parametrize("needed", ["dataset", "weights", "job"])
def test_what_a_job_needs_stays_though_it_changes_its_state_while_somebody_looks(
    needed: str, store: Store, submit: Callable[..., Job], engine: Engine
) -> None:
    first = submit()
    start = {"weights": store.sent_weights.add("default", "a" * 64, {}, b"weights")[0].id, "job": first.id}.get(needed)
    store.jobs.cancel("default", first.id)
    job = store.jobs.submit("default", NewJob({}, first.dataset_id, 3, start_id=start))
    claims = [claimed(store)]

    @event.listens_for(engine, "before_cursor_execute")
    def leave_the_state_that_is_looked_for(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM jobs" not in statement or "FOR UPDATE" in statement:
            return
        if claims and "'running'" in statement:
            store.jobs.release(claims.pop())
        elif not claims and "'queued'" in statement:
            claims.append(claimed(store))

    other = Store(engine)
    delete = {"dataset": other.datasets.delete, "weights": other.sent_weights.delete, "job": other.jobs.delete}[needed]
    with pytest.raises(Conflict, match=job.id):
        delete("default", {"dataset": first.dataset_id}.get(needed, str(start)))


@pytest.mark.parametrize("most_running", [None, 1])
def test_a_claim_that_is_not_committed_keeps_no_worker_from_another_tenants_job(
    store: Store, submit: Callable[..., Job], before_the_commit: Before, most_running: int | None
) -> None:
    for tenant in ("a", "b"):
        submit(tenant=tenant)
    with before_the_commit(lambda other: other.jobs.claim("worker-1", 60, None, most_running)):
        claim = store.jobs.claim("worker-2", 60, None, most_running)
        assert claim is not None
        assert claim.job.tenant == "b"
    assert store.jobs.claim("worker-3", 60, None, most_running) is None


@pytest.mark.parametrize("most_running", [1, 2])
def test_what_a_limited_tenant_runs_is_counted_with_the_claim_that_is_about_to_be_committed(
    store: Store, submit: Callable[..., Job], before_the_commit: Before, blocked: Blocked, most_running: int
) -> None:
    for _ in range(3):
        submit()
    with before_the_commit(lambda other: other.jobs.claim("worker-1", 60, None, most_running)):
        second = blocked(lambda store: store.jobs.claim("worker-2", 60, None, most_running))
    assert (second.result() is not None) == (most_running == 2)
    assert store.jobs.claim("worker-3", 60, None, most_running) is None


def test_jobs_that_are_sent_at_once_do_not_pass_the_quota(
    store: Store, submit: Callable[..., Job], before_the_commit: Before, blocked: Blocked
) -> None:
    new = NewJob({}, submit().dataset_id, 3)
    with before_the_commit(lambda other: other.jobs.submit("default", new, None, 2)):
        second = blocked(lambda store: store.jobs.submit("default", new, None, 2))
    with pytest.raises(TooManyJobs):
        second.result()
    assert store.jobs.queue_length("default") == 2


def test_jobs_that_are_resumed_at_once_do_not_pass_the_quota(
    store: Store, submit: Callable[..., Job], before_the_commit: Before, blocked: Blocked
) -> None:
    first, last = (store.jobs.pause("default", submit().id).id for _ in range(2))
    with before_the_commit(lambda other: other.jobs.resume("default", first, 1)):
        second = blocked(lambda store: store.jobs.resume("default", last, 1))
    with pytest.raises(TooManyJobs):
        second.result()
    assert store.jobs.queue_length("default") == 1


def test_bytes_that_are_sent_at_once_do_not_pass_the_quota(
    store: Store, before_the_commit: Before, blocked: Blocked, tmp_path: Path
) -> None:
    table = tmp_path / "table"
    table.write_bytes(b"x" * 100)

    def add(store: Store) -> None:
        store.datasets.add("default", "a" * 64, "csv", {}, [], 1, None, "upload", table, None, 150)

    with before_the_commit(add):
        second = blocked(lambda store: store.sent_weights.add("default", "b" * 64, {}, b"y" * 100, 150))
    with pytest.raises(QuotaExceeded, match="there would be 204 bytes, your quota is 150"):  # {} and [] describe the table
        second.result()


def test_a_key_that_came_anew_while_old_ones_are_removed_stays(
    store: Store, submit: Callable[..., Job], engine: Engine
) -> None:
    new, key = NewJob({}, submit().dataset_id, 3), Idempotency("key", "a" * 64)
    first = store.jobs.submit("default", new, key)

    def came(seconds_ago: float) -> None:
        with store._database.writing() as writer:
            writer.execute(update(idempotency_keys).values(created_at=now() - seconds_ago))

    @event.listens_for(engine, "before_cursor_execute")
    def come_anew(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if statement.startswith("DELETE"):
            came(0)

    came(2000)
    assert Store(engine).retention.keys(1000) == 1
    assert store.jobs.submit("default", new, key) == first


@pytest.mark.parametrize(("ask", "asked"), [("cancel", (True, False)), ("pause", (False, True))])
def test_what_is_asked_of_a_job_that_is_being_claimed_is_asked_of_its_worker(
    store: Store,
    submit: Callable[..., Job],
    before_the_commit: Before,
    blocked: Blocked,
    ask: str,
    asked: tuple[bool, bool],
) -> None:
    job = submit()
    with before_the_commit(lambda other: other.jobs.claim("worker-1", 60)):
        answer = blocked(lambda store: getattr(store.jobs, ask)("default", job.id))
    told = answer.result()
    assert (told.state, told.cancel_requested, told.pause_requested) == (State.RUNNING, *asked)


@pytest.mark.parametrize("ask", ["cancel", "pause", "resume"])
def test_a_job_that_is_about_to_succeed_stays_so(
    store: Store, submit: Callable[..., Job], before_the_commit: Before, blocked: Blocked, ask: str
) -> None:
    job = submit()
    claim = claimed(store)
    with before_the_commit(lambda other: other.jobs.succeed(claim, {}, {})):
        answer = blocked(lambda store: getattr(store.jobs, ask)("default", job.id))
    with pytest.raises(Conflict, match="has succeeded already"):
        answer.result()
    assert store.jobs.get("default", job.id).state == State.SUCCEEDED


@pytest.mark.parametrize("needed", ["dataset", "weights", "job"])
def test_what_a_job_that_is_being_sent_needs_is_not_deleted(
    store: Store, submit: Callable[..., Job], before_the_commit: Before, blocked: Blocked, needed: str
) -> None:
    first = submit()
    start = {"weights": store.sent_weights.add("default", "a" * 64, {}, b"weights")[0].id, "job": first.id}.get(needed)
    store.jobs.cancel("default", first.id)
    new = NewJob({}, first.dataset_id, 3, start_id=start)
    kind = {"dataset": "datasets", "weights": "sent_weights", "job": "jobs"}[needed]
    with before_the_commit(lambda other: other.jobs.submit("default", new)):
        deletion = blocked(lambda store: getattr(store, kind).delete("default", start or first.dataset_id))
    with pytest.raises(Conflict, match=r"needs|starts from"):
        deletion.result()


@pytest.mark.parametrize("needed", ["dataset", "weights", "job"])
def test_no_job_is_sent_that_needs_what_is_being_deleted(
    store: Store, submit: Callable[..., Job], before_the_commit: Before, blocked: Blocked, needed: str
) -> None:
    first = submit()
    start = {"weights": store.sent_weights.add("default", "a" * 64, {}, b"weights")[0].id, "job": first.id}.get(needed)
    store.jobs.cancel("default", first.id)
    new = NewJob({}, first.dataset_id, 3, start_id=start)
    kind = {"dataset": "datasets", "weights": "sent_weights", "job": "jobs"}[needed]
    method = "discard" if needed == "job" else "delete"
    with before_the_commit(lambda other: getattr(getattr(other, kind), method)("default", start or first.dataset_id)):
        submission = blocked(lambda store: store.jobs.submit("default", new))
    with pytest.raises(NotFound):
        submission.result()


def test_a_job_that_is_about_to_succeed_is_not_taken_back(
    store: Store, submit: Callable[..., Job], before_the_commit: Before
) -> None:
    submit()
    claim = store.jobs.claim("worker-1", -1)
    assert claim is not None
    with before_the_commit(lambda other: other.jobs.succeed(claim, {}, {})):
        assert store.jobs.reap(5) == []
    assert [event.type for event in store.events.page("default", claim.job.id)] == ["submitted", "claimed", "succeeded"]


def test_a_job_that_is_being_claimed_is_not_announced(
    store: Store, submit: Callable[..., Job], before_the_commit: Before
) -> None:
    submit()
    with before_the_commit(lambda other: other.jobs.claim("worker-1", 60)):
        assert store.jobs.dispatch(10, 30) == 0


def test_the_first_snapshot_that_its_attempt_keeps_again_before_it_heard_of_the_commit_is_kept_once(
    store: Store, submit: Callable[..., Job], before_the_commit: Before, blocked: Blocked
) -> None:
    submit()
    claim = claimed(store)
    with before_the_commit(lambda other: other.jobs.keep_start(claim, b"start")):
        again = blocked(lambda store: store.jobs.keep_start(claim, b"start"))
    again.result()
    assert [each.epoch for each in store.snapshots.all("default", claim.job.id)] == [0]


def test_messages_that_are_about_to_be_made_are_not_made_twice(
    store: Store, submit: Callable[..., Job], before_the_commit: Before, blocked: Blocked
) -> None:
    webhook = store.webhooks.add("default", "https://example.com/", EVENTS, new_secret())
    submit()
    store.feed.number_some()
    with before_the_commit(lambda other: other.outbox.fill()):
        again = blocked(lambda store: store.outbox.fill())
    assert again.result() == 0
    assert len(store.webhooks.deliveries("default", webhook.id).items) == 1


def test_the_turn_of_a_webhook_that_is_being_taken_is_not_taken(store: Store, before_the_commit: Before) -> None:
    webhook = store.webhooks.add("default", "https://example.com/", EVENTS, new_secret())
    store.webhooks.test("default", webhook.id, TEST, "{}")
    with before_the_commit(lambda other: other.outbox.take(60)):
        assert store.outbox.take(60) is None


def _remove_first(store: Store, count: int) -> None:
    with store._database.writing() as writer:
        first = select(deliveries.c.id).order_by(deliveries.c.id).limit(count)
        writer.execute(delete(deliveries).where(deliveries.c.id.in_(first)))


@pytest.mark.parametrize(
    ("remove", "left"),
    [(lambda other: other.webhooks.clear_deleted(), 3), (lambda other: _remove_first(other, 3), 6)],
    ids=["a sweeper", "another"],
)
def test_who_finds_the_deliveries_of_a_deleted_webhook_gone_removes_no_more_than_it_may(
    store: Store,
    engine: Engine,
    before_the_commit: Before,
    blocked: Blocked,
    monkeypatch: pytest.MonkeyPatch,
    remove: Act,
    left: int,
) -> None:
    for name, most in {"ROWS_AT_ONCE": 3, "ROWS_AWAITED": 0, "ROWS_AT_A_SWEEP": 3}.items():
        monkeypatch.setattr(store_webhooks, name, most)
    webhook = store.webhooks.add("default", "https://example.com/", EVENTS, new_secret())
    for _ in range(9):
        store.webhooks.test("default", webhook.id, TEST, "{}")
    store.webhooks.delete("default", webhook.id)
    with before_the_commit(remove):
        again = blocked(lambda store: store.webhooks.clear_deleted())
    assert again.result() == 1
    with engine.connect() as connection:
        assert connection.scalar(select(func.count()).select_from(deliveries)) == left
