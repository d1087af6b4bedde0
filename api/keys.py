"""Who asks, and whether they may: the one place where a request's API key is looked at.

GET, and what else changes nothing, needs the scope `read`, everything else `write`. A key is looked up at every request, by one
read of its row: that takes 0.06 ms on SQLite and 0.2 ms on PostgreSQL, and a key that was revoked is refused at once, by every
process.
"""

import re
from collections.abc import Callable
from typing import TypeVar

from fastapi import Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.concurrency import run_in_threadpool

from api.deps import Service, service_of
from api.errors import Refused
from api.limits.places import AT_END
from core.addresses import is_loopback
from core.keys import Key, Scope, allows, parsed
from core.store import Caller

T = TypeVar("T")

ANYONE = Caller("", "default", frozenset({"admin"}))  # where keys are off

# Operations that have their key looked at by `admitted` themselves, together with what they read; and the queries with which
# they may: nobody is told what is wrong with a query before the key was looked at.
_LATER = {"get_job": re.compile(rb"(wait=\d{1,9}(\.\d{1,9})?)?")}

_ALLOWED = "it must be Bearer and an API key, gm_…"
_WHOLE = "a key is gm_, 12 hexadecimal digits, an underscore and 48 more"
_EMBEDDED = ". The embedded service wrote one to var/key, or to the file key of its --data-dir"
_UNKNOWN = "is not known here, or what follows its id is wrong"


# Operations that change nothing, though they take a body.
READING = frozenset({"predict"})


def needed_for(method: str, operation_id: str = "") -> Scope:
    return "read" if method in ("GET", "HEAD") or operation_id in READING else "write"


class ApiKeys(SecurityBase):
    """Of each route that it stands before, it leaves the caller in the request's scope, or refuses the request."""

    scheme_name = "key"
    model = HTTPBearer(
        bearerFormat="gm_…",
        description="An API key. `scripts/keys create` makes one; the embedded service keeps its own in `var/key`.",
    )

    async def __call__(self, request: Request) -> None:
        service = await service_of(request)
        request.scope["key"] = _given(request, service)
        query = _LATER.get(request.scope["route"].operation_id)
        if query is None or not query.fullmatch(request.scope["query_string"]):
            await admitted(request, service, lambda _: None)


async def admitted(request: Request, service: Service, work: Callable[[Caller], T]) -> T:
    """What `work` gives, in the thread in which the key was found to be good and to have the scope, over the same connection.

    A request that needs no more than one look at the database so changes to another thread once: twice would take longer than
    both looks. A request that was admitted before is not counted again.
    """
    if (before := request.scope.get("caller")) is not None:
        return await run_in_threadpool(work, before)

    def look() -> tuple[Caller, T]:
        with service.store.sharing():
            needed = needed_for(request.method, request.scope["route"].operation_id)
            caller = _looked_up(service, request.scope["key"], needed, request.method)
            return caller, work(caller)

    caller, made = await run_in_threadpool(look)
    request.scope["caller"] = caller
    request.scope[AT_END].callback(service.places.take(caller.tenant))
    if caller.is_stale:
        service.uses.note(caller.key_id)
    return made


def _given(request: Request, service: Service) -> Key | None:
    """The key of the request, None where none is needed."""
    if service.settings.auth == "off":
        if is_loopback(str((request.scope.get("server") or ("",))[0])):
            return None
        raise _refused("GRADMILL_AUTH is off, which is for requests from this machine alone; set it to keys")
    given = request.headers.get("authorization")
    if given is None:
        of_its_own = service.settings.is_embedded and service.settings.key_file.exists()
        raise _refused(f"Authorization is missing; {_ALLOWED}{_EMBEDDED if of_its_own else ''}", error=None)
    scheme, _, text = given.partition(" ")
    if scheme.lower() != "bearer":  # it may be a secret of something else, so nothing of it is shown
        raise _refused(f"Authorization is not as it must be; {_ALLOWED}")
    key = parsed(text.strip())
    if key is None:
        raise _refused(f"the API key is unknown: it is not whole, or none at all; {_WHOLE}")
    return key


def _looked_up(service: Service, key: Key | None, needed: Scope, method: str) -> Caller:
    if key is None:
        return ANYONE
    caller = service.store.keys.caller(key)
    if caller is None or caller.refusal is not None:
        raise _refused(f"the key {key.id} {_UNKNOWN if caller is None else caller.refusal}")
    if not allows(caller.scopes, needed):
        message = f"{method} needs a key with the scope {needed}; {key.id} has {', '.join(sorted(caller.scopes))}"
        challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
        raise Refused("forbidden", message, headers={"WWW-Authenticate": challenge})
    if service.rates is not None and (wait_s := service.rates.wait_s(caller.tenant)) is not None:
        most = service.settings.tenant_requests_per_minute
        message = f"requests: your tenant has sent {most:,} in a minute, which is its quota; ask again in {wait_s} seconds"
        raise Refused("too_many_requests", message, headers={"Retry-After": str(wait_s)})
    return caller


def _refused(message: str, error: str | None = "invalid_token") -> Refused:
    challenge = "Bearer" if error is None else f'Bearer error="{error}"'
    return Refused("unauthorized", message, headers={"WWW-Authenticate": challenge})
