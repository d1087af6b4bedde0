"""Several reads over one connection, on every database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, event

from core.errors import NotFound
from core.store import Job, Store


@pytest.fixture
def taken(engine: Engine) -> list[object]:
    """Every connection that was taken out of the pool since."""
    taken: list[object] = []
    event.listen(engine, "checkout", lambda connection, *_: taken.append(connection))
    return taken


def test_reads_that_share_take_one_connection_and_give_it_back(
    engine: Engine, taken: list[object], submit: Callable[..., Job]
) -> None:
    store, job = Store(engine), submit()
    with store.sharing():
        assert [store.jobs.get("default", job.id).id for _ in range(3)] == [job.id] * 3
        assert len(taken) == 1
        with ThreadPoolExecutor(1) as pool:
            pool.submit(store.jobs.get, "default", job.id).result()
        assert len(taken) == 2  # of another thread
    with pytest.raises(NotFound), store.sharing():
        store.jobs.get("other", job.id)
    assert len(taken) == 3
    store.jobs.get("default", job.id)
    assert len(taken) == 4
    assert engine.pool.checkedout() == 0  # type: ignore[attr-defined]


def test_what_is_written_meanwhile_is_read(engine: Engine, submit: Callable[..., Job]) -> None:
    store, job = Store(engine), submit()
    with store.sharing():
        assert store.jobs.get("default", job.id).state == "queued"
        store.jobs.cancel("default", job.id)
        assert store.jobs.get("default", job.id).state == "cancelled"
