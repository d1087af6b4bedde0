"""How much of a tenant's may be on its way at once, and for how long."""

import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import httpx2
import pytest

from api.errors import Refused
from api.limits.arrivals import Arrivals
from core.quotas import Quotas
from core.store import Store
from tests.api.server import Server
from tests.keys import AUTHORIZED, issued
from tests.polling import PATIENCE_S, until

CSV = {"Content-Type": "text/csv"}
JSON = {"Content-Type": "application/json"}
LARGE = 300_000  # bytes of a JSON request


@pytest.fixture
def started(database_url: str, tmp_path: Path) -> Iterator[Callable[..., Server]]:
    servers: list[Server] = []

    def start(**settings: str) -> Server:
        servers.append(Server(database_url, tmp_path, **settings))
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


def begun(
    server: Server, path: str, kind: dict[str, str], length: int | None, key: dict[str, str] = AUTHORIZED
) -> socket.socket:
    """A connection on which a body is to come, of so many bytes or in chunks."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    size = {"Transfer-Encoding": "chunked"} if length is None else {"Content-Length": str(length)}
    lines = "".join(f"{name}: {value}\r\n" for name, value in {"Host": "localhost", **kind, **key, **size}.items())
    connection.sendall(f"POST {path} HTTP/1.1\r\n{lines}\r\n".encode())
    return connection


def coming(server: Server, path: str, kind: dict[str, str], length: int | None) -> socket.socket:
    """One whose body the service has asked for, which counts from then on."""
    connection = begun(server, path, {**kind, "Expect": "100-continue"}, length)
    assert connection.recv(2**16) == b"HTTP/1.1 100 Continue\r\n\r\n"
    return connection


def chunk(size: int) -> bytes:
    return b"%x\r\n" % size + b"1\n" * (size // 2) + b"\r\n"


def answered(connection: socket.socket) -> str:
    """All until its document's end."""
    answer = b""
    while b'"request_id"' not in answer and (piece := connection.recv(2**16)):
        answer += piece
    return answer.decode()


def sent(server: Server, content: bytes = b"a\n1\n", **headers: str) -> Any:
    return httpx2.post(f"{server.address}/v1/datasets", content=content, headers={**AUTHORIZED, **CSV, **headers})


def checked(server: Server, size: int) -> Any:
    headers = {**AUTHORIZED, **JSON}
    return httpx2.post(f"{server.address}/v1/networks/check", content=b"{}".ljust(size), headers=headers)


def test_a_tenant_has_so_many_large_bodies_on_their_way_and_gets_their_places_back(
    started: Callable[..., Server], store: Store
) -> None:
    server = started(GRADMILL_TENANT_OPEN_UPLOADS="3")
    with ExitStack() as crowd:
        for path, kind, length in (
            ("/v1/datasets", CSV, None),
            ("/v1/weights", {"Content-Type": "application/octet-stream"}, 1000),
            ("/v1/jobs", JSON, LARGE),
        ):
            crowd.enter_context(coming(server, path, kind, length))
        crowd.enter_context(coming(server, "/v1/jobs", JSON, 1000))  # of these there may be more
        for refused in (sent(server), checked(server, LARGE)):
            assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
            assert refused.json()["detail"].startswith(
                "open_uploads: 3 large bodies of your tenant are on their way, which is its"
            )
            assert refused.headers["retry-after"] == "5"
        assert checked(server, 1000).status_code == 422
        assert sent(server, **issued(store, "other")).status_code == 201
    until(lambda: sent(server).status_code == 201)
    assert checked(server, LARGE).status_code == 422


def test_a_tenant_has_so_many_bytes_on_their_way_whether_they_are_announced_or_not(started: Callable[..., Server]) -> None:
    server = started(GRADMILL_TENANT_OPEN_UPLOAD_BYTES="1000000")
    with coming(server, "/v1/datasets", CSV, 900_000):
        told = "open_upload_bytes: with this body 1,100,002 bytes of your tenant would be on their way, more than 1,000,000"
        refused = sent(server, b"a\n" + b"1\n" * 100_000)
        assert (refused.status_code, refused.json()["detail"].startswith(told)) == (429, True), refused.text
        with begun(server, "/v1/datasets", CSV, None) as connection:
            connection.sendall(chunk(90_000))
            connection.sendall(chunk(90_000))
            answer = answered(connection)
        assert answer.startswith("HTTP/1.1 429"), answer
        assert "open_upload_bytes: with this body 1,0" in answer
        assert sent(server).status_code == 201
    until(lambda: sent(server, b"a\n" + b"1\n" * 100_000).status_code == 201)


