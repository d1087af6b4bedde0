"""Who asks, and whether they may: the one place where a request's API key is looked at.

GET needs the scope `read`, everything else `write`. A key is looked up at every request, by one read of its row: that takes
0.06 ms on SQLite and 0.2 ms on PostgreSQL, and a key that was revoked is refused at once, by every process.
"""

from fastapi import Request
from fastapi.openapi.models import HTTPBearer
from fastapi.security.base import SecurityBase
from starlette.concurrency import run_in_threadpool

from api.deps import Service, service_of
from api.errors import Refused
from core.addresses import is_loopback
from core.keys import Key, Scope, allows, parsed
from core.store import Caller

ANYONE = Caller("", "default", frozenset({"admin"}))  # where keys are off

_ALLOWED = "it must be Bearer and an API key, gm_…"


def needed_for(method: str) -> Scope:
    return "read" if method in ("GET", "HEAD") else "write"


class ApiKeys(SecurityBase):
    """Of each route that it stands before, it leaves the caller in the request's scope, or refuses the request."""

    scheme_name = "key"
    model = HTTPBearer(
        bearerFormat="gm_…",
        description="An API key. `scripts/keys create` makes one; the embedded service keeps its own in `var/key`.",
    )

    async def __call__(self, request: Request) -> None:
        caller = await _caller(request, await service_of(request))
        needed = needed_for(request.method)
        if not allows(caller.scopes, needed):
            has = ", ".join(sorted(caller.scopes))
            message = f"{request.method} needs a key with the scope {needed}; {caller.key_id} has {has}"
            challenge = f'Bearer error="insufficient_scope", scope="{needed}"'
            raise Refused("forbidden", message, headers={"WWW-Authenticate": challenge})
        request.scope["caller"] = caller


async def _caller(request: Request, service: Service) -> Caller:
    if service.settings.auth == "off":
        if is_loopback(str((request.scope.get("server") or ("",))[0])):
            return ANYONE
        raise _refused("GRADMILL_AUTH is off, which is for requests from this machine alone; set it to keys")
    given = request.headers.get("authorization")
    if given is None:
        raise _refused(f"Authorization is missing; {_ALLOWED}", error=None)
    scheme, _, text = given.partition(" ")
    key = parsed(text.strip())
    if scheme.lower() != "bearer" or key is None:  # it may be a secret of something else, so nothing of it is shown
        raise _refused(f"Authorization is not as it must be; {_ALLOWED}")
    caller = await run_in_threadpool(_looked_up, service, key)
    if caller.is_stale:
        service.uses.note(caller.key_id)
    return caller


def _looked_up(service: Service, key: Key) -> Caller:
    """In one thread, since to change to another takes as long as the look."""
    caller = service.store.keys.caller(key)
    if caller is None or caller.refusal is not None:
        raise _refused(f"the key {key.id} {'is not known here' if caller is None else caller.refusal}")
    if service.rates is not None and (wait_s := service.rates.wait_s(caller.tenant)) is not None:
        most = service.settings.tenant_requests_per_minute
        message = f"requests: your tenant has sent {most:,} in a minute, which is its quota; ask again in {wait_s} seconds"
        raise Refused("too_many_requests", message, headers={"Retry-After": str(wait_s)})
    return caller


def _refused(message: str, error: str | None = "invalid_token") -> Refused:
    challenge = "Bearer" if error is None else f'Bearer error="{error}"'
    return Refused("unauthorized", message, headers={"WWW-Authenticate": challenge})
