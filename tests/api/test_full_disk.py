"""A disk without room: each request that needs some is told so, as nobody's mistake, and the service goes on."""

import resource
import subprocess
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from core.store import Store
from tests.api.conftest import xor
from tests.api.server import Server
from tests.api.test_readers import SEVERAL, trained

ROOM = 4 * 2**20
CSV = {"Content-Type": "text/csv"}


@pytest.fixture(params=["a small file system", "a limit of the process"])
def server(request: pytest.FixtureRequest, database_url: str, tmp_path: Path) -> Iterator[Server]:
    data = tmp_path / "data"
    data.mkdir()
    is_mounted = request.param == "a small file system"
    if is_mounted:
        mount = ["mount", "-t", "tmpfs", "-o", f"size={ROOM}", "tmpfs", str(data)]
        if subprocess.run(mount, capture_output=True, check=False).returncode:
            pytest.skip("file systems may not be mounted here")
    server = None
    try:
        server = Server(database_url, tmp_path)
        if not is_mounted:
            resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (ROOM, ROOM))
        yield server
    finally:
        if server is not None:
            server.stop()
        if is_mounted:
            subprocess.run(["umount", str(data)], check=True)


@pytest.fixture
def client(server: Server) -> Iterator[httpx2.Client]:
    with server.client() as client:
        yield client


def refused(answer: httpx2.Response) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, "storage_full"), answer.text
    assert int(answer.headers["retry-after"]) > 0


def test_a_full_disk_is_nobodys_mistake(client: httpx2.Client) -> None:
    line = b"1,1,1,1\n"  # four times as long in a table
    too_long = b"a,b,c,d\n" + line * (3 * ROOM // len(line))
    too_long_as_table = b"a,b,c,d\n" + line * (ROOM // 2 // len(line))
    for content in (too_long, too_long_as_table):
        refused(client.post("/v1/datasets", content=content, headers=CSV))
    rows = ROOM // 2 // len("[1,1,1,1],")
    job = xor(dataset={"inputs": [[1, 1, 1, 1]] * rows, "targets": [0] * rows})
    for path in ("/v1/networks/check", "/v1/jobs"):
        refused(client.post(path, json=job))

    assert client.post("/v1/datasets", content=b"a\n1\n", headers=CSV).status_code == 201
    assert client.post("/v1/jobs", json=xor()).status_code == 202


def test_weights_in_a_form_that_the_disk_does_not_hold_are_there_as_they_are_stored(
    server: Server, client: httpx2.Client, store: Store
) -> None:
    path = f"{trained(server, store, SEVERAL)}/weights"
    refused(client.get(path, params={"format": "npz"}))
    assert client.get(path).status_code == 200
