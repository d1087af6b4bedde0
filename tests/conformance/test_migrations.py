"""The migrations build what the code expects, from nothing, in any number of processes at once."""

import json
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, inspect, make_url, text

from core.errors import UnfitDatabase
from core.ids import new_id
from core.settings import Settings
from core.store import Store, connect, upgrade
from core.store.tables import metadata

ROOT = Path(__file__).parents[2]


@pytest.fixture
def empty(empty_database_url: str) -> Any:
    engine = connect(empty_database_url)
    yield engine
    engine.dispose()


def _shape(engine: Engine) -> dict[str, Any]:
    """All that the database tells about its tables, in an order of its own."""
    look = inspect(engine)
    return {
        table: {
            "columns": [{**column, "type": str(column["type"])} for column in look.get_columns(table)],
            "key": look.get_pk_constraint(table),
            "foreign": look.get_foreign_keys(table),
            "checks": sorted((check["name"] or "", check["sqltext"]) for check in look.get_check_constraints(table)),
            "unique": sorted((unique["name"] or "", *unique["column_names"]) for unique in look.get_unique_constraints(table)),
            "indexes": sorted(_index(index) for index in look.get_indexes(table)),
        }
        for table in sorted(look.get_table_names())
        if table != "alembic_version"
    }


def _words(engine: Engine) -> list[tuple[str, str]]:
    """How SQLite was told to make its indexes."""
    if engine.dialect.name != "sqlite":
        return []
    with engine.connect() as connection:
        made = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL")
        return sorted((name, " ".join(sql.split())) for name, sql in made)


def _index(index: Any) -> tuple[str, ...]:
    options = {name: str(option) for name, option in index.get("dialect_options", {}).items()}
    return str(index["name"]), str(index["column_names"]), str(bool(index["unique"])), str(sorted(options.items()))


def test_migrating_from_nothing_gives_what_the_code_describes(empty: Engine, empty_database_url: str) -> None:
    metadata.create_all(empty)
    described, words = _shape(empty), _words(empty)
    metadata.drop_all(empty)
    upgrade(empty_database_url)
    assert _shape(empty) == described
    assert _words(empty) == words
    assert set(described) == set(metadata.tables)
    with empty.connect() as connection:
        # Alembic cannot see in which order SQLite sorts an index; its own words above tell that.
        unseen = {"jobs_queued"} if empty.dialect.name == "sqlite" else set()
        options = {"compare_server_default": True, "include_object": lambda _, name, *__: name not in unseen}
        context = MigrationContext.configure(connection, opts=options)
        assert compare_metadata(context, metadata) == []


def test_a_database_knows_whether_it_is_at_the_newest_migration(empty: Engine, empty_database_url: str) -> None:
    store = Store(empty)
    assert not store.is_at_head()
    store.ping()
    upgrade(empty_database_url)
    assert store.is_at_head()
    with empty.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    assert not store.is_at_head()


def test_migrating_twice_changes_nothing(store: Store, database_url: str, submit: Callable[..., Any]) -> None:
    job = submit()
    upgrade(database_url)
    assert store.jobs.get("default", job.id) == job


def test_many_processes_may_migrate_at_once(empty: Engine, empty_database_url: str) -> None:
    def migrate(_: int) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "migrations"],
            cwd=ROOT,
            env={"DATABASE_URL": empty_database_url},
            capture_output=True,
            text=True,
            check=False,
            timeout=120,
        )

    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(migrate, range(4)))
    assert [(process.returncode, process.stderr) for process in done] == [(0, "")] * 4
    assert Store(empty).is_at_head()


def migrated(**settings: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "migrations"]
    return subprocess.run(command, cwd=ROOT, env=settings, capture_output=True, text=True, check=False, timeout=120)


def test_without_a_database_the_one_in_the_data_directory_is_migrated(tmp_path: Path) -> None:
    done = migrated(GRADMILL_DATA_DIR=str(tmp_path / "new?" / "data"))
    assert (done.returncode, done.stderr) == (0, "")
    store = Store(connect(Settings(data_dir=tmp_path / "new?" / "data").database))
    assert store.is_at_head()
    store.close()


def test_a_database_that_does_not_answer_ends_the_migration_with_one_line() -> None:
    done = migrated(DATABASE_URL="postgresql://somebody:secret@127.0.0.1:1/none?connect_timeout=2")
    assert done.returncode == 1
    assert done.stderr.startswith("cannot migrate: the database does not answer: ")
    assert len(done.stderr.splitlines()) == 1
    assert "secret" not in done.stderr


def unfit(tmp_path: Path, *statements: str) -> str:
    """What is said of a database after these statements, which is the same however often it is tried."""
    settings = {"GRADMILL_DATA_DIR": str(tmp_path)}
    assert migrated(**settings).returncode == 0
    engine = connect(Settings(data_dir=tmp_path).database)
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()
    first, second = migrated(**settings), migrated(**settings)
    assert (first.returncode, len(first.stderr.splitlines())) == (1, 1), first.stderr
    assert first.stderr == second.stderr
    return first.stderr


