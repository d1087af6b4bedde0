"""Requests to addresses that clients have named, which must not lead into the network that the service stands in.

A name is resolved once, all that it resolves to is looked at, and the connection goes to one of the addresses that were looked
at: a name that means something else a moment later changes nothing. Redirections are not followed.
"""

import asyncio
import concurrent.futures
import re
import socket
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from core.errors import UserError
from core.internet import is_public

MOST_URL = 2_000  # characters
MOST_ADDRESSES = 4  # of one host, that are tried
_PORTS = {"https": 443, "http": 80}
_SWITCH = "; for plain HTTP and private addresses the service must be started with GRADMILL_WEBHOOK_PRIVATE_ADDRESSES=true"
_STATUS = re.compile(rb"HTTP/1\.[0-9] ([1-9][0-9]{2})\b")


class UnusableHost(UserError):
    """It is not told whether the name is unknown or where it leads: what names mean inside of this network is nobody else's
    business."""


@dataclass(frozen=True, slots=True)
class Target:
    scheme: str
    host: str
    port: int
    path: str

    @property
    def netloc(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == _PORTS[self.scheme] else f"{host}:{self.port}"


def target_of(url: str, allow_private: bool = False) -> Target:
    """UserError for what is no address of a receiver. Plain HTTP only where private addresses are allowed."""
    schemes = ("https", "http") if allow_private else ("https",)
    if len(url) > MOST_URL or not url.isascii() or any(ord(each) <= 32 or ord(each) == 127 for each in url):
        raise UserError(f"url must be at most {MOST_URL} visible ASCII characters")
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or parts.scheme not in schemes or port == 0:
        raise UserError(
            f"url is {url[:100]!r}; it must begin with {' or '.join(f'{each}://' for each in schemes)} and name a host"
            + (_SWITCH if url.startswith("http:") and not allow_private else "")
        )
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise UserError("url must hold no user, no password and no fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


async def resolved(target: Target, allow_private: bool = False) -> list[str]:
    """All that the host means now. UnusableHost where it means nothing, or where any of it may not be sent to."""
    try:
        found = await asyncio.wrap_future(_looked_up(target))
    except (OSError, UnicodeError):
        found = []
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not addresses or not (allow_private or all(map(is_public, addresses))):
        or_elsewhere = "" if allow_private else ", or leads to an address that is not public: nothing is sent there"
        raise UnusableHost(f"{target.host[:100]} is not known{or_elsewhere}")
    return addresses


def post(target: Target, headers: Mapping[str, str], body: bytes, timeout_s: float, allow_private: bool = False) -> int:
    """The status of the answer. OSError where there is none within the time, whatever the receiver and its name's servers do;
    UnusableHost."""
    try:
        return asyncio.run(_post(target, headers, body, timeout_s, allow_private))
    except TimeoutError:
        raise OSError(f"no answer within {timeout_s:g} s") from None


def _looked_up(target: Target) -> "concurrent.futures.Future[list[Any]]":
    """Nothing ends a look-up before its own time, which may be half a minute; so it has a thread that can be left behind."""
    future: concurrent.futures.Future[list[Any]] = concurrent.futures.Future()
    future.set_running_or_notify_cancel()

    def look_up() -> None:
        try:
            future.set_result(socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM))
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=look_up, name="look-up", daemon=True).start()
    return future


async def _post(target: Target, headers: Mapping[str, str], body: bytes, timeout_s: float, allow_private: bool) -> int:
    """TimeoutError at the end of the time, at whatever stage it is."""
    async with asyncio.timeout(timeout_s):
        addresses = await resolved(target, allow_private)
        reader, writer = await _connected(target, addresses[:MOST_ADDRESSES], timeout_s)
        try:
            writer.write(_head(target, headers, body) + body)
            return await _status(reader)
        finally:
            writer.transport.abort()


async def _connected(
    target: Target, addresses: list[str], timeout_s: float
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """To the first address that takes the connection within its part of the time; one part is left for the answer."""
    tls: dict[str, Any] = {}
    if target.scheme == "https":
        tls = {"ssl": ssl.create_default_context(), "server_hostname": target.host}
    failed: OSError | None = None
    for address in addresses:
        try:
            async with asyncio.timeout(timeout_s / (len(addresses) + 1)):
                return await asyncio.open_connection(address, target.port, **tls)
        except OSError as error:  # TimeoutError is one
            failed = error
    raise failed or OSError("the host has no address")


def _head(target: Target, headers: Mapping[str, str], body: bytes) -> bytes:
    fields = {"host": target.netloc, "content-length": str(len(body)), "connection": "close", **headers}
    lines = [f"POST {target.path} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")


async def _status(reader: asyncio.StreamReader) -> int:
    """Of the answer whose head has come whole; what follows it is not read."""
    try:
        while True:
            found = _STATUS.match(await reader.readline())
            if found is None:
                raise OSError("the answer is no HTTP")
            while (await reader.readline()).strip():
                pass
            if (status := int(found[1])) >= 200:  # before that they are no answers yet
                return status
    except ValueError:
        raise OSError("the answer's head has a line that is too long") from None
