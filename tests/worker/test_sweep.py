"""The sweeper, in a thread of this process; with real workers to lose it is in tests/faults."""

from collections.abc import Iterator
from threading import Event, Thread

import pytest
from sqlalchemy import Engine, func, select, update

from core.settings import Settings
from core.store import Store, connect
from core.store.blobs import CHUNK, Upload
from core.store.database import Database
from core.store.tables import blobs, uploads
from tests.polling import until
from worker.sweep import clear


@pytest.fixture
def engine(sqlite_url: str) -> Iterator[Engine]:
    engine = connect(sqlite_url)
    yield engine
    engine.dispose()


def crash_while_uploading(engine: Engine) -> None:
    """What is in the database two hours after a process died with the first chunks of a file written."""
    Upload(Database(engine), b"x" * (8 * CHUNK + 1))
    with engine.begin() as connection:
        connection.execute(update(uploads).values(started_at=uploads.c.started_at - 7200))


def chunks(engine: Engine) -> int:
    with engine.connect() as connection:
        return connection.scalar(select(func.count()).select_from(blobs)) or 0


def test_crashed_uploads_are_cleared_up_now_and_then(store: Store, engine: Engine) -> None:
    options = Settings(sweep_every_s=0.01, redis_url="")
    stop = Event()
    crash_while_uploading(engine)
    assert chunks(engine) == 8
    thread = Thread(target=clear, args=(store, options, stop, 0.05))
    thread.start()
    try:
        until(lambda: chunks(engine) == 0)
        crash_while_uploading(engine)
        until(lambda: chunks(engine) == 0)
    finally:
        stop.set()
        thread.join()
