"""The command of docs/operations.md gives the room of what was removed back to the disk, and does no harm to those at work."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pysqlite3
import pytest
from sqlalchemy import make_url

from core.jobs import State
from core.store import Claim, Dataset, Store, connect
from tests.conformance.rows import checkpoint, epoch_rows
from tests.polling import until

_VACUUM = "import pysqlite3, sys; pysqlite3.connect(sys.argv[1], timeout=60).execute('VACUUM')"
MIB = 2**20


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """PostgreSQL looks after its room itself."""
    return sqlite_url


@pytest.fixture
def file(database_url: str) -> Path:
    return Path(str(make_url(database_url).database))


@pytest.fixture
def other(database_url: str) -> Iterator[Store]:
    """As another process has it."""
    store = Store(connect(database_url))
    yield store
    store.close()


def test_the_file_shrinks_while_jobs_go_on(
    store: Store, other: Store, claimed: Callable[..., Claim], add_dataset: Callable[..., Dataset], file: Path
) -> None:
    claim, is_done, has_begun = claimed(epochs=1_000_000), Event(), Event()
    for number in range(3):
        store.datasets.delete("default", add_dataset(bytes([number]) * 4 * MIB).id)
    epoch = 0

    def train() -> None:
        nonlocal epoch
        while not is_done.wait(0.002):
            epoch += 1
            store.jobs.record_epochs(claim, epoch_rows(epoch, epoch), str(epoch).encode())
            has_begun.set()

    training = Thread(target=train)
    training.start()
    try:
        assert has_begun.wait(60)
        subprocess.run([sys.executable, "-c", _VACUUM, str(file)], check=True, timeout=120)
        before = other.jobs.get("default", claim.job.id).epoch
        until(lambda: other.jobs.get("default", claim.job.id).epoch > before)
    finally:
        is_done.set()
        training.join()
    job = other.jobs.get("default", claim.job.id)
    assert (job.state, job.epoch) == (State.RUNNING, epoch)
    assert [row.epoch for row in other.epochs.page("default", job.id, 0, 1_000_000)] == list(range(1, epoch + 1))
    assert checkpoint(other, claim) == str(epoch).encode()
    other.jobs.succeed(claim, {}, {"last": b"weights"})
    for each in (store, other):
        each.close()
    assert file.stat().st_size < 4 * MIB
    looking = pysqlite3.connect(str(file))
    assert looking.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    looking.close()
