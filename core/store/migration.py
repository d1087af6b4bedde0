"""The database's shape: up to the newest migration, by however many processes start at once."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import DBAPIError, OperationalError, ProgrammingError

from core.errors import UnfitDatabase
from core.store.database import Database, translating
from core.store.engine import connect
from core.store.tables import metadata

if TYPE_CHECKING:
    from alembic.script import ScriptDirectory

MIGRATIONS = Path(__file__).parents[2] / "migrations"

# What SQLite calls it, by its beginning.
_UNFIT = {
    "SQLITE_ERROR": "has other tables than this version left there",
    "SQLITE_NOTADB": "is no SQLite database",
    "SQLITE_CORRUPT": "is damaged",
    "SQLITE_CANTOPEN": "cannot be opened",
    "SQLITE_READONLY": "cannot be written to",
    "SQLITE_CONSTRAINT": "has rows that this version cannot take over",
}
# So its SQLSTATEs begin at PostgreSQL: tables or columns are not there, or there already; rows do not fit.
_UNFIT_STATES = {"42": "does not let itself be brought to this version", "23": _UNFIT["SQLITE_CONSTRAINT"]}


def upgrade(url: str) -> None:
    """Brings the database to the newest migration; whoever comes second waits and finds it done.

    Raises as the store does, Unavailable where the database does not answer, UnfitDatabase where it was made by a newer
    version, by one whose tables no migration knows, or by something else, or has rows that do not fit.
    """
    from alembic import command
    from alembic.config import Config

    engine = connect(url, is_patient=True)
    try:
        config = Config()
        config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
        config.attributes["engine"] = engine
        with translating(), _refusing(engine):
            _check_number(engine)
            command.upgrade(config, "head")
            _check_tables(engine)
    finally:
        engine.dispose()


def is_at_head(database: Database) -> bool:
    """Whether the database has the shape that this code needs. Unavailable where it does not answer."""
    with database.reading() as reader:
        try:
            number = reader.scalar(text("SELECT version_num FROM alembic_version"))
        except ProgrammingError:
            return False
        except OperationalError as error:  # of SQLite, which has no other name for a table that is not there
            if "no such table" not in str(error.orig):
                raise
            return False
    return bool(number == head())


@cache
def head() -> str:
    """The newest migration's number."""
    return _scripts().get_current_head() or ""


def _scripts() -> "ScriptDirectory":
    from alembic.script import ScriptDirectory

    return ScriptDirectory(str(MIGRATIONS))


def _check_number(engine: Engine) -> None:
    with engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return
        number = connection.scalar(text("SELECT version_num FROM alembic_version"))
    if number is not None and number not in {script.revision for script in _scripts().walk_revisions()}:
        raise _unfit(engine, f"is at migration {number}, this version knows them up to {head()}: a newer version has made it")


def _check_tables(engine: Engine) -> None:
    """Before the first release migrations were changed as they stood: their numbers do not tell what they made."""
    with engine.connect() as connection:
        look = inspect(connection)
        missing = [
            f"{table.name}.{column.name}"
            for table in metadata.sorted_tables
            for column in table.columns
            if not look.has_table(table.name) or column.name not in {each["name"] for each in look.get_columns(table.name)}
        ]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise _unfit(engine, f"lacks the column {missing[0]}{more}: an earlier version has made it, which was never released")


@contextmanager
def _refusing(engine: Engine) -> Iterator[None]:
    """What waiting does not mend."""
    try:
        yield
    except DBAPIError as error:
        name, state = (str(getattr(error.orig, attribute, "")) for attribute in ("sqlite_errorname", "sqlstate"))
        found = [words for beginning, words in _UNFIT.items() if name.startswith(beginning)]
        found += [words for beginning, words in _UNFIT_STATES.items() if state.startswith(beginning)]
        if not found:
            raise
        raise _unfit(engine, f"{found[0]} ({' '.join(str(error.orig).split())})") from error


def _unfit(engine: Engine, what: str) -> UnfitDatabase:
    if engine.dialect.name != "sqlite":
        name = engine.url.render_as_string(hide_password=True)
        return UnfitDatabase(
            f"the database {name} {what}. Name another one in DATABASE_URL, or go back to the version that made it"
        )
    file = Path(engine.url.database or "").resolve()
    return UnfitDatabase(
        f"the database {file} {what}. Move {file.name}* away from {file.parent}, and a new database is made there; or take "
        "another data directory, or go back to the version that made it"
    )
