"""The transaction boundary: nothing else in the store begins, commits or rolls back."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from core.errors import CapacityError, Unavailable


class Database:
    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._writers = engine.execution_options(writes=True)
        self._readers = engine if self.is_sqlite else engine.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Each statement by itself, without a transaction around it."""
        try:
            with self._readers.connect() as connection:
                yield connection
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise _translated(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """One transaction: all of it or nothing. On SQLite nobody else writes meanwhile."""
        try:
            with self._writers.begin() as connection:
                yield connection
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise _translated(error) from error

    def insert(self, table: Any) -> Any:
        """An INSERT that may carry ON CONFLICT, which both databases write the same but SQLAlchemy keeps apart."""
        return sqlite.insert(table) if self.is_sqlite else postgresql.insert(table)


def _translated(error: SQLAlchemyError) -> Unavailable | CapacityError:
    cause = getattr(error, "orig", None) or error
    if getattr(cause, "sqlite_errorname", None) == "SQLITE_FULL" or getattr(cause, "sqlstate", None) == "53100":
        return CapacityError(f"the disk of the database is full: {cause}")
    return Unavailable(f"the database does not answer: {cause}")
