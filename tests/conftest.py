"""What every test may ask for: databases of its own, and a store on each kind of them."""

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.ids import new_id
from core.keys import new_key
from core.store import Dataset, Job, NewJob, Store, connect
from tests.databases import Postgres, SQLite

KINDS = ("sqlite", "postgresql")


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """The server, started when the first test asks for it."""
    server = Postgres()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def sqlite(tmp_path_factory: pytest.TempPathFactory) -> SQLite:
    return SQLite(tmp_path_factory.mktemp("sqlite"))


@pytest.fixture
def sqlite_url(sqlite: SQLite, tmp_path: Path) -> str:
    """A migrated SQLite database of this test alone."""
    return sqlite.copy(tmp_path / "test.db")


@pytest.fixture
def postgres_url(postgres: Postgres) -> Iterator[str]:
    """A migrated PostgreSQL database of this test alone."""
    url = postgres.take()
    yield url
    postgres.give_back(url)


@pytest.fixture(params=KINDS)
def database_url(request: pytest.FixtureRequest) -> str:
    """The test runs once on each kind of database."""
    fixture = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}[request.param]
    return str(request.getfixturevalue(fixture))


@pytest.fixture(params=KINDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without a table, once of each kind."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'empty.db'}"
    else:
        server: Postgres = request.getfixturevalue("postgres")
        url = server.empty()
        yield url
        server.drop(url)


@pytest.fixture
def store(database_url: str) -> Iterator[Store]:
    """An empty store, once on each kind of database."""
    store = Store(connect(database_url))
    yield store
    store.close()


@pytest.fixture
def add_dataset(store: Store, tmp_path: Path) -> Callable[..., Dataset]:
    """Stores a dataset whose table is `data`; unless given, its bytes differ from those of every other."""

    def add(data: bytes | None = None, tenant: str = "default") -> Dataset:
        content = new_id("content").encode() if data is None else data
        table = tmp_path / new_id("table")
        table.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        return store.datasets.add(tenant, sha256, "csv", {"rows": 2}, [{"x": 1}], len(content), "test", "upload", table)[0]

    return add


@pytest.fixture
def submit(store: Store, add_dataset: Callable[..., Dataset]) -> Callable[..., Job]:
    """Submits a job of `epochs` epochs."""
    datasets: dict[str, Dataset] = {}

    def submit(
        epochs: int | None = 3, tenant: str = "default", metadata: dict[str, str] | None = None, priority: int = 0
    ) -> Job:
        if tenant not in datasets:
            store.keys.add(new_key(), tenant, "test")  # every tenant has one, and a row with it
            datasets[tenant] = add_dataset(tenant=tenant)
        spec = {"network": {"layers": [{"units": 1}]}, "training": {"epochs": epochs}}
        new = NewJob(spec, datasets[tenant].id, epochs, 7, metadata or {}, {"parameters": 3}, priority=priority)
        return store.jobs.submit(tenant, new)

    return submit
