"""A worker in this process, on one kind of database: what differs between the two is the store's and tested there."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.settings import Settings
from core.store import Store, connect
from worker.arrays import Shelf
from worker.cache import Cache
from worker.datasets import Datasets
from worker.interruption import never
from worker.run import Worker


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Store]:
    store = Store(connect(sqlite_url))
    yield store
    store.close()


@pytest.fixture
def options(tmp_path: Path) -> Settings:
    return Settings(data_dir=tmp_path, lease_ttl_s=60, record_every_s=0, checkpoint_every_s=1000)


@pytest.fixture
def prepared_undisturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends an attempt ends its training."""
    monkeypatch.setattr("worker.run.check", lambda *_: never)


@pytest.fixture
def make_worker(store: Store, options: Settings, tmp_path: Path) -> Callable[..., Worker]:
    """A worker that stops when it is told to; unless told otherwise, never."""

    def make(stopping: Callable[[], bool] = lambda: False) -> Worker:
        cache = Cache(tmp_path / "cache", 2**30)
        return Worker("test", {"machine": "test"}, store, Datasets(store, cache), Shelf(cache), options, stopping)

    return make
