"""Where the service listens.

The supervisor owns the socket, so that clients wait, and are not refused, while the API restarts.
"""

import asyncio
import errno
import socket
from contextlib import suppress

_ANSWER_S = 5.0
_EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - a name to look up, not one to bind to


class AddressTaken(Exception):
    """The service cannot listen there; the message says why and what would help."""


class Address:
    """An open listening socket on `host` and `port`, 0 for any free port."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=2048)
        except (OSError, OverflowError) as error:
            taken = isinstance(error, OSError) and error.errno == errno.EADDRINUSE
            advice = "another program uses it; --port 0 takes a free one" if taken else str(error)
            raise AddressTaken(f"cannot listen on {host} port {port}: {advice}") from error
        # Accepted connections inherit it. uvicorn cannot know that a socket it is handed is TCP, and would leave each answer's
        # second packet waiting 40 ms for the first one's acknowledgement.
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.fd = self._socket.fileno()
        self.port: int = self._socket.getsockname()[1]
        self._host = _EVERYWHERE.get(host, host)
        self.url = f"http://[{self._host}]:{self.port}" if ":" in self._host else f"http://{self._host}:{self.port}"

    def close(self) -> None:
        self._socket.close()

    async def get(self, path: str) -> tuple[int, str]:
        """Status and body of the answer to a GET; status 0 where none comes."""
        with suppress(OSError, TimeoutError, ValueError, IndexError):
            async with asyncio.timeout(_ANSWER_S):
                reader, writer = await asyncio.open_connection(self._host, self.port)
                try:
                    writer.write(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
                    head, _, body = (await reader.read()).partition(b"\r\n\r\n")
                finally:
                    writer.close()
                return int(head.split()[1]), body.decode(errors="replace")
        return 0, ""
