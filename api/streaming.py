"""Answers that wait until their clients take them: on the disk, since nobody knows how long that is.

How long it may be is the connection's to say (`api.heads`).
"""

import os
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile

from starlette.concurrency import iterate_in_threadpool, run_in_threadpool
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.deps import Service

PIECE_BYTES = 2**18  # of one answer, in memory at a time


class Shelf:
    """Bytes that wait in a file without a name: they are gone when it is closed, and when the process ends, however it does."""

    def __init__(self, folder: Path) -> None:
        self._file = TemporaryFile(dir=folder)  # noqa: SIM115 - `close` closes it
        self.size = 0

    def put(self, content: bytes) -> None:
        """In the place of what was there."""
        self._file.seek(0)
        self._file.truncate()
        self._file.write(content)
        self._file.flush()
        self.size = len(content)

    def pieces(self, start: int = 0, stop: int | None = None) -> Iterator[bytes]:
        stop = self.size if stop is None else stop
        for position in range(start, stop, PIECE_BYTES):
            yield os.pread(self._file.fileno(), min(PIECE_BYTES, stop - position), position)

    def close(self) -> None:
        self._file.close()


class Outlet:
    """Lets answers that are made in one piece wait on a shelf where they are large: then they are in memory no longer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        service: Service | None = getattr(scope["app"].state, "service", None)
        if scope["type"] != "http" or service is None:
            await self.app(scope, receive, send)
            return
        with ExitStack() as stack:
            kept: list[Shelf] = []

            async def send_or_keep(message: Message) -> None:
                body = message.get("body", b"")
                is_large = len(body) > PIECE_BYTES and not message.get("more_body", False)
                shelf = await run_in_threadpool(shelved, service.files, body) if is_large else None
                if shelf is None:
                    await send(message)
                else:
                    stack.callback(shelf.close)
                    kept.append(shelf)

            await self.app(scope, receive, send_or_keep)
            for shelf in kept:
                async for piece in iterate_in_threadpool(shelf.pieces()):
                    await send({"type": "http.response.body", "body": piece, "more_body": True})
                await send({"type": "http.response.body"})


def shelved(folder: Path, content: bytes) -> Shelf | None:
    """None where the disk has no room: then it stays in memory until the client has taken it, or is let go."""
    shelf = Shelf(folder)
    try:
        shelf.put(content)
    except OSError:
        shelf.close()
        return None
    return shelf
