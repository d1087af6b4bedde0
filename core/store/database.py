"""The transaction boundary: nothing else in the store begins, commits or rolls back."""

import os
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import StorageFull, TookTooLong, Unavailable
from core.store.engine import BUSY_TIMEOUT_S

_DISK_FULL = "53100"
_CANCELLED = "57014"
# SQLSTATEs of PostgreSQL, by their beginnings: the connection broke; this server only reads, as a standby does; the transaction
# was silent for too long; it met others; no resources; a lock is not free; the server stops; its system failed.
_TRANSIENT = ("08", "25006", "25P03", "40", "53", "55", "57", "58")


class Database:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writers = engine.execution_options(writes=True)
        self._readers = engine if self.is_sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")
        self._turn = _Turn() if self.is_sqlite else nullcontext()
        self._shared = threading.local()

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Each statement by itself, without a transaction around it."""
        shared: Connection | None = getattr(self._shared, "reader", None)
        with translating(), self._readers.connect() if shared is None else nullcontext(shared) as connection:
            yield connection

    @contextmanager
    def sharing(self) -> Iterator[None]:
        """Until its end all that this thread reads goes over one connection.

        To take one takes as long as to read a row: where it is PostgreSQL's, it is asked whether it is still there.
        """
        with self.reading() as self._shared.reader:
            try:
                yield
            finally:
                self._shared.reader = None

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it or nothing. On SQLite nobody else writes meanwhile."""
        with translating(), self._turn, self._writers.begin() as connection:
            yield connection

    def insert(self, table: Any) -> Any:
        """An INSERT that may carry ON CONFLICT, which both databases write the same but SQLAlchemy keeps apart."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)


class _Turn:
    """Lets the threads of one process write to SQLite one after the other: waiting here is fair and wakes up at once."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        forked = weakref.WeakMethod(self._renew)
        os.register_at_fork(after_in_child=lambda: (renew := forked()) and renew())

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=BUSY_TIMEOUT_S):
            raise Unavailable(f"the database is busy: other writers of this process took longer than {BUSY_TIMEOUT_S} s")

    def __exit__(self, *_: object) -> None:
        self._lock.release()

    def _renew(self) -> None:
        """The parent's thread that held the lock is not there to release it."""
        self._lock = threading.Lock()


@contextmanager
def translating() -> Iterator[None]:
    """A database that cannot do now what it could do later is Unavailable."""
    try:
        yield
    except (DBAPIError, PoolTimeout) as error:
        cause = getattr(error, "orig", None) or error
        told = " ".join(str(cause).split())
        sqlstate = getattr(cause, "sqlstate", None) or ""
        if sqlstate == _DISK_FULL or getattr(cause, "sqlite_errorname", None) == "SQLITE_FULL":
            raise StorageFull(f"the disk of the database is full: {told}") from error
        if sqlstate == _CANCELLED or getattr(cause, "sqlite_errorname", None) == "SQLITE_INTERRUPT":
            raise TookTooLong(f"the database took too long: {told}") from error
        if isinstance(error, OperationalError | InterfaceError | PoolTimeout) or sqlstate.startswith(_TRANSIENT):
            raise Unavailable(f"the database does not answer: {told}") from error
        raise
