"""The disk of the database fills up while a job trains, and is emptied again."""

import io
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx2
import numpy as np
import pytest

from core.errors import StorageFull
from core.jobs import State
from core.store import Store, connect, upgrade
from tests.faults.harness import Cluster
from tests.faults.jobs import LONG, XOR, Outcome, assert_undisturbed, submit, wait, wait_for_epoch
from tests.faults.load import KINDS
from tests.faults.postgres import Server
from tests.keys import dump
from tests.polling import until

ROOM = 2**25
LONGER: dict[str, Any] = {**LONG, "training": {**LONG["training"], "epochs": 20_000}}


@contextmanager
def small(disk: Path, room: int = ROOM) -> Iterator[Path]:
    """A directory that is a file system of so many bytes."""
    disk.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={room}", "tmpfs", str(disk)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("file systems may not be mounted here")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "--lazy", str(disk)], check=True)


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    with small(tmp_path / "disk") as disk:
        yield disk


@pytest.fixture(params=["all of it", "its write-ahead log"])
def confined(request: pytest.FixtureRequest) -> Iterator[tuple[Server, Path]]:
    """A PostgreSQL server, and the small disk on which this part of it lies; without room in the log it stops."""
    # Not under pytest's directory: run by root, the server opens all directories above its data to its own user.
    with TemporaryDirectory(prefix="gradmill-disk-") as directory, small(Path(directory) / "disk", 2**27) as disk:
        Path(directory).chmod(0o755)
        place = {"data": disk / "data"} if request.param == "all of it" else {"wal": disk / "wal"}
        server = Server(**place, min_wal_size="32MB", max_wal_size="32MB")
        yield server, disk
        server.stop()


def test_a_full_disk_under_postgresql_is_told_and_spoils_nothing(
    confined: tuple[Server, Path], tmp_path: Path, undisturbed: Callable[[Mapping[str, Any]], Outcome]
) -> None:
    server, disk = confined
    expected, short = undisturbed(LONGER), undisturbed(XOR)
    upgrade(server.url)
    engine = connect(server.url)
    store = Store(engine)
    with Cluster(server.url, auth="off", stuck_limit=100) as cluster:
        cluster.start_broker()
        cluster.start_sweeper()
        cluster.start_worker()
        cluster.start_api()
        with httpx2.Client(base_url=cluster.api_url, timeout=60) as client:
            until(lambda: is_ready(client), told=cluster.logs)
            job = submit(store, tmp_path, LONGER)
            wait_for_epoch(store, job, 1)
            filler = disk / "filler"
            fill(filler)
            told: Counter[tuple[int, str]] = Counter()
            until(lambda: is_refused(client, told) and ("PANIC" in server.text() or told[503, "storage_full"] > 5))
            assert {status for status, _ in told} <= {201, 503}, told
            assert client.get("/v1/jobs").status_code in (200, 503)
            assert client.post("/v1/jobs", json=KINDS["short"]).status_code in (202, 503)
            filler.unlink()
            until(lambda: is_back(server), told=server.text)
            until(lambda: is_ready(client), told=cluster.logs)
        ended = wait(store, job)
        assert ended.state == State.SUCCEEDED, ended.error
        assert_undisturbed(store, job, expected)
        assert_undisturbed(store, submit(store, tmp_path, XOR), short)
    assert dump(store)  # every page has a checksum
    with engine.connect() as connection:
        assert connection.exec_driver_sql("SHOW data_checksums").scalar_one() == "on"
        assert connection.exec_driver_sql("SELECT sum(checksum_failures) FROM pg_stat_database").scalar_one() == 0
    store.close()


def is_ready(client: httpx2.Client) -> bool:
    try:
        return client.get("/readyz").status_code == 200
    except httpx2.TransportError:
        return False


def is_refused(client: httpx2.Client, told: Counter[tuple[int, str]]) -> bool:
    """Whether another dataset of a megabyte is; the answers are counted by their status and code."""
    content = io.StringIO("a,b,c,d\n")
    content.seek(0, io.SEEK_END)
    np.savetxt(content, np.random.default_rng(told.total()).standard_normal((2**15, 4)), "%.17g", ",")
    answer = client.post("/v1/datasets?format=csv", content=content.getvalue().encode())
    told[answer.status_code, answer.json().get("code", "")] += 1
    return answer.status_code == 503


def is_back(server: Server) -> bool:
    """Started again by its operator, where it has stopped."""
    if not server.is_running():
        server.start()
    return server.answers()


def test_a_full_disk_delays_a_job_and_spoils_nothing(
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
        with pytest.raises(StorageFull):
            submit_many(store, tmp_path)
        until(lambda: "disk of the database is full" in cluster.logs(), told=cluster.logs)
        filler.unlink()
        ended = wait(store, job)
        assert ended.state == State.SUCCEEDED, ended.error
        assert_undisturbed(store, job, expected)
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
