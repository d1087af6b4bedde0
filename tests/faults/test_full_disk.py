"""The disk of the database fills up while a job trains, and is emptied again."""

import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from core.errors import CapacityError
from core.jobs import State
from core.store import Store, connect, upgrade
from tests.faults.harness import Cluster
from tests.faults.jobs import LONG, XOR, Outcome, assert_undisturbed, epochs, submit, wait, wait_for_epoch
from tests.polling import until

ROOM = 2**25


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("file systems may not be mounted here")
    yield disk
    subprocess.run(["umount", "--lazy", str(disk)], check=True)


def test_a_full_disk_fails_a_job_clearly_or_delays_it_and_spoils_nothing(
    small_disk: Path, tmp_path: Path, undisturbed: Callable[[Mapping[str, Any]], Outcome]
) -> None:
    expected, short = undisturbed(LONG), undisturbed(XOR)
    url = f"sqlite:///{small_disk}/gradmill.db"
    upgrade(url)
    store = Store(connect(url))
    with Cluster(url, stuck_limit=100) as cluster:
        cluster.start_broker()
        cluster.start_sweeper()
        cluster.start_worker()
        job = submit(store, tmp_path, LONG)
        wait_for_epoch(store, job, 1)
        filler = small_disk / "filler"
        fill(filler)
        with pytest.raises(CapacityError):
            submit_many(store, tmp_path)
        until(lambda: "disk of the database is full" in cluster.logs(), told=cluster.logs)
        filler.unlink()
        ended = wait(store, job)
        if ended.state == State.SUCCEEDED:
            assert_undisturbed(store, job, expected)
        else:
            assert ended.error is not None
            assert (ended.state, ended.error["code"]) == (State.FAILED, "capacity")
            assert [row.epoch for row in epochs(store, job)] == list(range(1, ended.epoch + 1))
        assert_undisturbed(store, submit(store, tmp_path, XOR), short)
    with connect(url).connect() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalars().all() == ["ok"]
    store.close()


def submit_many(store: Store, directory: Path) -> None:
    """What is free inside of the database's file is used up first."""
    for _ in range(1000):
        submit(store, directory, XOR)


def fill(path: Path) -> None:
    """To the last byte."""
    with path.open("wb", buffering=0) as file:
        for size in (2**20, 2**12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError:
                continue
