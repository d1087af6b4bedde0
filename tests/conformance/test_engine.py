"""Connections: durable, shared between threads, not shared between processes, and clear about what they cannot do."""

import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import pytest
from sqlalchemy import Engine, event, make_url, text, update

from core.errors import LostLease, StorageFull, TookTooLong, Unavailable
from core.jobs import State
from core.store import Claim, Job, NewJob, Store, connect
from core.store.database import Database, translating
from core.store.tables import jobs
from tests.conformance.rows import epoch_rows
from tests.polling import until

_DROP_OTHERS = """
SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


def test_sqlite_writes_ahead_and_waits_for_the_disk(sqlite_url: str) -> None:
    engine = connect(sqlite_url)
    with engine.connect() as connection:
        pragmas = {name: connection.scalar(text(f"PRAGMA {name}")) for name in ("journal_mode", "synchronous", "foreign_keys")}
        waits_ms = connection.scalar(text("PRAGMA busy_timeout"))
        version = connection.scalar(text("SELECT sqlite_version()"))
    engine.dispose()
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    assert waits_ms == 10_000
    assert tuple(map(int, str(version).split("."))) >= (3, 53, 0)


def test_a_sqlite_that_is_too_old_for_the_migrations_is_refused(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pysqlite3.sqlite_version_info", (3, 52, 9))
    with pytest.raises(RuntimeError, match=r"; 3\.53 is the oldest that works"):
        connect(sqlite_url)


def test_an_unknown_kind_of_database_is_refused_by_name() -> None:
    with pytest.raises(ValueError, match="mysql"):
        connect("mysql://localhost/gradmill")


def test_connecting_opens_nothing(tmp_path: Path) -> None:
    connect(f"sqlite:///{tmp_path / 'later.db'}").dispose()
    connect("postgresql+psycopg://nobody@127.0.0.1:1/nothing").dispose()
    assert list(tmp_path.iterdir()) == []


def test_a_database_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # bound, not listening: connections are refused
        port = taken.getsockname()[1]
        for url in (f"postgresql+psycopg://nobody@127.0.0.1:{port}/nothing", f"sqlite:///{tmp_path / 'no' / 'such.db'}"):
            store = Store(connect(url))
            for ask in (
                store.ping,
                store.is_at_head,
                lambda store=store: store.jobs.get("default", "x"),
                lambda store=store: store.jobs.claim("w", 1),
            ):
                with pytest.raises(Unavailable, match="does not answer"):
                    ask()
            store.close()


def test_without_a_free_connection_nobody_says_that_migrations_are_missing(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.engine.BUSY_TIMEOUT_S", 0.02)
    engine = connect(sqlite_url)
    store = Store(engine)
    with ExitStack() as taken:
        for _ in range(100):
            taken.enter_context(engine.connect())
        with pytest.raises(Unavailable, match="does not answer"):
            store.is_at_head()
    assert store.is_at_head()
    store.close()


def test_a_full_disk_is_told_and_changes_nothing(sqlite_url: str, tmp_path: Path) -> None:
    """The disk is a limit on the pages of the file; SQLite reports both alike."""
    engine = connect(sqlite_url)
    store = Store(engine)
    table = tmp_path / "table"
    table.write_bytes(bytes(4 * 2**20))
    with engine.connect() as connection:
        pages = connection.scalar(text("PRAGMA page_count"))
        connection.exec_driver_sql(f"PRAGMA max_page_count = {pages + 100}")
        connection.rollback()
    with pytest.raises(StorageFull, match="full"):
        store.datasets.add("default", "a" * 64, "csv", {}, [], 1, None, "upload", table)
    assert store.datasets.page("default").items == ()
    table.write_bytes(b"small")
    assert store.datasets.add("default", "a" * 64, "csv", {}, [], 1, None, "upload", table)[1]
    store.close()


def test_a_writer_that_waits_too_long_for_another_is_told_so(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("core.store.engine.BUSY_TIMEOUT_S", 0.02)
    store, other = Store(connect(sqlite_url)), connect(sqlite_url)
    with other.execution_options(writes=True).begin():
        assert store.jobs.page("default").items == ()
        with pytest.raises(Unavailable, match="locked"):
            store.jobs.claim("worker-1", 60)
    assert store.jobs.claim("worker-1", 60) is None
    other.dispose()
    store.close()


def test_a_postgres_that_drops_its_connections_is_reached_again(postgres_url: str) -> None:
    store, other = Store(connect(postgres_url)), connect(postgres_url)
    store.ping()
    with other.begin() as connection:
        connection.execute(text(_DROP_OTHERS))
    store.ping()
    other.dispose()
    store.close()


def test_a_frozen_worker_that_holds_a_row_of_postgres_loses_it_and_hears_of_it(postgres_url: str, tmp_path: Path) -> None:
    """Frozen between its UPDATE and its COMMIT, while the server keeps the connection open."""
    store = Store(connect(postgres_url))
    zombie_engine = connect(with_options(postgres_url, "-c idle_in_transaction_session_timeout=1s"))
    zombie = Store(zombie_engine)
    impatient = Store(connect(with_options(postgres_url, "-c lock_timeout=20ms")))
    job = submitted(store, tmp_path)
    claim = zombie.jobs.claim("zombie", -1)
    assert claim is not None

    def freeze() -> None:
        with Database(zombie_engine).writing() as writer:
            writer.execute(update(jobs).values(epoch=1))
            assert store.jobs.reap(5) == []
            with pytest.raises(Unavailable, match="lock timeout"):
                impatient.jobs.cancel("default", job.id)
            assert store.jobs.cancel("default", job.id).cancel_requested  # waits until the server has ended the session
            writer.execute(text("SELECT 1"))

    with pytest.raises(Unavailable, match="idle-in-transaction timeout"):
        freeze()
    assert store.jobs.reap(5) == [job.id]
    assert store.jobs.get("default", job.id).state == State.CANCELLED
    with pytest.raises(LostLease):
        zombie.jobs.stop(claim)
    for each in (store, zombie, impatient):
        each.close()


def test_a_worker_that_falls_silent_before_it_commits_its_epochs_loses_the_job(postgres_url: str, tmp_path: Path) -> None:
    store = Store(connect(postgres_url))
    zombie_engine = connect(with_options(postgres_url, "-c idle_in_transaction_session_timeout=200ms"))
    zombie = Store(zombie_engine)
    job = submitted(store, tmp_path)
    claim = zombie.jobs.claim("zombie", -1)
    assert claim is not None
    event.listen(zombie_engine, "commit", lambda _: until(lambda: store.jobs.reap(5) == [job.id], 10))
    with pytest.raises(Unavailable, match="idle-in-transaction timeout"):
        zombie.jobs.record_epochs(claim, epoch_rows(1, 3), None)
    assert store.jobs.get("default", job.id).epoch == 0
    for each in (store, zombie):
        each.close()


def test_nobody_holds_or_awaits_a_row_of_postgres_without_end(postgres_url: str) -> None:
    engine = connect(postgres_url)
    with engine.connect() as connection:
        limits = [connection.scalar(text(f"SHOW {name}")) for name in ("lock_timeout", "idle_in_transaction_session_timeout")]
    engine.dispose()
    assert limits == ["10s", "5s"]


def test_a_postgres_that_only_reads_is_unavailable_to_writers(postgres_url: str, tmp_path: Path) -> None:
    """As a standby is, and a primary that has just been demoted."""
    store = Store(connect(postgres_url))
    job = submitted(store, tmp_path)
    standby = Store(connect(with_options(postgres_url, "-c default_transaction_read_only=on")))
    assert standby.jobs.get("default", job.id) == job
    with pytest.raises(Unavailable, match="read-only transaction"):
        standby.jobs.claim("worker-1", 60)
    store.close()
    standby.close()


def with_options(url: str, options: str) -> str:
    return make_url(url).update_query_dict({"options": options}).render_as_string(hide_password=False)


def submitted(store: Store, tmp_path: Path) -> Job:
    table = tmp_path / "table"
    table.write_bytes(b"small")
    dataset, _ = store.datasets.add("default", "a" * 64, "csv", {}, [], 1, None, "upload", table)
    return store.jobs.submit("default", NewJob({}, dataset.id, 5))


@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the fork is the point, whatever threads there are
def test_a_child_of_a_fork_uses_connections_of_its_own(store: Store, submit: Callable[..., Job]) -> None:
    jobs = [submit() for _ in range(6)]
    children = []
    for number in range(3):
        child = os.fork()
        if child == 0:
            status = 1
            try:
                claim = store.jobs.claim(f"child-{number}", 60)
                assert claim is not None
                store.jobs.record_epochs(claim, epoch_rows(1, 3), None)
                store.jobs.succeed(claim, {}, {"last": b"weights"})
                status = 0
            finally:
                os._exit(status)
        children.append(child)
        assert store.jobs.get("default", jobs[0].id).id == jobs[0].id
    assert [os.waitpid(child, 0)[1] for child in children] == [0, 0, 0]
    states = [store.jobs.get("default", job.id).state for job in jobs]
    assert states == [State.SUCCEEDED] * 3 + [State.QUEUED] * 3
    assert store.jobs.claim("parent", 60) is not None


def test_many_threads_write_at_once_and_all_of_it_is_kept(store: Store, submit: Callable[..., Job]) -> None:
    dataset_id = submit().dataset_id

    def live(_: int) -> None:
        store.jobs.submit("default", NewJob({}, dataset_id, 2))
        while claim := store.jobs.claim("worker-1", 60):
            store.jobs.record_epochs(claim, epoch_rows(1, 2), b"checkpoint")
            store.jobs.succeed(claim, {}, {"last": b"weights"})

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(live, range(64)))
    assert store.jobs.queue_length("default") == 0
    done = store.jobs.page("default", state=State.SUCCEEDED, limit=100).items
    assert len(done) == 65
    assert all(len(store.epochs.page("default", job.id)) == 2 for job in done)


def test_json_keeps_every_float_and_makes_null_of_nan(store: Store, claimed: Callable[..., Claim]) -> None:
    claim = claimed()
    numbers = [0.1, -0.0, 5e-324, 1.7976931348623157e308, 1 / 3, 2**53 + 2.0, 1e-8]
    store.jobs.succeed(claim, {"numbers": numbers, "undefined": float("nan")}, {})
    result = store.jobs.get("default", claim.job.id).result
    assert result is not None
    assert [number.hex() for number in result["numbers"]] == [number.hex() for number in numbers]
    assert result["undefined"] is None


@pytest.mark.parametrize(
    ("sql", "index"),
    [
        ("SELECT * FROM jobs WHERE id = 'x' AND tenant = 'y'", "sqlite_autoindex_jobs_1"),
        ("SELECT id FROM jobs WHERE state = 'queued' AND tenant = 'x' ORDER BY priority DESC, id LIMIT 1", "jobs_queued"),
        ("SELECT min(tenant) FROM jobs WHERE state = 'queued' AND tenant > 'x'", "jobs_queued"),
        ("SELECT count(*) FROM jobs WHERE tenant = 'x' AND state = 'running'", "jobs_pages_by_state"),
        ("SELECT id FROM jobs WHERE state = 'queued' AND dispatch_at <= unixepoch('subsec')", "jobs_due"),
        ("SELECT id FROM jobs WHERE state = 'running' AND lease_until < unixepoch('subsec')", "jobs_leases"),
        ("SELECT id FROM jobs WHERE start_id = 'x' AND state IN ('queued', 'running', 'paused') LIMIT 1", "jobs_starts"),
        ("SELECT * FROM jobs WHERE tenant = 'x' ORDER BY id DESC LIMIT 20", "jobs_pages"),
        ("SELECT * FROM jobs WHERE tenant = 'x' AND state = 'failed' ORDER BY id DESC LIMIT 20", "jobs_pages_by_state"),
        (
            "SELECT id FROM jobs WHERE tenant = 'x' AND id >= 'a' AND id < 'b' ORDER BY id DESC LIMIT 9",
            "COVERING INDEX jobs_pages",
        ),
    ],
)
def test_a_poll_and_every_look_for_work_use_an_index(sql: str, index: str, sqlite_url: str) -> None:
    engine: Engine = connect(sqlite_url)
    with engine.connect() as connection:
        plan = [row.detail for row in connection.execute(text(f"EXPLAIN QUERY PLAN {sql}"))]
    engine.dispose()
    assert len(plan) == 1
    assert index in plan[0]


def test_a_statement_that_takes_too_long_is_ended_and_the_connection_works_on(database_url: str, tmp_path: Path) -> None:
    engine = connect(database_url, statement_timeout_s=0.2)
    store = Store(engine)
    job = submitted(store, tmp_path)
    endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000) SELECT count(*) FROM n"
    for _ in range(2):
        with pytest.raises(TookTooLong), translating(), engine.connect() as connection:
            connection.execute(text(endless))
        assert store.jobs.get("default", job.id) == job
    store.close()
