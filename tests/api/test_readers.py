"""Clients that are slow to take their answers, or never do: what they cost, and when they are let go."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from dataclasses import replace
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.exports.golden import Golden
from core.nn.saving.weights import to_safetensors
from core.nn.spec import NetworkSpec
from core.store import Store
from tests.api.conftest import CARD, RESULT, Worker, xor
from tests.api.server import Server
from tests.keys import HEADER
from tests.polling import PATIENCE_S, until

READERS = 10
MANY = 1_000_000  # units of a hidden layer: 20 MB of weights
SEVERAL = 600_000  # of which there are more bytes than the sockets of both sides hold
BYTES_PER_UNIT = 20
COLUMNS = 9
TEXTS = 1_000  # of as many characters, in each column


@pytest.fixture
def started(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(**settings: str) -> Server:
        servers.append(Server(database_url, tmp_path, **settings))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def trained(server: Server, store: Store, units: int) -> str:
    """The path of a job with so many units in a hidden layer, and no golden vectors, which would have to be predicted."""
    with server.client() as client:
        job = client.post("/v1/jobs", json=xor()).json()
    network = NetworkSpec.model_validate({"layers": [{"units": units}, {"units": 2}]})
    arrays = {
        "0.weight": np.arange(2 * units, dtype=np.float32).reshape(units, 2),
        "0.bias": np.zeros(units, np.float32),
        "1.weight": np.ones((2, units), np.float32),
        "1.bias": np.zeros(2, np.float32),
    }
    weights = to_safetensors(arrays, {**replace(CARD, network=network).to_json(), "golden": Golden.none().to_json()})
    store.jobs.succeed(Worker(store).claim(), RESULT, {"best": weights})
    return f"/v1/jobs/{job['id']}"


def described(server: Server) -> str:
    """The path of a dataset with many long texts."""
    rows = (",".join(f"x{TEXTS * column + row:0999}" for column in range(COLUMNS)) for row in range(TEXTS))
    body = "\n".join([",".join("abcdefghi"), *rows]).encode()
    with server.client() as client:
        answer = client.post("/v1/datasets", content=body, headers={"Content-Type": "text/csv"})
    assert answer.status_code == 201, answer.text
    return f"/v1/datasets/{answer.json()['id']}"


def asking(server: Server, path: str, method: str = "GET", body: bytes = b"") -> socket.socket:
    """A connection that has asked, and has got the first bytes of a good answer."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    connection.sendall(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{HEADER}{length}\r\n".encode() + body)
    head = connection.recv(12)
    if head != b"HTTP/1.1 200":
        with connection:
            raise AssertionError((head + connection.recv(2**16)).decode())
    return connection


def connected(server: Server) -> int:
    return sum(each.status == "ESTABLISHED" for each in psutil.Process(server.process.pid).net_connections("tcp"))


def held(server: Server) -> list[str]:
    """Files of the service's folder that it has open, those without a name too."""
    found = []
    for link in Path(f"/proc/{server.process.pid}/fd").iterdir():
        target = str(link.readlink()) if link.is_symlink() else ""
        if "/uploads-" in target and not target.endswith("/lock"):
            found.append(target)
    return found


@pytest.mark.parametrize("form", ["npz", "onnx"])
def test_converted_weights_that_nobody_reads_cost_no_memory(started: Callable[..., Server], store: Store, form: str) -> None:
    server = started()
    path = f"{trained(server, store, MANY)}/weights?format={form}"
    nobody_reads(server, path, BYTES_PER_UNIT * MANY, is_shared=True)


def test_a_large_answer_that_nobody_reads_costs_no_memory(started: Callable[..., Server]) -> None:
    server = started()
    path = f"{described(server)}?values=all"
    with server.client() as client:
        size = len(client.get(path).content)
    assert size > 2**22
    nobody_reads(server, path, size)


def nobody_reads(server: Server, path: str, size: int, is_shared: bool = False) -> None:
    """The first of the readers bring the memory along that making their answers takes; the others nothing. Each has a file of
    its own, unless it `is_shared`: then there is one, which is kept for others."""
    asked = 0
    with ExitStack() as readers:
        for count in (READERS, 3 * READERS):
            before = server.resident_bytes()
            while (asked if is_shared else len(held(server))) < count:
                readers.enter_context(asking(server, path))
                asked += 1
        assert server.resident_bytes() < before + READERS * size
    until(lambda: len(held(server)) == int(is_shared))


def test_whoever_takes_nothing_of_an_answer_is_let_go(started: Callable[..., Server], store: Store) -> None:
    server = started(GRADMILL_BODY_TIMEOUT_S="1")
    job, dataset = trained(server, store, SEVERAL), described(server)
    paths = [f"{job}/weights", f"{job}/weights?format=npz", f"{dataset}?values=all"]
    with ExitStack() as readers:
        for path in paths:
            readers.enter_context(asking(server, path))
        until(lambda: connected(server) == 0)
        assert len(held(server)) == 1  # that of the npz, which is kept
    assert "Traceback" not in server.log.read_text()


def test_whoever_takes_an_answer_slowly_but_fast_enough_gets_it_whole(started: Callable[..., Server], store: Store) -> None:
    server = started(GRADMILL_BODY_TIMEOUT_S="1", GRADMILL_BODY_BYTES_PER_S="100000")
    path = f"{trained(server, store, SEVERAL)}/weights?format=npz"
    with server.client() as client:
        whole = client.get(path).content
    with asking(server, path) as connection:
        answer = b""
        while len(answer.partition(b"\r\n\r\n")[2]) < len(whole):
            piece = connection.recv(2**17)
            assert piece, f"ended after {len(answer)} bytes"
            answer += piece
            time.sleep(0.02)  # two seconds in all, where one without a byte is the limit
    assert answer.partition(b"\r\n\r\n")[2] == whole


def test_converted_weights_count_for_their_tenant_as_long_as_they_are_read(
    started: Callable[..., Server], store: Store
) -> None:
    server = started(GRADMILL_TENANT_ANSWER_BYTES=str(3 * BYTES_PER_UNIT * SEVERAL // 2))
    path = f"{trained(server, store, SEVERAL)}/weights"
    with server.client() as client:
        with asking(server, f"{path}?format=npz"), asking(server, f"{path}?format=npz"):  # one file, which counts once
            assert client.get(f"{path}?format=npz", headers={"Range": "bytes=0-9"}).status_code == 206
            refused = client.get(f"{path}?format=torch")
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
            assert "read one of them to its end" in refused.json()["detail"]
        until(lambda: client.get(f"{path}?format=torch").status_code == 200)


def test_an_answer_that_is_taken_fast_enough_and_does_not_end_is_given_up(started: Callable[..., Server]) -> None:
    server = started(GRADMILL_ANSWER_LONGEST_S="1", GRADMILL_BODY_BYTES_PER_S="1")
    path = f"{described(server)}?values=all"
    with server.client() as client:
        size = len(client.get(path).content)
    with asking(server, path) as connection:
        taken, give_up_at = 0, time.monotonic() + PATIENCE_S
        with suppress(ConnectionResetError):
            while (piece := connection.recv(1000)) and time.monotonic() < give_up_at:
                taken += len(piece)
                time.sleep(0.02)
        assert time.monotonic() < give_up_at
    assert taken < size
    assert "an answer was not taken in 1 seconds: its client is let go" in server.log.read_text()
    assert held(server) == []
