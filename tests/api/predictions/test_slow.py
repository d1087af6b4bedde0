"""Clients that read predictions of large datasets slowly: the service makes their answers, and is there for others."""

import socket
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import numpy as np
import orjson
import pytest

from api.deps import TABLES
from api.predicting import LARGE_BYTES
from core.nn.preparation.features import Number
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.targets import Target
from core.nn.saving.model import Card
from core.nn.saving.weights import to_safetensors
from core.nn.spec import NetworkSpec, TrainingSpec
from tests.api.conftest import JSON, RESULT, Worker
from tests.api.server import Server
from tests.api.test_readers import held
from tests.keys import HEADER
from tests.polling import until

ROWS = 100_000
READERS = TABLES + 2


@pytest.fixture
def path(submitted: Callable[..., JSON], worker: Worker) -> str:
    """y = the first column."""
    network = NetworkSpec.model_validate({"layers": [{"units": 1}]})
    features, targets = (Number("x0", 0.0, 1.0, 0.0),), (Target("y", "number"),)
    card = Card(network, TrainingSpec.model_validate({"loss": "huber"}).loss, Preprocessing(features, targets))
    weights = {"0.weight": np.ones((1, 1), np.float32), "0.bias": np.zeros(1, np.float32)}
    job = submitted()
    worker.store.jobs.succeed(worker.claim(), RESULT, {"best": to_safetensors(weights, card.to_json())})
    return f"/v1/jobs/{job['id']}/predict"


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    server = Server(database_url, tmp_path, GRADMILL_BODY_TIMEOUT_S="600")
    yield server
    server.stop()


def asking(server: Server, path: str, dataset: str) -> socket.socket:
    """A connection that has the first bytes of the answer, and room for few of the others."""
    connection = socket.socket()
    connection.settimeout(60)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    connection.connect(("127.0.0.1", server.port))
    body = orjson.dumps({"dataset": dataset})
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{HEADER}Content-Type: application/json\r\nAccept: text/csv\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


def tables(server: Server) -> int:
    """Of datasets, that the service has mapped."""
    maps = Path(f"/proc/{server.process.pid}/maps").read_text()
    return sum("/uploads-" in line for line in maps.splitlines())


def test_readers_that_take_nothing_hold_neither_places_nor_tables(server: Server, path: str) -> None:
    columns = LARGE_BYTES // (8 * ROWS) + 1
    file = BytesIO()
    np.save(file, np.arange(ROWS * columns).reshape(ROWS, columns) / 8)
    with server.client() as client, ExitStack() as readers:
        headers = {"Content-Type": "application/x-npy"}
        dataset = client.post("/v1/datasets", content=file.getvalue(), headers=headers).json()["id"]
        for _ in range(READERS):
            readers.enter_context(asking(server, path, dataset))
        lines = client.post(path, json={"dataset": dataset}, headers={"Accept": "text/csv"}).text.splitlines()
        assert (lines[0], len(lines)) == ("y", ROWS + 1)
        assert [float(line) for line in lines[1:]] == [float(np.float32(row * columns / 8)) for row in range(ROWS)]
        until(lambda: tables(server) == 0)
        assert len(held(server)) == READERS
    until(lambda: not held(server))
    assert "Traceback" not in server.log.read_text()
