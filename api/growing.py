"""Answers that are made at the pace of the service and taken at that of their clients: a file lies between the two.

How long that may take is the connection's to say (`api.heads`).
"""

import asyncio
import logging
import os
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import StreamingResponse
from starlette.types import Send

from api.streaming import PIECE_BYTES

log = logging.getLogger("api")


class Broken(Exception):
    """There is no more of the answer, but not since it has come to its end."""


class Growing:
    """Bytes in a file without a name, which one task adds and another takes; gone when it is closed. For one event loop."""

    def __init__(self, folder: Path) -> None:
        self.size = 0
        self.is_closed = False
        self.at_end = ExitStack()  # what is given back when the file is gone
        self._file = self.at_end.enter_context(TemporaryFile(dir=folder))  # noqa: SIM115 - `at_end` closes it
        self._news = asyncio.Event()
        self._work: asyncio.Task[None] | None = None

    async def add(self, make: Callable[[], bytes]) -> None:
        """What `make` gives, in a thread."""
        await run_in_threadpool(self._add, make)
        self._news.set()

    def fill(self, work: Coroutine[Any, Any, None]) -> None:
        """Does the work that adds the rest, from now on and beside whoever takes it; it must end soon after `is_closed`."""
        self._work = asyncio.create_task(work)
        self._work.add_done_callback(self._made)

    async def pieces(self) -> AsyncIterator[bytes]:
        """All of it as it comes. Broken where the work fails."""
        position = 0
        while True:
            while position == self.size:
                if self._work is None or self._work.done():
                    if self._work is not None and (self._work.cancelled() or self._work.exception() is not None):
                        raise Broken
                    return
                self._news.clear()
                await self._news.wait()
            size = min(PIECE_BYTES, self.size - position)
            piece = await run_in_threadpool(os.pread, self._file.fileno(), size, position)
            position += len(piece)
            yield piece

    def close(self) -> None:
        """The file stays until the work has seen it."""
        self.is_closed = True
        if self._work is None or self._work.done():
            self.at_end.close()

    def _add(self, make: Callable[[], bytes]) -> None:
        content = make()
        self._file.write(content)
        self._file.flush()
        self.size += len(content)

    def _made(self, work: asyncio.Task[None]) -> None:
        self._news.set()
        if not work.cancelled() and (error := work.exception()) is not None:
            log.error("an answer broke off after %d bytes", self.size, exc_info=error)
        if self.is_closed:
            self.at_end.close()


class Followed(StreamingResponse):
    """An answer that grows; where it breaks, the connection ends without the end of the answer."""

    async def stream_response(self, send: Send) -> None:
        try:
            await super().stream_response(send)
        except Broken:
            return
