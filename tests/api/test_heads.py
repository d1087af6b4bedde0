"""Connections that are refused or break: what their clients are told, and that none of them stays."""

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from starlette.types import Receive, Scope, Send
from uvicorn import Config, Server

from api import heads
from core.settings import Settings
from tests.polling import PATIENCE_S

GET = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
POST = b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
PIECE = b"x" * 20_000


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    short = Settings(body_timeout_s=0.2)
    monkeypatch.setattr(heads, "settings", lambda: short)


class Listening:
    def __init__(self, port: int, connections: list[heads.Http]) -> None:
        self.port = port
        self.connections = connections

    @property
    def unsent_bytes(self) -> int:
        return self.connections[-1].transport.get_write_buffer_size()

    async def told(self, *parts: bytes) -> bytes:
        """All that comes back, until the connection ends."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.port)
        for part in parts:
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.05)  # so that the next is another segment
        try:
            return await asyncio.wait_for(reader.read(), PATIENCE_S)
        finally:
            writer.close()


@asynccontextmanager
async def listening(app: Any) -> AsyncIterator[Listening]:
    connections: list[heads.Http] = []

    class Seen(heads.Http):
        def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
            super().connection_made(transport)
            connections.append(self)

    server = Server(Config(app, http=Seen, port=0, log_level="critical", lifespan="off", access_log=False))
    serving = asyncio.create_task(server.serve())
    await true(lambda: server.started)
    yield Listening(server.servers[0].sockets[0].getsockname()[1], connections)
    server.should_exit = server.force_exit = True
    await serving


async def true(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE_S):
        while not condition():
            await asyncio.sleep(0.01)


async def answering(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    length = (b"content-length", b"%d" % len(PIECE))
    await send({"type": "http.response.start", "status": 200, "headers": [length]})
    await send({"type": "http.response.body", "body": PIECE[:9], "more_body": True})
    await asyncio.sleep(0.2)
    await send({"type": "http.response.body", "body": PIECE[9:]})


def connected(port: int) -> socket.socket:
    """A client that has room for little, and takes nothing."""
    client = socket.socket()
    client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    client.connect(("127.0.0.1", port))
    return client


@pytest.mark.parametrize("last", [b"\0rubbish\r\n\r\n", b"GET /" + b"x" * (heads.MOST_BYTES + 1)], ids=["rubbish", "too long"])
def test_a_refusal_that_its_client_does_not_take_keeps_no_connection(last: bytes) -> None:
    async def at_once(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(PIECE))]})
        await send({"type": "http.response.body", "body": PIECE})

    async def run() -> None:
        async with listening(at_once) as server:
            with connected(server.port) as client:
                await true(lambda: bool(server.connections))
                while not server.unsent_bytes:
                    done = server.connections[-1].server_state.total_requests
                    client.sendall(GET)
                    await true(lambda done=done: server.connections[-1].server_state.total_requests > done)  # type: ignore[misc]
                client.sendall(last)
                await true(lambda: server.connections[-1].parser is None)  # it is lost

    asyncio.run(run())


def test_an_answer_that_broke_and_that_its_client_does_not_take_keeps_no_connection() -> None:
    async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        while not server.unsent_bytes:
            await send({"type": "http.response.body", "body": PIECE, "more_body": True})

    async def run() -> None:
        nonlocal server
        async with listening(breaking) as server:
            with connected(server.port) as client:
                client.sendall(GET)
                await true(lambda: bool(server.connections) and server.connections[-1].parser is None)

    server: Listening
    asyncio.run(run())


@pytest.mark.parametrize(
    "rubbish", [b"\0rubbish\r\n\r\n", b"GET /" + b"x" * (heads.MOST_BYTES + 1)], ids=["rubbish", "too long"]
)
@pytest.mark.parametrize("is_late", [False, True])
def test_rubbish_behind_a_request_changes_no_byte_of_its_answer(rubbish: bytes, is_late: bool) -> None:
    async def run() -> bytes:
        async with listening(answering) as server:
            return await server.told(*((GET, rubbish) if is_late else (GET + rubbish,)))

    head, _, body = asyncio.run(run()).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert body == PIECE


@pytest.mark.parametrize(
    ("parts", "told"),
    [
        ((b"GET /fl", "äche HTTP/1.1\r\n".encode()), b"percent-encode their UTF-8"),
        ((GET.replace(b"/ ", b"/\x01 "),), b"characters that no address has"),
        ((POST, b"\xff\xfe\r\n"), b"no HTTP request that can be read"),
        ((b"GET / HTTP/1.1\r\nFl\xc3\xa4che: 1\r\n\r\n",), b"no HTTP request that can be read"),
    ],
    ids=["an address in two segments", "a control character", "no chunk", "a header"],
)
def test_a_refusal_names_what_cannot_be_read(parts: tuple[bytes, ...], told: bytes) -> None:
    async def run() -> bytes:
        async with listening(answering) as server:
            return await server.told(*parts)

    answer = asyncio.run(run())
    assert answer.startswith(b"HTTP/1.1 400")
    assert told in answer
