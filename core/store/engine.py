"""Connections: SQLite through pysqlite3, PostgreSQL through psycopg.

SQLite before 3.51.3 can lose commits when it resets its write-ahead log, and most Pythons link an older one; so the library
comes from pysqlite3. One process must never open a file through two SQLite libraries.
"""

import math
import os
import random
import time
import weakref
from contextvars import ContextVar
from pathlib import Path
from typing import Any

import orjson
import psycopg
import pysqlite3
from sqlalchemy import URL, Connection, Engine, Pool, create_engine, event, make_url
from sqlalchemy.exc import OperationalError

from core.folders import keep_private

BUSY_TIMEOUT_S = 10
SILENCE_TIMEOUT_S = 5  # a transaction whose process froze ends before those who wait for its rows give up
_INSTRUCTIONS = 100_000  # of SQLite's, which take about a millisecond
ANSWER_TIMEOUT_S = 20.0  # a server that took a statement and says nothing for so long will not
_OLDEST_SQLITE = (3, 53, 0)  # ALTER TABLE … DROP CONSTRAINT, for the migrations

_abandoned: list[Pool] = []
_answer_timeout_s: ContextVar[float | None] = ContextVar("answer_timeout_s", default=None)


def answers_within(seconds: float) -> None:
    """From now on this thread waits no longer than so for the answer to a statement: where there is no time for the usual."""
    _answer_timeout_s.set(seconds)


class _Session(psycopg.Connection[Any]):
    """Waits for an answer no longer than `ANSWER_TIMEOUT_S`, or than `answers_within` says.

    TCP alone does not notice a proxy, a firewall or a pooler that keeps a connection open and passes nothing on any more.
    """

    def wait(self, gen: Any, interval: float = 0.1, timeout: float | None = None) -> Any:
        if timeout is None:
            timeout = min(ANSWER_TIMEOUT_S, _answer_timeout_s.get() or ANSWER_TIMEOUT_S)
        try:
            return super().wait(gen, interval, timeout)
        except psycopg.OperationalError:
            if self.pgconn.transaction_status == psycopg.pq.TransactionStatus.ACTIVE:
                self.pgconn.finish()  # the answer may come when another statement waits for its own
            raise


def connect(url: str, *, is_patient: bool = False, statement_timeout_s: float | None = None) -> Engine:
    """An engine that opens its first connection when it is first used; it may be created before a fork, and used before it too.

    A SQLite file is created when it is missing, its directory is not; it is closed to the others on its machine. A patient
    engine waits for an answer as long as it takes. A statement that runs longer than `statement_timeout_s` is ended.
    """
    kind = make_url(url).get_backend_name()
    if kind == "sqlite":
        engine = _sqlite(url)
        if statement_timeout_s is not None:
            _end_long_statements(engine, statement_timeout_s)
    elif kind == "postgresql":
        engine = _postgresql(url, psycopg.Connection if is_patient else _Session, statement_timeout_s)
    else:
        raise ValueError(f"the database is {kind}; Gradmill keeps its records in sqlite or postgresql")
    _let_go_of_connections_after_fork(engine)
    return engine


def sqlite_file(url: URL) -> Path | None:
    """None where the database is another server's, in memory, or named in a way of SQLite's own."""
    name = url.database or ""
    is_file = url.get_backend_name() == "sqlite" and name not in ("", ":memory:") and not name.startswith("file:")
    return Path(name) if is_file else None


def _sqlite(url: str) -> Engine:
    if pysqlite3.sqlite_version_info < _OLDEST_SQLITE:
        raise RuntimeError(
            f"SQLite is {pysqlite3.sqlite_version}; 3.53 is the oldest that works: install pysqlite3 0.6.1 or later"
        )
    engine = create_engine(
        url,
        hide_parameters=True,  # an error may be logged, and its parameters are secrets and data
        module=pysqlite3,
        # A connection of its own for every thread that works at once: opening one costs as much as ten statements, and closing
        # the last one writes the whole log back.
        pool_size=10,
        max_overflow=90,
        pool_timeout=BUSY_TIMEOUT_S,
        connect_args={"timeout": BUSY_TIMEOUT_S, "isolation_level": None, "check_same_thread": False},
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
    )

    file = sqlite_file(engine.url)

    @event.listens_for(engine, "do_connect")
    def _close_to_others(*_: Any) -> None:
        if file is not None:
            keep_private(file)

    @event.listens_for(engine, "connect")
    def _configure(connection: Any, _record: Any) -> None:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_size_limit = 67108864")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A reader needs no transaction: each method reads with one statement or does not mind a change between two. A writer
        # takes its lock at once, since a lock that has to be upgraded fails without waiting.
        if connection.get_execution_options().get("writes"):
            _begin_immediate(connection.connection.dbapi_connection)

    return engine


