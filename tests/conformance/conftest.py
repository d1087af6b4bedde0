"""Looking at a database from beside the store."""

import hashlib
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, select

from core.store import Claim, Job, Store, connect
from core.store.tables import metadata

Snapshot = dict[str, list[tuple[Any, ...]]]


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """Another way into the database of `store`."""
    engine = connect(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def snapshot(engine: Engine) -> Callable[[], Snapshot]:
    """Every row of every table; bytes by their hash."""

    def take() -> Snapshot:
        with engine.connect() as connection:
            return {
                table.name: sorted((tuple(map(_plain, row)) for row in connection.execute(select(table))), key=repr)
                for table in metadata.sorted_tables
            }

    return take


@pytest.fixture
def claimed(store: Store, submit: Callable[..., Job]) -> Callable[..., Claim]:
    """Submits a job and claims it."""

    def claim(epochs: int | None = 3, owner: str = "worker-1", ttl_s: float = 60.0) -> Claim:
        submit(epochs)
        claim = store.jobs.claim(owner, ttl_s)
        assert claim is not None
        return claim

    return claim


def _plain(value: Any) -> Any:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes | memoryview) else value
