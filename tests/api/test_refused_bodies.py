"""Bodies that are answered before their end: nobody reads them to it, and the client sees its answer."""

import socket
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import httpx2
import pytest

from tests.api.server import Server
from tests.keys import HEADER

PIECES = 2**10  # more than the sockets of both sides hold, and what is read behind an answer
PIECE = b" " * 2**16
CHUNK = b"10000\r\n" + PIECE + b"\r\n"
SMALL = 2**15


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    server = Server(database_url, tmp_path)
    yield server
    server.stop()


def asking(server: Server, headers: str, path: str = "/v1/datasets") -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    connection.sendall(f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n".encode())
    return connection


def answer(connection: socket.socket) -> bytes:
    """One problem."""
    content = b""
    while not content.rstrip().endswith(b"}") and (piece := connection.recv(2**16)):
        content += piece
    return content.lower()


def has_ended(connection: socket.socket) -> bool:
    with suppress(ConnectionResetError):
        while piece := connection.recv(2**16):
            assert not piece.startswith(b"HTTP"), piece
    return True


@pytest.mark.parametrize(
    ("headers", "piece", "status"),
    [
        ("Content-Length: 1000000000\r\n", PIECE, 401),
        ("Transfer-Encoding: chunked\r\n", CHUNK, 401),
        (f"{HEADER}Content-Type: text/csv\r\nContent-Length: 9000000000\r\n", PIECE, 413),
        (f"{HEADER}Content-Type: application/json\r\nTransfer-Encoding: chunked\r\n", CHUNK, 415),
        ("Content-Length: 1000000000\r\nConnection: close\r\n", PIECE, 401),
        ("Content-Length: 1000000000\r\nExpect: 100-continue\r\n", PIECE, 401),
    ],
    ids=["no key", "no key, in chunks", "too large", "of a wrong type", "closed anyway", "asked for"],
)
def test_a_refused_body_is_not_read_to_its_end(server: Server, headers: str, piece: bytes, status: int) -> None:
    path = "/v1/weights" if status == 415 else "/v1/datasets"
    with asking(server, headers, path) as connection:
        refused = answer(connection)
        assert refused.startswith(b"http/1.1 %d" % status), refused
        assert b"\r\nconnection: close\r\n" in refused
        with pytest.raises(OSError, match=r"reset|pipe"):
            connection.sendall(piece * PIECES)
        assert has_ended(connection)


def test_a_client_that_sends_nothing_more_is_let_go_too(server: Server) -> None:
    with asking(server, "Transfer-Encoding: chunked\r\n") as connection:
        assert answer(connection).startswith(b"http/1.1 401")
        assert has_ended(connection)


@pytest.mark.parametrize("is_chunked", [False, True], ids=["announced", "in chunks"])
def test_a_client_that_sends_all_before_it_looks_sees_its_answer(server: Server, is_chunked: bool) -> None:
    with httpx2.Client(base_url=server.address, timeout=60) as client:
        for _ in range(3):
            content = (PIECE for _ in range(1000)) if is_chunked else PIECE * 1000
            refused = client.post("/v1/datasets", content=content)
            assert (refused.status_code, refused.headers["connection"]) == (401, "close")


def test_behind_a_small_body_that_comes_late_the_connection_goes_on(server: Server) -> None:
    with asking(server, f"Content-Length: {SMALL}\r\n") as connection:
        for _ in range(3):
            refused = answer(connection)
            assert refused.startswith(b"http/1.1 401")
            assert b"connection: close" not in refused
            connection.sendall(PIECE[:SMALL])
            connection.sendall(f"POST /v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: {SMALL}\r\n\r\n".encode())
        answer(connection)
        connection.sendall(PIECE[:SMALL])
        assert has_ended(connection)  # as one that is idle


def test_a_small_body_that_never_comes_ends_its_connection(server: Server) -> None:
    with asking(server, f"Content-Length: {SMALL}\r\n") as connection:
        assert answer(connection).startswith(b"http/1.1 401")
        connection.sendall(b" ")
        assert has_ended(connection)


def test_what_follows_on_a_refused_body_is_not_done(server: Server) -> None:
    with server.client() as client:
        made = client.post("/v1/datasets", content=b"a\n1\n", headers={"Content-Type": "text/csv"})
        path = f"/v1/datasets/{made.json()['id']}"
        follows = f"DELETE {path} HTTP/1.1\r\nHost: localhost\r\n{HEADER}\r\n".encode()
        for rest in (b"0\r\n\r\n" + follows, b"no chunk at all\r\n\r\n"):
            with asking(server, "Transfer-Encoding: chunked\r\n") as connection:
                assert answer(connection).startswith(b"http/1.1 401")
                connection.sendall(rest)
                assert has_ended(connection)
        assert client.get(path).status_code == 200
        assert client.delete(path).status_code == 204
    assert "Traceback" not in server.log.read_text()