REMEDY = "Move gradmill.db* away from {}, and a new database is made there"


@pytest.mark.parametrize(
    ("statements", "what"),
    [
        (["UPDATE alembic_version SET version_num = '9999'"], "is at migration 9999, this version knows them up to"),
        (["DROP TABLE alembic_version"], "has other tables than this version left there (table blobs already exists)"),
        (["ALTER TABLE sent_weights DROP COLUMN tensors"], "lacks the column sent_weights.tensors: an earlier version"),
        (["DROP TABLE weights"], "lacks the column weights.job_id and 5 more: an earlier version"),
    ],
)
def test_a_file_of_another_version_is_named_with_what_is_wrong_and_what_to_do(
    tmp_path: Path, statements: list[str], what: str
) -> None:
    told = unfit(tmp_path, *statements)
    assert told.startswith(f"cannot migrate: the database {tmp_path / 'gradmill.db'} {what}"), told
    assert REMEDY.format(tmp_path) in told


def test_a_file_that_is_no_database_is_named(tmp_path: Path) -> None:
    (tmp_path / "gradmill.db").write_text("a letter to somebody else\n" * 100)
    told = migrated(GRADMILL_DATA_DIR=str(tmp_path)).stderr
    assert told.startswith(f"cannot migrate: the database {tmp_path / 'gradmill.db'} is no SQLite database (")
    assert REMEDY.format(tmp_path) in told


def test_each_kind_of_database_of_another_version_is_named_without_a_password(empty_database_url: str, empty: Engine) -> None:
    upgrade(empty_database_url)
    url = make_url(empty_database_url)
    if url.get_backend_name() == "postgresql":
        url = url.set(password="secret")  # the server trusts everybody
    asked = url.render_as_string(hide_password=False)
    with empty.begin() as connection:
        connection.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(UnfitDatabase, match="is at migration 9999"):
        upgrade(asked)
    with empty.begin() as connection:
        connection.exec_driver_sql("DROP TABLE alembic_version")
    with pytest.raises(UnfitDatabase, match="already exists") as raised:
        upgrade(asked)
    assert str(url.database) in str(raised.value)
    assert "secret" not in str(raised.value)


def test_the_migrations_can_be_taken_back(empty: Engine, empty_database_url: str) -> None:
    from alembic import command
    from alembic.config import Config

    upgrade(empty_database_url)
    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["engine"] = empty
    command.downgrade(config, "base")
    assert inspect(empty).get_table_names() == ["alembic_version"]


def test_jobs_that_had_succeeded_before_tell_their_best_epoch_and_its_rows_too(empty: Engine, empty_database_url: str) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["engine"] = empty
    command.upgrade(config, "0008")
    id, best = new_id("job"), {"loss": 0.5, "validation_loss": None, "metrics": {"r2": 0.25}}
    row = {
        **{"id": id, "tenant": "default", "state": "succeeded", "created_at": 1.0, "finished_at": 2.0},
        **{"dataset_id": "ds_1", "seed": 1, "metadata": "{}", "plan": "{}"},
        "result": json.dumps({"epochs": 3, "best_epoch": 2, "best": best, "last": best}),
    }
    validations = {id: None, new_id("job"): {"fraction": 0.5}}
    with empty.begin() as connection:
        names, places = ", ".join(("spec", *row)), ", :".join(("spec", *row))
        for row["id"], validation in validations.items():
            spec = json.dumps({"training": {"validation": validation}})
            connection.execute(text(f"INSERT INTO jobs ({names}) VALUES (:{places})"), {**row, "spec": spec})
    command.upgrade(config, "head")
    for id, validation in validations.items():
        job = Store(empty).jobs.get("default", id)
        assert (job.best, job.is_validated) == ({"epoch": 2, **best}, validation is not None)


def test_what_was_there_before_belongs_to_the_default_tenant_and_is_started_by_age(
    empty: Engine, empty_database_url: str
) -> None:
    from alembic import command
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(ROOT / "migrations"))
    config.attributes["engine"] = empty
    command.upgrade(config, "0001")
    ids = [new_id("job") for _ in range(2)]
    columns = "id, tenant, state, dispatch_at, dataset_id, seed, created_at, metadata, spec, plan"
    with empty.begin() as connection:
        for id in ids:
            connection.exec_driver_sql(
                f"INSERT INTO jobs ({columns}) VALUES ('{id}', 'default', 'queued', 1, 'ds_1', 1, 1, '{{}}', '{{}}', '{{}}')"
            )
    command.upgrade(config, "head")
    store = Store(empty)
    assert [job.priority for job in store.jobs.page("default").items] == [0, 0]
    claims = [store.jobs.claim("worker-1", 60) for _ in ids]
    assert [claim.job.id for claim in claims if claim] == ids
