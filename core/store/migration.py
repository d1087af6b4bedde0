"""The database's shape: up to the newest migration, by however many processes start at once."""

from functools import cache
from pathlib import Path

from sqlalchemy import Engine, text
from sqlalchemy.exc import OperationalError, ProgrammingError

from core.store.database import translating
from core.store.engine import connect

MIGRATIONS = Path(__file__).parents[2] / "migrations"


def upgrade(url: str) -> None:
    """Brings the database to the newest migration; whoever comes second waits and finds it done.

    Raises as the store does, Unavailable where the database does not answer.
    """
    from alembic import command
    from alembic.config import Config

    engine = connect(url)
    try:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["engine"] = engine
        with translating():
            command.upgrade(config, "head")
    finally:
        engine.dispose()


def is_at_head(engine: Engine) -> bool:
    """Whether the database has the shape that this code needs."""
    try:
        with engine.connect() as connection:
            return bool(connection.scalar(text("SELECT version_num FROM alembic_version")) == head())
    except (OperationalError, ProgrammingError):
        return False


@cache
def head() -> str:
    """The newest migration's number."""
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(MIGRATIONS)).get_current_head() or ""
