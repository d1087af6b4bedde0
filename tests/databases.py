"""Databases for tests: each test gets one of its own, migrated already, that knows the key of `tests.keys`."""

import shutil
import tempfile
from itertools import count
from pathlib import Path
from typing import Any

from sqlalchemy import Engine, create_engine, text
from sqlalchemy.exc import OperationalError

from core.store import upgrade
from core.store.tables import metadata
from tests import keys
from tests.postgres import server_in


class Postgres:
    """A PostgreSQL server under a temporary directory, reached by a Unix socket."""

    def __init__(self) -> None:
        # Not under pytest's own directory: run by root, the server opens all directories above its data to its own user.
        self._directory = Path(tempfile.mkdtemp(prefix="gradmill-postgres-"))
        self._server: Any = server_in(self._directory / "data", cleanup_mode="delete")
        self._admin: Engine = create_engine(self._url("postgres"), isolation_level="AUTOCOMMIT")
        self._numbers = count()
        self._has_template = False
        self._free: list[str] = []
        # A crash of the machine would lose the tests' data; one of the server does not.
        for setting in ("fsync = off", "full_page_writes = off"):
            self._execute(f"ALTER SYSTEM SET {setting}")
        self._execute("SELECT pg_reload_conf()")

    def take(self) -> str:
        """The URL of a database that is at the newest migration and has no row but that key's."""
        if self._free:
            return self._free.pop()
        if not self._has_template:
            self._execute("CREATE DATABASE template_gradmill")
            upgrade(self._url("template_gradmill"))
            keys.install(self._url("template_gradmill"))
            self._has_template = True
        return self._create("TEMPLATE template_gradmill")

    def give_back(self, url: str) -> None:
        """Empties the tables, which takes a tenth of the time of a new copy."""
        engine = create_engine(url)
        try:
            with engine.begin() as connection:
                connection.execute(text("SET lock_timeout = '5s'"))
                connection.execute(text(f"TRUNCATE {', '.join(metadata.tables)}"))
            keys.install(url)
            self._free.append(url)
        except OperationalError:  # the test left a transaction open
            self.drop(url)
        finally:
            engine.dispose()

    def empty(self) -> str:
        """The URL of a new database without a table."""
        return self._create("")

    def drop(self, url: str) -> None:
        name = url.partition("?")[0].rpartition("/")[2]
        self._execute(f"DROP DATABASE {name} WITH (FORCE)")

    def stop(self) -> None:
        self._admin.dispose()
        self._server.cleanup()
        shutil.rmtree(self._directory, ignore_errors=True)

    def _create(self, options: str) -> str:
        name = f"test{next(self._numbers)}"
        self._execute(f"CREATE DATABASE {name} {options}")
        return self._url(name)

    def _execute(self, sql: str) -> None:
        with self._admin.connect() as connection:
            connection.execute(text(sql))

    def _url(self, database: str) -> str:
        return str(self._server.get_uri(database, "psycopg"))


class SQLite:
    """SQLite files, copied from one that was migrated once."""

    def __init__(self, directory: Path) -> None:
        self._template = directory / "template.db"

    def copy(self, into: Path) -> str:
        if not self._template.exists():
            upgrade(f"sqlite:///{self._template}")
            keys.install(f"sqlite:///{self._template}")
        shutil.copy(self._template, into)
        return f"sqlite:///{into}"
