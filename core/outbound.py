"""Requests to addresses that clients have named, which must not lead into the network that the service stands in.

A name is resolved once, all that it resolves to is looked at, and the connection goes to one of the addresses that were looked
at: a name that means something else a moment later changes nothing. Redirections are not followed.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from core.errors import UserError

MOST_URL = 2_000  # characters
_SHARED = ipaddress.ip_network("100.64.0.0/10")
_TRANSLATED = ipaddress.ip_network("64:ff9b::/96")


class ForbiddenAddress(UserError):
    """The message names the host, not the address: what names mean inside of this network is nobody else's business."""


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


_PORTS = {"https": 443, "http": 80}


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
        )
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise UserError("url must hold no user, no password and no fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(parts.scheme, host, port or _PORTS[parts.scheme], path)


def is_public(address: str) -> bool:
    """Whether it belongs to nobody's own network: no private, loopback, link-local, shared, reserved or multicast address, nor
    one that stands for such an IPv4 address."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(ip, ipaddress.IPv6Address):
        inner = ip.ipv4_mapped or ip.sixtofour or (ip.teredo[1] if ip.teredo else None)
        if ip in _TRANSLATED:
            inner = ipaddress.IPv4Address(int(ip) & 0xFFFFFFFF)
        if inner is not None:
            return is_public(str(inner))
        return ip.is_global and not (ip.is_multicast or ip.is_site_local)
    return ip.is_global and not ip.is_multicast and ip not in _SHARED


def resolved(target: Target, allow_private: bool = False) -> list[str]:
    """All that the host means now. ForbiddenAddress where any of it may not be sent to; OSError where it means nothing."""
    found = socket.getaddrinfo(target.host, target.port, type=socket.SOCK_STREAM)
    addresses = list(dict.fromkeys(str(each[4][0]) for each in found))
    if not allow_private:
        for address in addresses:
            if not is_public(address):
                raise ForbiddenAddress(f"{target.host} leads to an address that is not public: nothing is sent there")
    return addresses


def post(target: Target, addresses: list[str], headers: Mapping[str, str], body: bytes, timeout_s: float) -> int:
    """The status of the answer. OSError where there is none within the time, whatever the receiver does."""
    connection = _Pinned(target, addresses, timeout_s)
    is_over = threading.Event()

    def end() -> None:
        is_over.set()
        connection.abort()

    timer = threading.Timer(timeout_s, end)
    timer.daemon = True
    timer.start()
    try:
        connection.request("POST", target.path, body, {"host": target.netloc, **headers})
        status = connection.getresponse().status  # what follows the head is not read
        if is_over.is_set():
            raise TimeoutError
        return status
    except (http.client.HTTPException, OSError, ValueError) as error:
        if is_over.is_set() or isinstance(error, TimeoutError):
            raise OSError(f"no answer within {timeout_s:g} s") from error
        if isinstance(error, OSError) and not isinstance(error, http.client.HTTPException):
            raise
        raise OSError(f"the answer is no HTTP: {type(error).__name__}") from error
    finally:
        timer.cancel()
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """Connects to addresses that were looked at, and asks for a certificate of the host's name."""

    def __init__(self, target: Target, addresses: list[str], timeout_s: float) -> None:
        super().__init__(target.host, target.port, timeout=timeout_s)
        self._target = target
        self._addresses = addresses

    def connect(self) -> None:
        failed: OSError | None = None
        for address in self._addresses:
            try:
                self.sock = socket.create_connection((address, self._target.port), self.timeout)
                break
            except OSError as error:
                failed = error
        else:
            raise failed or OSError("the host has no address")
        if self._target.scheme == "https":
            self.sock = ssl.create_default_context().wrap_socket(self.sock, server_hostname=self._target.host)

    def abort(self) -> None:
        if (sock := self.sock) is not None:
            with suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)
