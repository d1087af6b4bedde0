"""Whether the service can do its work: one look for all who ask, since anybody may, and a silent broker makes it a long one."""

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from api.broker import broker_state
from core.errors import CoreError
from core.settings import Settings
from core.store import Store

EVERY_S = 1.0  # from the beginning of one look to that of the next

Checks = dict[str, str]


def look(settings: Settings, store: Store) -> Checks:
    """What each part says; "ok" where nothing is wrong with it."""
    checks = {"database": "ok", "migrations": "ok", "broker": broker_state(settings.redis_url)}
    try:
        if not store.is_at_head():
            checks["migrations"] = "not applied: run python -m migrations"
    except CoreError:
        checks |= {"database": "no answer", "migrations": "unknown"}
    return checks


class Readiness:
    """For one event loop."""

    def __init__(self, look: Callable[[], Checks]) -> None:
        self._look = look
        self._looking: asyncio.Task[Checks] | None = None
        self._begun_at = 0.0

    async def checks(self) -> Checks:
        """Those of a look that is no older than `EVERY_S`, or that still lasts."""
        now = asyncio.get_running_loop().time()
        if self._looking is None or (self._looking.done() and now - self._begun_at >= EVERY_S):
            self._looking, self._begun_at = asyncio.create_task(run_in_threadpool(self._look)), now
        return await asyncio.shield(self._looking)

    async def stop(self) -> None:
        """Returns when nobody looks any more."""
        if self._looking is not None:
            await asyncio.gather(self._looking, return_exceptions=True)
