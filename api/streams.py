"""Server-sent events (WHATWG HTML, section 9.2): an answer that goes on while things happen.

A stream reads what is there, sends it piece by piece, each when the one before has left, and waits for more with all others
who wait: meanwhile it holds no thread and no connection to the database. Every event carries the place behind it, so that a
client that comes again with `Last-Event-ID` goes on exactly there.
"""

import asyncio
import random
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing, suppress
from dataclasses import dataclass

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from api.answers import JSON, dumped
from api.deps import Service
from api.limits.places import AT_END
from api.watch import Watcher
from core.errors import CoreError, Unavailable
from core.keys import Key, allows
from core.store import Caller

MEDIA_TYPE = "text/event-stream"
HEARTBEAT_S = 15.0
LOOK_S = 1.0  # between two looks at the key of a stream that has something to tell
OUTAGE_S = 1.0  # between two looks at a database that does not answer
RETRY_S = 1.0  # after which a client comes again, or up to twice as long after, lest all come at once
AT_ONCE = 200  # events, and as many epochs, in one piece
HEARTBEAT = b": alive\n\n"

_HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Vary": "Accept"}


@dataclass(frozen=True, slots=True)
class Piece:
    body: bytes
    has_more: bool = False  # there already
    is_last: bool = False  # nothing will ever follow
    version: int = 0  # of what is watched, when this was read


def message(id: str, type: str, data: JSON) -> bytes:
    """One event; JSON is one line."""
    return b"id: %b\nevent: %b\ndata: %b\n" % (id.encode(), type.encode(), dumped(data))


def bookmark(id: str) -> bytes:
    """Tells the place without an event."""
    return b"id: %b\n\n" % id.encode()


def open_stream(request: Request, service: Service, watcher: Watcher, watched: str, read: Callable[[], Piece]) -> Response:
    """What `read` gives, again whenever the version of what is watched has changed.

    Refused where the tenant has as many streams open as it may.
    """
    caller: Caller = request.scope["caller"]
    request.scope[AT_END].callback(service.streams.take(caller.tenant))
    return _Stream(_followed(watcher, watched, read, service, request.scope["key"]), service.settings.stream_s)


async def _followed(
    watcher: Watcher, watched: str, read: Callable[[], Piece], service: Service, key: Key | None
) -> AsyncGenerator[bytes, None]:
    """Until nothing can follow, the key is no longer good, or the server stops."""
    now = asyncio.get_running_loop().time
    looked_at = now()
    while not watcher.is_closed:
        try:
            piece = await run_in_threadpool(read)
        except Unavailable:
            yield HEARTBEAT
            await asyncio.sleep(OUTAGE_S)
            continue
        if now() - looked_at >= LOOK_S:
            if not await _is_good(service, key):
                return
            looked_at = now()
        if piece.body:
            yield piece.body
        if piece.is_last:
            return
        # The pause varies, lest the heartbeats of streams that were opened together come at once.
        while not piece.has_more and not await watcher.wait(
            watched,
            piece.version,
            HEARTBEAT_S * random.uniform(0.8, 1.0),  # noqa: S311
            is_patient=True,
        ):
            if watcher.is_closed or not await _is_good(service, key):
                return
            looked_at = now()
            yield HEARTBEAT


async def _is_good(service: Service, key: Key | None) -> bool:
    if key is None:
        return True
    with suppress(Unavailable):
        caller = await run_in_threadpool(service.store.keys.caller, key)
        return caller is not None and caller.refusal is None and allows(caller.scopes, "read")
    return True


class _Stream(Response):
    """Ends when its pieces do, after `longest_s`, or with its client.

    What breaks meanwhile ends it too: the client comes again, and is told then what is wrong.
    """

    media_type = MEDIA_TYPE

    def __init__(self, pieces: AsyncGenerator[bytes, None], longest_s: float) -> None:
        super().__init__(None, 200, _HEADERS)
        del self.headers["content-length"]
        self._pieces = pieces
        self._longest_s = longest_s

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002
        sending = asyncio.create_task(self._send(send))
        leaving = asyncio.create_task(_left(receive))
        try:
            await asyncio.wait({sending, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                await sending
        finally:
            sending.cancel()
            leaving.cancel()
            await asyncio.gather(sending, leaving, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        async def out(body: bytes, more: bool = True) -> None:
            await send({"type": "http.response.body", "body": body, "more_body": more})

        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        await out(_retry())
        with suppress(TimeoutError, CoreError):
            async with asyncio.timeout(self._longest_s), aclosing(self._pieces):
                async for piece in self._pieces:
                    await out(piece)
        with suppress(TimeoutError):  # it reads nothing any more
            async with asyncio.timeout(HEARTBEAT_S):
                await out(_retry(), more=False)


def _retry() -> bytes:
    return b"retry: %d\n\n" % (RETRY_S * 1000 * random.uniform(1, 2))  # noqa: S311


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
