"""The outermost layer: what holds for every request, before anything looks at what it wants.

A client may send its own `X-Request-ID`; it comes back on every answer and stands in the log.
"""

import ipaddress
import os
import re
from collections.abc import Collection, Mapping
from contextlib import ExitStack, suppress
from functools import lru_cache
from urllib.parse import urlsplit

from starlette.requests import Request
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.errors import problem_answer
from api.limits.places import AT_END

_TAKEN = re.compile(rb"[A-Za-z0-9._:-]{1,128}")
_SAFE = ("GET", "HEAD", "OPTIONS")
MOST_REQUESTS = 900  # at once, most of them waiting for a job; below the usual limit of open files, 1,024


class RequestIds:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        id = given if _TAKEN.fullmatch(given) else b"req_" + os.urandom(12).hex().encode()
        scope["request_id"] = id.decode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", id)]
            await send(message)

        await self.app(scope, receive, send_with_id)


class Door:
    """Lets in so many requests at once, none that a web page made behind its reader's back, and HEAD as the GET it stands for.

    A page may name any host that resolves to this machine, so what comes over loopback must name a host that is known; and it
    may send a form anywhere, so what changes something must not come from another site.
    """

    def __init__(self, app: ASGIApp, allowed_hosts: Collection[str], most_requests: int = MOST_REQUESTS) -> None:
        self.app = app
        self._allowed = frozenset(host.lower() for host in allowed_hosts)
        self._most = most_requests
        self._inside = 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if refusal := self._refusal(scope):
            code, detail = refusal
            headers = {"Retry-After": "1"} if code == "busy" else {}
            await problem_answer(Request(scope), code, detail, headers=headers)(scope, receive, send)
            return
        self._inside += 1
        try:
            with ExitStack() as scope[AT_END]:
                if scope["method"] == "HEAD":
                    await _without_body(self.app, scope, receive, send)
                else:
                    await self.app(scope, receive, send)
        finally:
            self._inside -= 1

    def _refusal(self, scope: Scope) -> tuple[str, str] | None:
        if self._inside >= self._most and scope["path"] != "/healthz":
            return "busy", f"{self._most} requests are being answered; try again in a second"
        headers = dict(scope["headers"])
        host = headers.get(b"host", b"").decode("latin-1").lower()
        if not self._is_known(_name(host), scope):
            return "misdirected", f"Host is {host[:100]}, which is not known here; GRADMILL_ALLOWED_HOSTS may name it"
        if scope["method"] not in _SAFE and self._is_foreign(headers, host):
            return "cross_site", "the request comes from a page of another site; such may only read"
        return None

    def _is_known(self, name: str, scope: Scope) -> bool:
        is_loopback = _is_address((scope.get("server") or ("",))[0], loopback=True)
        if "*" in self._allowed or not (is_loopback or self._allowed):
            return True
        return name in self._allowed or name == "localhost" or _is_address(name)

    def _is_foreign(self, headers: Mapping[bytes, bytes], host: str) -> bool:
        if headers.get(b"sec-fetch-site") == b"cross-site":
            return True
        origin = headers.get(b"origin")
        if origin is None:
            return False
        place = origin.decode("latin-1").lower().partition("://")[2]
        return place != host and _name(place) not in self._allowed


async def _without_body(app: ASGIApp, scope: Scope, receive: Receive, send: Send) -> None:
    class Answered(Exception):
        """The head of the answer is out; what would follow is not asked for."""

    async def send_head(message: Message) -> None:
        if message["type"] == "http.response.body":
            await send({"type": "http.response.body", "body": b"", "more_body": False})
            raise Answered
        await send(message)

    with suppress(Answered):
        await app({**scope, "method": "GET"}, receive, send_head)


@lru_cache(256)
def _name(place: str) -> str:
    """The host without its port."""
    try:
        return urlsplit(f"//{place}").hostname or ""
    except ValueError:
        return ""


@lru_cache(256)
def _is_address(name: str, loopback: bool = False) -> bool:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return False
    return address.is_loopback or not loopback
