"""What is in a database of any version lives through the migrations, there and back; what cannot is named."""

from collections.abc import Iterator
from typing import Any

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Engine, MetaData, Table, func, insert, select, text

from core.errors import UnfitDatabase
from core.store import Store, connect, upgrade
from core.store.migration import MIGRATIONS
from core.store.tables import metadata

SCRIPTS = list(ScriptDirectory(str(MIGRATIONS)).walk_revisions())  # newest first
CHOSEN: dict[str, dict[str, Any]] = {
    "jobs": {"state": "queued", "dispatch_at": 1.0},
    "deliveries": {"state": "pending", "due_at": 1.0},
    "weights": {"which": "best"},
}
VALUES: dict[type, Any] = {int: 1, float: 1.0, bool: True, bytes: b"x", dict: {}}


@pytest.fixture
def empty(empty_database_url: str) -> Iterator[Engine]:
    engine = connect(empty_database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def config(empty: Engine) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = empty
    return config


def tables(engine: Engine) -> list[Table]:
    """As they are now, each after those that it refers to."""
    found = MetaData()
    found.reflect(engine)
    return [table for table in found.sorted_tables if table.name != "alembic_version"]


def fill(engine: Engine, name: str) -> set[str]:
    """Writes a row in every table, with nothing in what may be null and `name` for all its texts; returns the tables."""
    found = tables(engine)
    with engine.begin() as connection:
        for table in found:
            needed = [each for each in table.columns if not each.nullable and each.server_default is None]
            row = {each.name: VALUES.get(each.type.python_type, name) for each in needed}
            connection.execute(insert(table).values(row | CHOSEN.get(table.name, {})))
    return {table.name for table in found}


def counts(engine: Engine) -> dict[str, int]:
    with engine.connect() as connection:
        return {table.name: connection.scalar(select(func.count()).select_from(table)) or 0 for table in tables(engine)}


def test_rows_of_every_version_live_through_all_later_migrations_and_through_their_undoing(
    empty: Engine, config: Config
) -> None:
    expected = dict.fromkeys(metadata.tables, 0)
    for script in reversed(SCRIPTS):
        command.upgrade(config, script.revision)
        for table in fill(empty, script.revision):
            expected[table] += 1
    assert counts(empty) == expected
    assert min(expected.values()) > 0
    assert Store(empty).is_at_head()
    for script in SCRIPTS[:-1]:
        before = str(script.down_revision)
        for step, revision in ((command.downgrade, before), (command.upgrade, script.revision), (command.downgrade, before)):
            step(config, revision)
        kept = counts(empty)
        assert kept == {table: expected[table] for table in kept}


def test_rows_that_a_migration_cannot_take_are_told_of(empty: Engine, empty_database_url: str, config: Config) -> None:
    command.upgrade(config, "0002")
    with empty.begin() as connection:
        connection.execute(text("ALTER TABLE jobs DROP CONSTRAINT jobs_state_known"))
    fill(empty, "0002")
    with empty.begin() as connection:
        connection.execute(text("UPDATE jobs SET state = 'lost', dispatch_at = NULL"))
        connection.execute(text("ALTER TABLE jobs ADD CONSTRAINT jobs_state_known CHECK (seed = seed)"))
    with pytest.raises(UnfitDatabase, match="has rows that this version cannot take over"):
        upgrade(empty_database_url)
    assert counts(empty)["jobs"] == 1


def test_what_waited_before_has_waited_since_its_last_attempt_and_what_an_older_version_makes_since_it_was_made(
    empty: Engine, config: Config
) -> None:
    command.upgrade(config, "0012")
    for name in ("tried", "untried", "over"):
        fill(empty, name)
    with empty.begin() as connection:
        connection.execute(text("UPDATE deliveries SET created_at = 5, attempted_at = 7 WHERE id = 'tried'"))
        connection.execute(text("UPDATE deliveries SET state = 'failed', due_at = NULL WHERE id = 'over'"))
    command.upgrade(config, "head")
    fill(empty, "older")
    with empty.connect() as connection:
        since = {row.id: row.pending_since for row in connection.execute(text("SELECT id, pending_since FROM deliveries"))}
    assert since == {"tried": 7, "untried": 1, "over": None, "older": None}
