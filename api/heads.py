"""HTTP as uvicorn speaks it, with bounds on what comes before and behind a body, and on how long an answer waits for its
client: `uvicorn --http api.heads:Http`.

httptools takes a line or a header of any length, and time that grows with its square. Nothing of it reaches the application
before its end, so that it must be refused here. And an answer is out of the application's hands before the client has it.
"""

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from api.pace import Pace
from core.settings import settings

log = logging.getLogger("api")

UNSENT_BYTES = 2**17  # of an answer in the system's hands, which would take megabytes: what a client takes shows at once
MOST_BYTES = 2**16  # of a request line and headers together, or of those behind a body

_DETAIL = f"the request line and the headers have more than {MOST_BYTES:,} bytes together"
_BODY = (
    '{"type":"urn:gradmill:problem:too_large","title":"The request is too large","status":431,'
    f'"detail":"{_DETAIL}","code":"too_large","request_id":""}}\n'
).encode()
_REFUSAL = (
    b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Type: application/problem+json\r\n"
    b"Connection: close\r\nContent-Length: %d\r\n\r\n" % len(_BODY)
) + _BODY


class Http(HttpToolsProtocol):
    """A connection; it counts the bytes of which nothing has come yet: no end of a head, no piece of a body, no end of one.

    It breaks off where its client takes nothing of an answer, or takes it more slowly than a body may come.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting_bytes = 0
        self._pace = self._new_pace()
        self._look: asyncio.TimerHandle | None = None
        self._looked_at, self._unsent_bytes = 0.0, 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if (connection := transport.get_extra_info("socket")) is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            with suppress(OSError):  # no TCP
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        self._look_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._waiting_bytes += len(data)
        super().data_received(data)
        if self._waiting_bytes > MOST_BYTES and not self.transport.is_closing():
            self.transport.write(_REFUSAL)
            self.transport.close()

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._look is None:
            self._pace = self._new_pace()

    def on_headers_complete(self) -> None:
        self._waiting_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._waiting_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._waiting_bytes = 0
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._look_later()

    def resume_writing(self) -> None:
        if self._look is not None:
            self._count()
            self._look_no_more()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        if self._look is None and self.transport.get_write_buffer_size():  # what closes waits for its client, too
            self._look_later()

    @staticmethod
    def _new_pace() -> Pace:
        return Pace(settings().body_timeout_s, settings().body_bytes_per_s)

    def _look_later(self) -> None:
        self._looked_at, self._unsent_bytes = self.loop.time(), self.transport.get_write_buffer_size()
        self._look = self.loop.call_later(self._pace.left_s, self._look_again)

    def _look_again(self) -> None:
        self._count()
        if self._pace.left_s > 0:
            self._look_later()
            return
        self._look = None
        log.warning("a client took %d bytes of its answer in %.0f seconds: it is let go", self._pace.size, self._pace.waited_s)
        self.transport.abort()

    def _look_no_more(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _count(self) -> None:
        """What has been taken since the last look."""
        taken = max(0, self._unsent_bytes - self.transport.get_write_buffer_size())
        self._pace.took(self.loop.time() - self._looked_at, taken)
