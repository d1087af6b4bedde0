"""Heavy work takes turns: some of it at once, some of it waiting, and the rest is told to come back."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import anyio

from api.errors import Refused

MOST_WAITING = 16


class Turns:
    """`at_once` have their turn at the same time, `most_waiting` wait for theirs, first come, first served."""

    def __init__(self, at_once: int, most_waiting: int = MOST_WAITING) -> None:
        self._limiter = anyio.CapacityLimiter(at_once)
        self._most_waiting = most_waiting

    @asynccontextmanager
    async def turn(self) -> AsyncIterator[None]:
        self._check()
        async with self._limiter:
            yield

    @asynccontextmanager
    async def next_turn(self) -> AsyncIterator[None]:
        """Another turn of work that has begun: it waits, however many others do."""
        async with self._limiter:
            yield

    async def taken(self) -> Callable[[], None]:
        """A turn that ends when what this gives is called."""
        self._check()
        borrower = object()
        await self._limiter.acquire_on_behalf_of(borrower)
        return lambda: self._limiter.release_on_behalf_of(borrower)

    def _check(self) -> None:
        waiting = self._limiter.statistics().tasks_waiting
        if waiting >= self._most_waiting:
            message = f"{waiting} requests of this kind wait already; try again in some seconds"
            raise Refused("busy", message, headers={"Retry-After": "5"})
