"""When keys were used, written down beside the requests: none of them waits for it."""

import asyncio
from collections.abc import Callable

from starlette.concurrency import run_in_threadpool

from core.errors import CoreError


class Uses:
    """`write` writes one key's use into the database; what fails is left to the key's next use."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write
        self._writing: dict[str, asyncio.Task[None]] = {}

    def note(self, key_id: str) -> None:
        """Returns at once. A key is written down once at a time, however many requests come with it."""
        if key_id not in self._writing:
            self._writing[key_id] = asyncio.create_task(self._noted(key_id))

    async def stop(self) -> None:
        """Returns when all is written."""
        await asyncio.gather(*self._writing.values())

    async def _noted(self, key_id: str) -> None:
        try:
            await run_in_threadpool(self._write, key_id)
        except CoreError:
            pass
        finally:
            del self._writing[key_id]