def _begin_immediate(connection: Any) -> None:
    """Asks for the lock every millisecond: SQLite itself sleeps up to 0.1 s at a time and starves whoever waited longest."""
    deadline = time.monotonic() + BUSY_TIMEOUT_S
    connection.execute("PRAGMA busy_timeout = 0")
    try:
        while True:
            try:
                connection.execute("BEGIN IMMEDIATE")
                return
            except pysqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != pysqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                    raise OperationalError("BEGIN IMMEDIATE", None, error) from error
            time.sleep(random.uniform(0.0005, 0.0015))  # noqa: S311
    finally:
        connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_S * 1000}")


def _end_long_statements(engine: Engine, timeout_s: float) -> None:
    """SQLite has no such limit; but it asks every so many of its own instructions whether it shall go on."""

    @event.listens_for(engine, "connect")
    def _watch(connection: Any, record: Any) -> None:
        info = record.info
        connection.set_progress_handler(lambda: time.monotonic() > info.get("until", math.inf), _INSTRUCTIONS)

    @event.listens_for(engine, "before_cursor_execute")
    def _begin(connection: Connection, *_: Any) -> None:
        connection.info["until"] = time.monotonic() + timeout_s


def _postgresql(url: str, session: type[psycopg.Connection[Any]], statement_timeout_s: float | None) -> Engine:
    # Times in whole milliseconds; options in the URL come last and win.
    limits: dict[str, float] = {"lock_timeout": BUSY_TIMEOUT_S, "idle_in_transaction_session_timeout": SILENCE_TIMEOUT_S}
    if statement_timeout_s is not None:
        limits["statement_timeout"] = statement_timeout_s
    given = make_url(url).normalized_query.get("options", ())
    options = " ".join((*(f"-c {name}={math.ceil(seconds * 1000)}" for name, seconds in limits.items()), *given))
    engine = create_engine(
        url,
        hide_parameters=True,  # an error may be logged, and its parameters are secrets and data
        pool_size=5,
        max_overflow=15,
        pool_timeout=BUSY_TIMEOUT_S,
        pool_pre_ping=True,
        connect_args={
            "application_name": "gradmill",
            "options": options,
            "connect_timeout": 5,
            # A server that vanished without a word is noticed within ten seconds.
            "keepalives_idle": 5,
            "keepalives_interval": 2,
            "keepalives_count": 3,
            "tcp_user_timeout": 10_000,
        },
        json_serializer=_dumps,
        json_deserializer=orjson.loads,
        insertmanyvalues_page_size=50,  # as fast as a pipeline; more rows at once are slower
    )
    # Many rows go in by statements of many rows. psycopg would send a pipeline, which it ends with Sync and Flush; and a server
    # that gets a Flush after its answer to a Sync waits for the rest of the transaction without end, whatever its time limits.
    engine.dialect.use_insertmanyvalues_wo_returning = True

    @event.listens_for(engine, "do_connect")
    def _connect(_dialect: Any, _record: Any, arguments: Any, options: Any) -> Any:
        return session.connect(*arguments, **options)

    return engine


def _dumps(value: Any) -> str:
    """JSON knows no NaN: it becomes null."""
    return orjson.dumps(value).decode()


def _let_go_of_connections_after_fork(engine: Engine) -> None:
    """A child opens its own connections. The parent's are kept, unused: closing them would end the parent's sessions."""
    reference = weakref.ref(engine)

    def let_go() -> None:
        engine = reference()
        if engine is not None:
            _abandoned.append(engine.pool)
            engine.dispose(close=False)

    os.register_at_fork(after_in_child=let_go)
