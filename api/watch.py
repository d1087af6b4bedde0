"""One watcher for all who wait: a single task asks the store for the versions of all awaited things at once.

It asks every 10 ms as long as somebody has just begun to wait, ever more rarely afterwards, and sleeps while nobody waits. So
a thousand waiting requests cost one query each time, and the end of a tiny job is seen within about 10 ms. Streams, which wait
again and again, are in less of a hurry: for their sake alone it asks every 100 ms at most.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field

from starlette.concurrency import run_in_threadpool

log = logging.getLogger("api")

Versions = Callable[[Iterable[str]], dict[str, int]]

FASTEST_S = 0.010
SLOWEST_S = 0.250
PATIENT_S = 5.0  # streams are treated as if they had waited for so long before
SLOWDOWN = 0.02  # of the time already waited: after 1 s every 20 ms, after 12 s every 250 ms


@dataclass(eq=False, slots=True)
class _Waiter:
    id: str
    version: int
    since: float
    changed: asyncio.Event = field(default_factory=asyncio.Event)


class Watcher:
    """Lives in one event loop, between `start` and `stop`."""

    def __init__(self, versions: Versions) -> None:
        self._versions = versions
        self._waiters: set[_Waiter] = set()
        self._arrived = asyncio.Event()
        self._task: asyncio.Task[None] | None = None
        self._is_closed = False
        self.questions = 0  # asked of the store so far

    def start(self) -> None:
        self._task = asyncio.create_task(self._run(), name="watcher")

    def close(self) -> None:
        """Lets everyone go who waits now or later, so that the server can stop at once."""
        self._is_closed = True
        for waiter in self._waiters:
            waiter.changed.set()

    async def stop(self) -> None:
        self.close()
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    @property
    def is_closed(self) -> bool:
        """Whether the server stops."""
        return self._is_closed

    async def wait(self, id: str, version: int, timeout_s: float, is_patient: bool = False) -> bool:
        """True as soon as the thing's version is no longer this one; False after the time, or when the server stops."""
        if self._is_closed or timeout_s <= 0:
            return False
        waiter = _Waiter(id, version, asyncio.get_running_loop().time() - (PATIENT_S if is_patient else 0))
        self._waiters.add(waiter)
        if not is_patient or len(self._waiters) == 1:
            self._arrived.set()
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await waiter.changed.wait()
        finally:
            self._waiters.discard(waiter)
        return waiter.changed.is_set() and not self._is_closed

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        is_failing = False
        while True:
            if not self._waiters:
                self._arrived.clear()
                await self._arrived.wait()
            try:
                await self._look()
                is_failing = False
            except Exception as error:  # the watcher outlives whatever the database does
                if not is_failing:
                    log.warning("cannot look at what is awaited, trying again: %s", error)
                is_failing = True
            youngest = max((waiter.since for waiter in self._waiters), default=loop.time())
            pause_s = SLOWEST_S if is_failing else min(SLOWEST_S, max(FASTEST_S, (loop.time() - youngest) * SLOWDOWN))
            self._arrived.clear()
            if pause_s > FASTEST_S and not is_failing:
                with suppress(TimeoutError):  # a newcomer ends a long pause, so that the quick looks begin at once
                    await asyncio.wait_for(self._arrived.wait(), pause_s)
            else:
                await asyncio.sleep(pause_s)

    async def _look(self) -> None:
        awaited = list(self._waiters)
        self.questions += 1
        versions = await run_in_threadpool(self._versions, {waiter.id for waiter in awaited})
        for waiter in awaited:
            if versions.get(waiter.id) != waiter.version:
                waiter.changed.set()
