"""Turns of which nobody gets more than a share, and for which nobody waits without an end."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from api.errors import Refused
from api.turns import RETRY_AFTER_S, Turns

PATIENCE_S = 30.0


class Shares:
    """`at_once` have their turn at the same time, `most_of_one` of them of the same tenant. For one event loop."""

    def __init__(self, at_once: int, most_of_one: int, patience_s: float = PATIENCE_S) -> None:
        self._all = Turns(at_once)
        self._most_of_one = most_of_one
        self._patience_s = patience_s
        self._own: dict[str, Turns] = {}
        self._uses: Counter[str] = Counter()

    @asynccontextmanager
    async def turn(self, tenant: str) -> AsyncIterator[None]:
        give_back = await self.taken(tenant)
        try:
            yield
        finally:
            give_back()

    async def taken(self, tenant: str) -> Callable[[], None]:
        """A turn that ends when what this gives is called. Refused where too many wait, and after `patience_s`."""
        self._uses[tenant] += 1
        own = self._own.setdefault(tenant, Turns(self._most_of_one))
        try:
            async with asyncio.timeout(self._patience_s):
                give_own = await own.taken(tenant)
                try:
                    give_all = await self._all.taken(tenant)
                except BaseException:
                    give_own()
                    raise
        except TimeoutError:
            self._forget(tenant)
            message = f"no other request of this kind came to its end within {self._patience_s:g} seconds; try again later"
            raise Refused("busy", message, headers={"Retry-After": str(RETRY_AFTER_S)}) from None
        except BaseException:
            self._forget(tenant)
            raise

        def give_back() -> None:
            give_all()
            give_own()
            self._forget(tenant)

        return give_back

    def _forget(self, tenant: str) -> None:
        self._uses[tenant] -= 1
        if not self._uses[tenant]:
            del self._uses[tenant], self._own[tenant]
