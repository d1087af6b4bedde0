"""HTTP as uvicorn speaks it, with bounds on what comes before and behind a body, on how long an answer waits for its client,
and on what is read of a body that was answered before its end: `uvicorn --http api.heads:Http`.

httptools takes a line or a header of any length, and time that grows with its square. Nothing of it reaches the application
before its end, so that it must be refused here. An answer is out of the application's hands before the client has it. And
whatever comes of a body behind its answer uvicorn would read, to its end if it has one.
"""

import asyncio
import logging
import socket
import sys
from contextlib import suppress
from typing import Any

import orjson
from httptools import HttpParserInvalidURLError
from starlette.types import Message, Receive, Scope, Send
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from api.limits.pace import Pace
from core.settings import settings

log = logging.getLogger("api")

UNSENT_BYTES = 2**17  # of an answer in the system's hands, which would take megabytes: what a client takes shows at once
MOST_BYTES = 2**16  # of a request line and headers together, or of those behind a body
REST_BYTES = 2**16  # of a body behind its answer
REST_S = 4.0  # in which these come
SEEN_S = 1.0  # in which a client that sends more sees its answer


def _refusal(status: int, reason: str, code: str, title: str, detail: str) -> bytes:
    """The answer to what is no request yet, as a problem document."""
    problem = {"type": f"urn:gradmill:problem:{code}", "title": title, "status": status, "detail": detail, "code": code}
    body = orjson.dumps({**problem, "request_id": ""}) + b"\n"
    head = (
        f"HTTP/1.1 {status} {reason}\r\nContent-Type: application/problem+json\r\nConnection: close\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


_TOO_LARGE = _refusal(
    431,
    "Request Header Fields Too Large",
    "too_large",
    "The request is too large",
    f"the request line and the headers have more than {MOST_BYTES:,} bytes together",
)
_NO_HTTP = "this is no HTTP request that can be read"
_NO_ADDRESS = (
    "the address has characters that no address has, such as those beyond ASCII; percent-encode their UTF-8, as in "
    "numbers=Fl%C3%A4che for Fläche, which curl does for --url-query numbers=Fläche"
)


class Http(HttpToolsProtocol):
    """A connection; it counts the bytes of which nothing has come yet: no end of a head, no piece of a body, no end of one.

    It breaks off where its client takes nothing of an answer, takes it more slowly than a body may come, or takes too long over
    it all. A body that was answered before its end ends the connection, unless it says that it is small: the client is told so,
    something of the rest is read, so that what is on its way does not tread upon the answer, and then it is closed (RFC 9112,
    9.6).
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting_bytes = 0
        self._pace = self._new_pace()
        self._look: asyncio.TimerHandle | None = None
        self._looked_at, self._unsent_bytes = 0.0, 0
        self._ends_at: float | None = None  # the answer that its client has kept waiting
        self._answered: RequestResponseCycle | None = None
        self._rest: asyncio.TimerHandle | None = None  # while the rest of a body comes behind its answer
        self._rest_bytes = 0
        self._is_leaving = False  # whether nothing is answered any more

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        if (connection := transport.get_extra_info("socket")) is not None and hasattr(socket, "TCP_NOTSENT_LOWAT"):
            with suppress(OSError):  # no TCP
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)

    def connection_lost(self, exc: Exception | None) -> None:
        self._look_no_more()
        self._rest_no_more()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        self._waiting_bytes += len(data)
        super().data_received(data)
        if self._rest is not None:
            self._rest_bytes += len(data)
            if self._rest_bytes > REST_BYTES and not self.flow.read_paused:
                self.flow.pause_reading()
                self._close_in(SEEN_S)
        elif self._waiting_bytes > MOST_BYTES and not self.transport.is_closing():
            self._refuse(_TOO_LARGE)

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
        if self._rest is None:
            return
        if self._is_leaving:
            self._close()
        else:  # the connection goes on; uvicorn has forgotten that it is idle
            self._rest_no_more()
            self.timeout_keep_alive_task = self.loop.call_later(self.timeout_keep_alive, self.timeout_keep_alive_handler)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - the same for every mistake
        if self._is_leaving:
            self._close()
            return
        detail = _NO_ADDRESS if isinstance(sys.exception(), HttpParserInvalidURLError) else _NO_HTTP
        self._refuse(_refusal(400, "Bad Request", "bad_request", "The request cannot be understood", detail))

    def _refuse(self, refusal: bytes) -> None:
        """What cannot be read ends the connection: behind the answer that is under way, where that is of another request."""
        first = self._answered
        is_its_own = first is self.cycle and first is not None and first.more_body and not first.response_started
        if first is None or first.response_complete or is_its_own:
            self.transport.write(refusal)
            self._close()
        else:
            first.keep_alive = False
            self.flow.pause_reading()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        if self._is_leaving:  # what follows on the last request
            return
        self._answered = cycle

        async def answering(scope: Scope, receive: Receive, send: Send) -> None:
            async def send_or_leave(message: Message) -> None:
                if message["type"] != "http.response.start" or not cycle.more_body:
                    await send(message)
                    return
                headers = [(name, value) for name, value in message.get("headers", ()) if name.lower() != b"connection"]
                is_kept = cycle.keep_alive and len(headers) == len(message.get("headers", ()))
                if is_kept and _is_small(scope):
                    await send(message)
                    return
                self._is_leaving = True
                await send({**message, "headers": [*headers, (b"connection", b"close")]})
                cycle.keep_alive = True  # it would be closed at once, upon what still comes

            try:
                await app(scope, receive, send_or_leave)
            finally:  # an answer that broke is closed next, by uvicorn
                self.loop.call_soon(self._watch)

        super()._start_asgi_task(cycle, answering)  # type: ignore[arg-type] # the two have names of their own for ASGI's types

    def on_response_complete(self) -> None:
        answered = self._answered
        super().on_response_complete()
        self._ends_at = None
        if self.transport.is_closing():
            self._watch()
        elif answered is not None and (answered.more_body or self._is_leaving):
            self._unset_keepalive_if_required()
            if not answered.more_body:
                self._close()
                return
            self._rest_bytes = 0
            self._close_in(REST_S)
            if self._is_leaving and self.transport.can_write_eof():
                self.transport.write_eof()

    def _close_in(self, seconds: float) -> None:
        self._rest_no_more()
        self._rest = self.loop.call_later(seconds, self._close)

    def _close(self) -> None:
        self._rest_no_more()
        self.transport.close()
        self._watch()

    def _watch(self) -> None:
        """What closes waits for its client, too."""
        if self._look is None and self.transport.is_closing() and self.transport.get_write_buffer_size():
            self._look_later()

    def _rest_no_more(self) -> None:
        if self._rest is not None:
            self._rest.cancel()
            self._rest = None

    def pause_writing(self) -> None:
        super().pause_writing()
        if self._ends_at is None:
            self._ends_at = self.loop.time() + settings().answer_longest_s
        self._look_later()

    def resume_writing(self) -> None:
        if self._look is not None:
            self._count()
            self._look_no_more()
        super().resume_writing()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._watch()

    @staticmethod
    def _new_pace() -> Pace:
        return Pace(settings().body_timeout_s, settings().body_bytes_per_s)

    def _look_later(self) -> None:
        self._looked_at, self._unsent_bytes = self.loop.time(), self.transport.get_write_buffer_size()
        self._look = self.loop.call_later(self._left_s, self._look_again)

    @property
    def _left_s(self) -> float:
        left_s = self._pace.left_s
        return left_s if self._ends_at is None else min(left_s, self._ends_at - self.loop.time())

    def _look_again(self) -> None:
        self._count()
        if self._left_s > 0:
            self._look_later()
            return
        self._look = None
        if self._pace.left_s > 0:
            log.warning("an answer was not taken in %g seconds: its client is let go", settings().answer_longest_s)
        else:
            told = "a client took %d bytes of its answer in %.0f seconds: it is let go"
            log.warning(told, self._pace.size, self._pace.waited_s)
        self.transport.abort()

    def _look_no_more(self) -> None:
        if self._look is not None:
            self._look.cancel()
            self._look = None

    def _count(self) -> None:
        """What has been taken since the last look."""
        taken = max(0, self._unsent_bytes - self.transport.get_write_buffer_size())
        self._pace.took(self.loop.time() - self._looked_at, taken)


def _is_small(scope: Scope) -> bool:
    """Whether the body says that it ends soon."""
    length = next((value for name, value in scope["headers"] if name == b"content-length"), b"")
    return length.isdigit() and len(length) < 20 and int(length) <= REST_BYTES
