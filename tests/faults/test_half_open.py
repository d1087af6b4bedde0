"""Connections that look open while nothing comes through them any more."""

from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

from core.errors import Unavailable
from core.store import Idempotency, NewJob, Store, connect, engine, upgrade
from tests.conformance.rows import epoch_rows
from tests.faults.postgres import Server
from tests.faults.proxy import Moment, Proxy
from tests.polling import until


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    server = Server()
    upgrade(server.url)
    yield server
    server.stop()


@pytest.fixture
def proxy(server: Server) -> Iterator[Proxy]:
    with Proxy(server.socket) as proxy:
        yield proxy


@pytest.fixture
def store(server: Server, proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> Iterator[Store]:
    monkeypatch.setattr(engine, "ANSWER_TIMEOUT_S", 0.5)
    store = Store(connect(server.url_by_port(proxy.port)))
    yield store
    store.close()


@pytest.fixture
def new(store: Store, tmp_path_factory: pytest.TempPathFactory) -> NewJob:
    table = tmp_path_factory.mktemp("table") / "table"
    table.write_bytes(b"table")
    dataset, _ = store.datasets.add("default", "0" * 64, "csv", {"rows": 2}, [{"x": 1}], 5, "test", "upload", table)
    return NewJob({"training": {"epochs": 3}}, dataset.id, 3, 7, {}, {})


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_commit_that_is_never_answered_is_given_up_and_may_be_repeated(
    moment: Moment, store: Store, proxy: Proxy, new: NewJob
) -> None:
    key = Idempotency(f"key-{moment}", "0" * 64)
    before = store.jobs.queue_length("default")
    proxy.silence_next_commit(moment)
    with pytest.raises(Unavailable):
        store.jobs.submit("default", new, key)
    assert proxy.silenced == 1
    assert store.jobs.queue_length("default") == before + (moment == "after")
    repeated(lambda: store.jobs.submit("default", new, key))
    assert store.jobs.queue_length("default") == before + 1


@pytest.mark.parametrize("moment", ["before", "after"])
def test_epochs_whose_commit_was_never_answered_are_recorded_once(
    moment: Moment, store: Store, proxy: Proxy, new: NewJob
) -> None:
    store.jobs.submit("default", new)
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    proxy.silence_next_commit(moment)
    with pytest.raises(Unavailable):
        store.jobs.record_epochs(claim, epoch_rows(1, 2), b"checkpoint")
    repeated(lambda: store.jobs.record_epochs(claim, epoch_rows(1, 2), b"checkpoint"))
    assert [row.epoch for row in store.epochs.page("default", claim.job.id)] == [1, 2]
    store.jobs.succeed(claim, {}, {})


def repeated(write: Callable[[], object]) -> None:
    """Until it is done: a transaction that nobody ends holds its locks until the server gives it up."""

    def done() -> bool:
        with suppress(Unavailable):
            write()
            return True
        return False

    until(done)
