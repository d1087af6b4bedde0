"""Heavy work takes turns: some of it at once, some of it waiting, and the rest is told to come back.

A turn that is free goes to the tenant that has the fewest turns at that moment, of several to the one that was served the
longest ago, so nobody waits behind all that another has sent. Where nobody is to have more than a share of the turns,
those that are free wait for others; where nobody is to wait without an end, there is a patience. For one event loop.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from api.errors import Refused

MOST_WAITING = 64
MOST_OF_ONE = 16  # of these a single tenant's
RETRY_AFTER_S = 5


class Turns:
    """`at_once` have their turn at the same time, `share` of them of one tenant, or all; `most_waiting` wait for theirs,
    `most_of_one` of them of the same tenant, for `patience_s` or without an end."""

    def __init__(
        self,
        at_once: int,
        most_waiting: int = MOST_WAITING,
        most_of_one: int = MOST_OF_ONE,
        share: int | None = None,
        patience_s: float | None = None,
    ) -> None:
        self._free = at_once
        self._share = at_once if share is None else share
        self._most_waiting = most_waiting
        self._most_of_one = most_of_one
        self._patience_s = patience_s
        self._at_work: Counter[str] = Counter()
        self._queues: dict[str, deque[asyncio.Future[None]]] = {}
        self._first: set[asyncio.Future[None]] = set()  # of those in the queues: all but the next turns of what has begun
        self._grants = 0
        self._served: dict[str, int] = {}  # the last grant of each tenant since all was still

    def waiting(self, tenant: str | None = None) -> int:
        """How many wait for their first turn, of this tenant or of all."""
        queues = self._queues.values() if tenant is None else (self._queues.get(tenant, ()),)
        return sum(each in self._first and not each.done() for queue in queues for each in queue)

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        """Refused where as many wait as may, and where none comes within the patience."""
        give_back = await self.taken(tenant)
        try:
            yield
        finally:
            give_back()

    @asynccontextmanager
    async def next_turn(self, tenant: str) -> AsyncIterator[None]:
        """Another turn of work that has begun: it waits, however many others do, and takes none of their places."""
        await self._acquire(tenant)
        try:
            yield
        finally:
            self._release(tenant)

    async def taken(self, tenant: str) -> Callable[[], None]:
        """A turn that ends when what this gives is called; refused as `turn`."""
        self._check(tenant)
        try:
            async with asyncio.timeout(self._patience_s):
                await self._acquire(tenant, is_first=True)
        except TimeoutError:
            raise self._impatient(tenant) from None
        return lambda: self._release(tenant)

    def _check(self, tenant: str) -> None:
        mine, all_ = self.waiting(tenant), self.waiting()
        headers = {"Retry-After": str(RETRY_AFTER_S)}
        if mine >= self._most_of_one:
            message = f"{mine} requests of this kind of your tenant wait already, as many as may; try again in some seconds"
            raise Refused("too_many_requests", message, headers=headers)
        if all_ >= self._most_waiting:
            message = f"{all_} requests of this kind wait already; try again in some seconds"
            raise Refused("busy", message, headers=headers)

    def _impatient(self, tenant: str) -> Refused:
        mine, headers = self._at_work[tenant], {"Retry-After": str(RETRY_AFTER_S)}
        if mine >= self._share:
            message = f"{mine} requests of this kind of your tenant are being worked on, as many as may, and none of them came"
            message += f" to its end within {self._patience_s:g} seconds; let one end, then ask again"
            return Refused("too_many_requests", message, headers=headers)
        message = f"no other request of this kind came to its end within {self._patience_s:g} seconds; try again later"
        return Refused("busy", message, headers=headers)

    async def _acquire(self, tenant: str, is_first: bool = False) -> None:
        granted = asyncio.get_running_loop().create_future()
        if is_first:
            self._first.add(granted)
        self._queues.setdefault(tenant, deque()).append(granted)
        self._grant()
        try:
            await granted
        except asyncio.CancelledError:
            if not granted.cancelled():  # it was granted at the same moment: the next shall have it
                self._release(tenant)
            raise
        finally:
            self._first.discard(granted)
            self._clear()

    def _release(self, tenant: str) -> None:
        self._free += 1
        self._at_work[tenant] -= 1
        if not self._at_work[tenant]:
            del self._at_work[tenant]
        self._grant()

    def _grant(self) -> None:
        while self._free:
            self._clear()
            may = [tenant for tenant in self._queues if self._at_work[tenant] < self._share]
            if not may:
                return
            tenant = min(may, key=lambda each: (self._at_work[each], self._served.get(each, 0)))
            self._free -= 1
            self._at_work[tenant] += 1
            self._grants += 1
            self._served[tenant] = self._grants
            self._queues[tenant].popleft().set_result(None)

    def _clear(self) -> None:
        """Of those that gave up nothing stays, and nothing of who was served once nobody has a turn or waits for one."""
        for tenant, queue in list(self._queues.items()):
            while queue and queue[0].done():
                queue.popleft()
            if not queue:
                del self._queues[tenant]
        if not self._queues and not self._at_work:
            self._served.clear()
