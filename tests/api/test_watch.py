"""One watcher asks for all who wait, and rests when nobody does."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager

from api.watch import Watcher
from core.errors import Unavailable


class Versions:
    """Jobs whose versions the test changes by hand; it counts who asks."""

    def __init__(self) -> None:
        self.now = {"a": 1, "b": 1}
        self.asked: list[set[str]] = []
        self.is_away = False

    def __call__(self, ids: Iterable[str]) -> dict[str, int]:
        wanted = set(ids)
        self.asked.append(wanted)
        if self.is_away:
            raise Unavailable("the database does not answer")
        return {id: version for id, version in self.now.items() if id in wanted}


@asynccontextmanager
async def watching(versions: Versions) -> AsyncIterator[Watcher]:
    watcher = Watcher(versions)
    watcher.start()
    try:
        yield watcher
    finally:
        await watcher.stop()


async def until_asked(versions: Versions, times: int) -> None:
    async with asyncio.timeout(30):
        while len(versions.asked) < times:
            await asyncio.sleep(0.001)


def test_each_is_woken_by_its_own_job() -> None:
    async def scenario() -> None:
        versions = Versions()
        async with watching(versions) as watcher:
            a, b = (asyncio.create_task(watcher.wait(id, 1, 60)) for id in "ab")
            await until_asked(versions, 2)
            versions.now["b"] = 2
            await b
            assert not a.done()
            versions.now["a"] = 7
            await a

    asyncio.run(scenario())


def test_a_thousand_who_wait_cost_one_question_each_time() -> None:
    async def scenario() -> None:
        versions = Versions()
        async with watching(versions) as watcher:
            waiting = [asyncio.create_task(watcher.wait("ab"[i % 2], 1, 60)) for i in range(1000)]
            await until_asked(versions, 3)
            versions.now = {"a": 2, "b": 2}
            await asyncio.gather(*waiting)
            assert versions.asked[-1] == {"a", "b"}
            assert len(versions.asked) < 100

    asyncio.run(scenario())


def test_nobody_asks_while_nobody_waits() -> None:
    async def scenario() -> None:
        versions = Versions()
        async with watching(versions) as watcher:
            await watcher.wait("a", 1, 0.03)
            asked = len(versions.asked)
            assert asked
            await asyncio.sleep(0.1)
            assert len(versions.asked) <= asked + 1

    asyncio.run(scenario())


def test_a_job_that_is_gone_wakes_who_waits_for_it() -> None:
    async def scenario() -> None:
        async with watching(Versions()) as watcher:
            await watcher.wait("gone", 1, 60)

    asyncio.run(scenario())


def test_a_database_that_is_away_for_a_while_is_outlived() -> None:
    async def scenario() -> None:
        versions = Versions()
        versions.is_away = True
        async with watching(versions) as watcher:
            waiting = asyncio.create_task(watcher.wait("a", 1, 60))
            await until_asked(versions, 2)
            versions.is_away = False
            versions.now["a"] = 2
            await waiting

    asyncio.run(scenario())


def test_closing_lets_everyone_go_at_once() -> None:
    async def scenario() -> None:
        versions = Versions()
        async with watching(versions) as watcher:
            waiting = asyncio.create_task(watcher.wait("a", 1, 60))
            await until_asked(versions, 1)
            watcher.close()
            await waiting
            await watcher.wait("a", 1, 60)

    asyncio.run(scenario())
