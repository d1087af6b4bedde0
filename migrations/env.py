"""Runs the migrations in one transaction, so that a database is at one of them or at the next and never between.

The engine is handed over by `core.store.upgrade`; from the `alembic` command the settings name the database.
"""

from alembic import context
from sqlalchemy import Connection, text

from core.settings import settings
from core.store.engine import connect
from core.store.tables import metadata

_LOCK = 7162046189  # any number that nobody else locks in this database


def _migrate(connection: Connection) -> None:
    """Whoever comes second waits here, and then reads that all is done."""
    if connection.dialect.name == "postgresql":
        connection.execute(text("SET LOCAL lock_timeout = 0"))  # a migration takes the time it takes
        connection.execute(text(f"SELECT pg_advisory_xact_lock({_LOCK})"))
    context.configure(connection=connection, target_metadata=metadata)
    context.run_migrations()


_engine = context.config.attributes.get("engine") or connect(settings().database, is_patient=True)
with _engine.execution_options(writes=True).begin() as _connection:
    _migrate(_connection)
