"""HTTP as uvicorn speaks it, with a bound on what stands before and behind a body: `uvicorn --http api.heads:Http`.

httptools takes a line or a header of any length, and time that grows with its square. Nothing of it reaches the application
before its end, so that it must be refused here.
"""

from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

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
    """A connection; it counts the bytes of which nothing has come yet: no end of a head, no piece of a body, no end of one."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._waiting_bytes = 0

    def data_received(self, data: bytes) -> None:
        self._waiting_bytes += len(data)
        super().data_received(data)
        if self._waiting_bytes > MOST_BYTES and not self.transport.is_closing():
            self.transport.write(_REFUSAL)
            self.transport.close()

    def on_headers_complete(self) -> None:
        self._waiting_bytes = 0
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._waiting_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._waiting_bytes = 0
        super().on_message_complete()