@pytest.mark.parametrize("length", [1_000_001, None], ids=["announced", "in chunks"])
def test_a_body_that_no_other_keeps_from_coming_and_yet_cannot_come_is_too_large(
    started: Callable[..., Server], length: int | None
) -> None:
    server = started(GRADMILL_TENANT_OPEN_UPLOAD_BYTES="1000000")
    with begun(server, "/v1/datasets", CSV, length) as connection:
        with suppress(OSError):
            connection.sendall(chunk(1_000_100))
        answer = answered(connection)
    assert answer.startswith("HTTP/1.1 413")
    assert "the body is larger than 1000000 bytes, the most that is taken here" in answer


@pytest.mark.parametrize(
    ("path", "kind"), [("/v1/datasets", CSV), ("/v1/weights", {"Content-Type": "application/octet-stream"})]
)
def test_a_file_that_does_not_say_how_long_it_is_is_refused_as_soon_as_there_is_no_room_for_what_came(
    started: Callable[..., Server], store: Store, path: str, kind: dict[str, str]
) -> None:
    server = started()
    small = issued(store, "small")
    store.quotas.set("small", Quotas(stored_bytes=1000))
    with begun(server, path, kind, None, small) as connection:  # it never ends
        connection.sendall(chunk(1000))
        connection.sendall(chunk(2))
        answer = answered(connection)
    assert answer.startswith("HTTP/1.1 422")
    assert "1,002 bytes of the file came, 0 are stored, your quota is 1,000" in answer


def test_a_file_that_is_there_may_come_again_in_chunks_although_there_is_no_room_for_it(
    started: Callable[..., Server], store: Store
) -> None:
    server, small = started(), issued(store, "small")
    rows = b"a\n" + b"1\n" * 10_000
    assert sent(server, rows, **small).status_code == 201
    store.quotas.set("small", Quotas(stored_bytes=1))
    headers = {**CSV, **small}
    with httpx2.Client(base_url=server.address, headers=headers) as client:
        again = client.post("/v1/datasets", content=iter([rows[:100], rows[100:]]))
        assert again.status_code == 200, again.text
        refused = client.post("/v1/datasets", content=iter([rows, b"2\n"]))
    assert (refused.status_code, refused.json()["code"]) == (422, "quota_exceeded")
    assert "20,004 bytes of the file came" in refused.json()["detail"]


@pytest.mark.parametrize(("path", "kind"), [("/v1/datasets", CSV), ("/v1/jobs", JSON)])
def test_a_body_that_comes_fast_enough_and_does_not_end_is_given_up(
    started: Callable[..., Server], path: str, kind: dict[str, str]
) -> None:
    server = started(GRADMILL_BODY_LONGEST_S="1", GRADMILL_BODY_BYTES_PER_S="1")
    with begun(server, path, kind, None) as connection:
        connection.settimeout(0.1)
        answer, give_up_at = b"", time.monotonic() + PATIENCE_S
        while b"}" not in answer and time.monotonic() < give_up_at:
            with suppress(OSError):
                connection.sendall(chunk(10))
                answer += connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"the body did not come to its end in 1 seconds; " in answer


def test_what_arrives_counts_once_and_until_its_end() -> None:
    arrivals = Arrivals(most=2, most_bytes=100)
    with arrivals.arrival("acme", small_bytes=10) as small, arrivals.arrival("acme", small_bytes=10) as large:
        small.reaches(10)
        assert not arrivals.bodies
        large.reaches(60)
        large.reaches(20)  # what was announced comes
        large.reaches(70)
        assert (arrivals.bodies["acme"], arrivals.bytes["acme"]) == (1, 70)
        with pytest.raises(Refused):
            small.reaches(31)
        small.reaches(30)
        with pytest.raises(Refused, match=r"open_uploads: 2 "), arrivals.arrival("acme") as third:
            third.reaches(0)
        with arrivals.arrival("other") as other:
            other.reaches(100)
    assert not arrivals.bodies
    assert not arrivals.bytes
