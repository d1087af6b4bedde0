"""Heavy work takes turns, and a client that is slow holds nobody up."""

import asyncio
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import httpx2
import psutil
import pytest

from api.errors import Refused
from api.limits.turns import Turns
from core.store import Store
from tests.api.conftest import xor
from tests.api.server import Server
from tests.keys import HEADER, issued
from tests.polling import PATIENCE_S, until


def test_some_work_some_wait_and_the_rest_is_told_to_come_back() -> None:
    async def run() -> list[str]:
        turns, done, said = Turns(at_once=1, most_waiting=1, most_of_one=2), asyncio.Event(), []

        async def work(name: str) -> None:
            try:
                async with turns.turn("acme"):
                    said.append(f"{name} works")
                    await done.wait()
            except Refused as refused:
                said.append(f"{name}: {refused.code}, again in {(refused.headers or {})['Retry-After']} s")
                done.set()

        async with asyncio.TaskGroup() as tasks:
            for name in ("first", "second", "third"):
                tasks.create_task(work(name))
        return said

    assert sorted(asyncio.run(run())) == ["first works", "second works", "third: busy, again in 5 s"]


def test_what_has_begun_has_its_next_turn_and_takes_no_place_of_those_that_wait_for_their_first() -> None:
    async def run() -> list[str]:
        turns, said = Turns(at_once=1, most_waiting=1, most_of_one=2), []
        give_back = await turns.taken("acme")

        async def go_on() -> None:
            async with turns.next_turn("acme"):
                said.append("goes on")

        async def begin() -> None:
            async with turns.turn("other"):
                said.append("begins")

        async with asyncio.TaskGroup() as tasks:
            for _ in range(3):
                tasks.create_task(go_on())
            tasks.create_task(begin())
            await asyncio.sleep(0)
            for tenant in ("acme", "third"):
                with pytest.raises(Refused, match="1 requests of this kind wait already"):
                    await turns.taken(tenant)
            said.append("gives back")
            give_back()
        async with turns.turn("acme"):
            said.append("works")
        return said

    assert asyncio.run(run()) == ["gives back", "begins", "goes on", "goes on", "goes on", "works"]


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[Server]:
    server = Server(database_url, tmp_path, GRADMILL_BODY_TIMEOUT_S="1")
    yield server
    server.stop()


def begun(server: Server, path: str, kind: str, body: bytes, missing: int = 9) -> socket.socket:
    """A connection that announces so many bytes more than it sends."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    length = len(body) + missing
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{HEADER}Content-Type: {kind}\r\nContent-Length: {length}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


@pytest.mark.parametrize(("path", "kind"), [("/v1/jobs", "application/json"), ("/v1/datasets", "text/csv")])
def test_a_body_of_which_nothing_comes_is_given_up(server: Server, path: str, kind: str) -> None:
    with begun(server, path, kind, b"{") as connection:
        answer = b""
        while piece := connection.recv(65536):  # until the server closes
            answer += piece
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"application/problem+json" in answer


@pytest.mark.parametrize(("path", "kind"), [("/v1/jobs", "application/json"), ("/v1/datasets", "text/csv")])
def test_a_body_that_comes_byte_by_byte_is_given_up_although_it_never_stops(server: Server, path: str, kind: str) -> None:
    with begun(server, path, kind, b"{", 100_000) as connection:
        connection.settimeout(0.1)  # the pause between two bytes, a tenth of that after which a silent one is given up
        answer, give_up_at = b"", time.monotonic() + PATIENCE_S
        while b"}" not in answer and time.monotonic() < give_up_at:
            with suppress(OSError):
                connection.sendall(b" ")
                answer += connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"bytes of the body came in 1 seconds" in answer


def test_a_body_that_came_fast_may_not_come_byte_by_byte_from_then_on(server: Server) -> None:
    with begun(server, "/v1/datasets", "text/csv", b"1,2\n" * 2**19, 100_000) as connection:  # a minute's worth and more
        connection.settimeout(0.1)
        answer, give_up_at = b"", time.monotonic() + PATIENCE_S
        while b"}" not in answer and time.monotonic() < give_up_at:
            with suppress(OSError):
                connection.sendall(b" ")
                answer += connection.recv(65536)
    assert answer.startswith(b"HTTP/1.1 408")
    assert b"bytes of the body came in 1 seconds" in answer


def test_a_slow_body_that_comes_fast_enough_is_read_to_its_end(server: Server) -> None:
    piece, pieces = b" " * 2**12, 16
    with begun(server, "/v1/networks/check", "application/json", b"{}", pieces * len(piece)) as connection:
        for _ in range(pieces):  # two seconds, where one of silence is the limit
            connection.sendall(piece)
            time.sleep(0.12)
        assert connection.recv(65536).startswith(b"HTTP/1.1 422")


def test_bodies_that_never_end_cost_no_memory(server: Server) -> None:
    before = server.most_resident_bytes()
    with ExitStack() as connections:
        for _ in range(20):
            connections.enter_context(begun(server, "/v1/jobs", "application/json", b" " * (9 * 2**20)))
        assert server.most_resident_bytes() < before + 64 * 2**20
    assert httpx2.get(f"{server.address}/healthz").status_code == 200


def test_a_crowd_that_waits_and_uploads_slowly_holds_nobody_up_and_takes_no_threads(database_url: str, tmp_path: Path) -> None:
    server = Server(database_url, tmp_path)
    try:
        with server.client() as client, ExitStack() as crowd:
            job = client.post("/v1/jobs", json=xor()).json()
            path = f"/v1/jobs/{job['id']}"
            for _ in range(200):
                waiting = crowd.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
                waiting.sendall(f"GET {path}?wait=60 HTTP/1.1\r\nHost: localhost\r\n{HEADER}\r\n".encode())
            for _ in range(50):
                crowd.enter_context(begun(server, "/v1/datasets", "text/csv", b"a,b\n" + b"1,2\n" * 10_000, 2**20))
            until(lambda: len(psutil.Process(server.process.pid).net_connections()) > 250)
            for _ in range(20):
                assert client.get(path).status_code == 200
            assert psutil.Process(server.process.pid).num_threads() < 80
    finally:
        server.stop()


def test_a_tenant_that_waits_in_all_its_places_leaves_those_of_others_free_and_gets_them_back(
    database_url: str, store: Store, tmp_path: Path
) -> None:
    other = issued(store, "other")
    server = Server(database_url, tmp_path, GRADMILL_TENANT_OPEN_REQUESTS="3")
    try:
        with server.client() as client:
            path = f"/v1/jobs/{client.post('/v1/jobs', json=xor()).json()['id']}"
            with ExitStack() as crowd:
                for _ in range(3):
                    waiting = crowd.enter_context(socket.create_connection(("127.0.0.1", server.port), timeout=60))
                    waiting.sendall(f"GET {path}?wait=60 HTTP/1.1\r\nHost: localhost\r\n{HEADER}\r\n".encode())
                until(lambda: client.get(path).status_code == 429)
                refused = client.get(path)
                assert refused.json()["code"] == "too_many_requests"
                assert "3 of your tenant are being answered" in refused.json()["detail"]
                assert refused.headers["retry-after"] == "1"
                assert httpx2.get(f"{server.address}/v1/jobs", headers=other).status_code == 200
                assert client.get("/healthz").status_code == 200
            until(lambda: client.get(path).status_code == 200)
    finally:
        server.stop()
