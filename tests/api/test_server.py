"""The application under its real server: what only shows on a real connection."""

import json
import signal
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import psutil
import pytest

from core.store import Store
from tests.api.conftest import Worker, xor
from tests.api.server import Server
from tests.keys import AUTHORIZED, HEADER


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    server = Server(database_url, tmp_path)
    yield server
    server.stop()


@pytest.fixture
def client(server: Server) -> Iterator[httpx2.Client]:
    with server.client() as client:
        yield client


def test_an_endless_body_is_cut_off_with_413(server: Server, client: httpx2.Client) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(60)
        connection.sendall(
            f"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\n{HEADER}"
            "Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n".encode()
        )
        chunk = b"100000\r\n" + b" " * 2**20 + b"\r\n"
        answer = b""
        try:
            for _ in range(50):
                connection.sendall(chunk)
            connection.sendall(b"0\r\n\r\n")
        except OSError:
            pass  # the server may close before it has read everything
        answer = connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 413")
    assert b"application/problem+json" in answer
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("GET /v1/datasets?numbers=Fläche HTTP/1.1\r\nHost: localhost\r\n\r\n", "percent-encode their UTF-8"),
        ("GET /healthz HTTP/1.1\r\nHost localhost: 1\r\n: x\r\n\r\n", "no HTTP request that can be read"),
    ],
)
def test_what_is_no_http_is_answered_by_a_problem_document(
    server: Server, client: httpx2.Client, head: str, words: str
) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(60)
        connection.sendall(head.encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    told, _, body = answer.partition(b"\r\n\r\n")
    assert told.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert b"Content-Type: application/problem+json" in told
    problem = json.loads(body)
    assert (problem["code"], problem["status"]) == ("bad_request", 400)
    assert words in problem["detail"]
    assert client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    "beginning",
    [
        b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX-Long: ",
        b"GET /",
        b"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nX-Long: ",
    ],
    ids=["a header", "an address", "a header behind the body"],
)
def test_an_endless_head_is_cut_off_and_holds_nobody_up(server: Server, client: httpx2.Client, beginning: bytes) -> None:
    before = server.most_resident_bytes()
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(60)
        connection.sendall(beginning)
        with pytest.raises(OSError, match=r"reset|pipe"):
            connection.sendall(b"x" * 2**28)
    assert client.get("/healthz").status_code == 200
    assert server.most_resident_bytes() < before + 2**24


def test_many_small_requests_at_once_are_no_long_head(server: Server) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as connection:
        connection.settimeout(60)
        for _ in range(30):
            connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n" * 100)
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 3000:
            piece = connection.recv(2**16)
            assert piece, answers[-500:]
            answers += piece
    assert b"HTTP/1.1 4" not in answers


def test_a_client_that_hangs_up_in_the_middle_of_its_body_costs_only_its_own_request(
    server: Server, client: httpx2.Client
) -> None:
    for path in ("/v1/jobs", "/v1/datasets"):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            kind = "application/json" if path == "/v1/jobs" else "text/csv"
            head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{HEADER}Content-Type: {kind}\r\nContent-Length: 1000\r\n\r\n"
            connection.sendall(head.encode() + b'{"a": ')
    assert client.get("/healthz").status_code == 200
    assert client.get("/v1/datasets").json()["data"] == []
    assert "Traceback" not in server.log.read_text()


def test_a_waiting_request_hears_of_the_end(client: httpx2.Client, store: Store) -> None:
    worker = Worker(store)
    job = client.post("/v1/jobs", json=xor()).json()
    claim = worker.claim()
    etag = client.get(f"/v1/jobs/{job['id']}").headers["etag"]
    answers: list[Any] = []

    def wait() -> None:
        headers = {"Prefer": "wait=50", "If-None-Match": etag}
        answers.append(client.get(f"/v1/jobs/{job['id']}", headers=headers))

    waiting = [threading.Thread(target=wait) for _ in range(5)]
    for thread in waiting:
        thread.start()
    worker.succeed(claim)
    for thread in waiting:
        thread.join(60)
    assert [answer.json()["status"] for answer in answers] == ["succeeded"] * 5


def test_the_server_stops_at_once_although_requests_wait(server: Server, client: httpx2.Client) -> None:
    job = client.post("/v1/jobs", json=xor()).json()
    answers: list[Any] = []
    path = f"{server.address}/v1/jobs/{job['id']}?wait=60"
    waiting = threading.Thread(target=lambda: answers.append(httpx2.get(path, timeout=60, headers=AUTHORIZED)))
    waiting.start()
    while waiting.is_alive() and not _is_connected(server.process.pid):
        time.sleep(0.01)
    server.process.send_signal(signal.SIGTERM)
    server.process.wait(30)  # the wait itself would be twice as long
    waiting.join(30)
    assert answers[0].json()["status"] == "queued"
    assert "Traceback" not in server.log.read_text()


def _is_connected(pid: int) -> bool:
    """Whether the waiting request has come: beside the client's own connection there is another."""
    connections = psutil.Process(pid).net_connections()
    return len([connection for connection in connections if connection.status == "ESTABLISHED"]) >= 2
