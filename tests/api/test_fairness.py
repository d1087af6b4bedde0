"""Turns at heavy work are shared between tenants, whatever one of them sends."""

import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from random import Random
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from api.errors import Refused
from api.limits.turns import MOST_OF_ONE, Turns
from core.store import Store
from tests.api.conftest import JSON, xor
from tests.keys import issued
from tests.polling import until

LARGE = 300_000  # bytes of a request


class Crowd:
    """Tasks that want a turn each, work until they are told to end, and say when they begin."""

    def __init__(self, turns: Turns) -> None:
        self.turns = turns
        self.began: list[str] = []
        self._ends: dict[str, asyncio.Event] = {}

    def sends(self, *names: str) -> list[asyncio.Task[None]]:
        return [asyncio.create_task(self._work(name)) for name in names]

    async def ends(self, *names: str) -> None:
        for name in names:
            self._ends[name].set()
            await settled()

    async def _work(self, name: str) -> None:
        async with self.turns.turn(tenant_of(name)):
            self._ends[name] = asyncio.Event()
            self.began.append(name)
            await self._ends[name].wait()


def tenant_of(name: str) -> str:
    return name[0]


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def began(play: Callable[[Crowd], Any], at_once: int = 1, **most: int) -> list[str]:
    async def run() -> list[str]:
        crowd = Crowd(Turns(at_once, **most))
        tasks: Sequence[asyncio.Task[None]] = await play(crowd)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert crowd.turns.waiting() == 0
        free = [await crowd.turns.taken(f"z{place}") for place in range(at_once)]  # all turns came back, and no more
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0):
                await crowd.turns.taken("z")
        for give_back in free:
            give_back()
        return crowd.began

    return asyncio.run(run())


def test_a_tenant_does_not_wait_behind_all_that_another_has_sent() -> None:
    async def play(crowd: Crowd) -> list[asyncio.Task[None]]:
        tasks = crowd.sends("a1", "a2", "a3", "a4")
        await settled()
        tasks += crowd.sends("b1", "b2")
        await settled()
        await crowd.ends("a1", "b1", "a2", "b2", "a3")
        return tasks

    assert began(play) == ["a1", "b1", "a2", "b2", "a3", "a4"]


def test_the_next_turn_is_that_of_the_tenant_with_the_fewest_at_work() -> None:
    async def play(crowd: Crowd) -> list[asyncio.Task[None]]:
        tasks = crowd.sends("a1", "b1", "b2", "a2", "a3", "b3")
        await settled()
        await crowd.ends("b1")  # a1 and b2 work
        await crowd.ends("b2")  # a1 and a2 would, and b has none
        return tasks

    assert began(play, at_once=3)[3:] == ["a2", "b3"]


def test_of_tenants_that_come_again_and_again_none_is_forgotten() -> None:
    async def play(crowd: Crowd) -> list[asyncio.Task[None]]:
        tasks = crowd.sends("a1", "b1", "c1", "c2")
        await settled()
        await crowd.ends("a1")
        tasks += crowd.sends("a2")
        await settled()
        await crowd.ends("b1")
        tasks += crowd.sends("b2")
        await settled()
        await crowd.ends("c1", "a2", "b2")
        return tasks

    assert began(play) == ["a1", "b1", "c1", "a2", "b2", "c2"]


def test_a_tenant_waits_in_its_own_places_and_leaves_those_of_others() -> None:
    async def play(crowd: Crowd) -> list[asyncio.Task[None]]:
        tasks = crowd.sends("a1", "a2", "a3")
        await settled()
        with pytest.raises(Refused) as refused:
            await crowd.turns.taken("a")
        assert (refused.value.code, refused.value.headers) == ("too_many_requests", {"Retry-After": "5"})
        assert "2 requests of this kind of your tenant wait" in refused.value.detail
        tasks += crowd.sends("b1")
        await settled()
        with pytest.raises(Refused) as refused:
            await crowd.turns.taken("c")
        assert refused.value.code == "busy"
        await crowd.ends("a1")
        return tasks

    assert began(play, most_waiting=3, most_of_one=2) == ["a1", "b1"]


def test_who_gives_up_waiting_takes_no_turn_and_loses_none() -> None:
    async def play(crowd: Crowd) -> list[asyncio.Task[None]]:
        tasks = crowd.sends("a1", "a2", "b1", "b2")
        await settled()
        tasks[2].cancel()  # while it waits
        await crowd.ends("a1")
        assert crowd.began == ["a1", "b2"]
        crowd._ends["b2"].set()
        await asyncio.sleep(0)  # it gives its turn to a2, which does not know yet
        tasks[1].cancel()
        tasks += crowd.sends("c1")
        await settled()
        return tasks

    assert began(play) == ["a1", "b2", "c1"]


@pytest.mark.parametrize("share", [2, 3])
@pytest.mark.parametrize("seed", range(20))
def test_whatever_is_sent_ended_and_given_up_there_are_always_as_many_turns(seed: int, share: int) -> None:
    async def play(crowd: Crowd) -> list[asyncio.Task[None]]:
        random, tasks = Random(seed), list[asyncio.Task[None]]()
        for number in range(200):
            tasks += crowd.sends(f"{random.choice('abc')}{number}")
            for _ in range(random.randrange(3)):
                await asyncio.sleep(0)
            if random.random() < 0.5:
                random.choice(tasks).cancel()
            if random.random() < 0.5 and crowd._ends:
                crowd._ends[random.choice(list(crowd._ends))].set()
        await settled()
        working = [name for name in crowd.began if not tasks[int(name[1:])].done()]
        live = sum(not task.done() for task in tasks)
        assert live - crowd.turns.waiting() == len(working) <= 3
        of_each = Counter(map(tenant_of, working))
        assert max(of_each.values(), default=0) <= share
        for tenant in "abc":
            assert not crowd.turns.waiting(tenant) or len(working) == 3 or of_each[tenant] == share
        return tasks

    began(play, at_once=3, most_waiting=1000, most_of_one=1000, share=share)


def test_one_tenant_never_has_all_turns_though_nobody_else_wants_them_yet() -> None:
    async def play(crowd: Crowd) -> list[asyncio.Task[None]]:
        tasks = crowd.sends("a1", "a2", "a3", "a4")
        await settled()
        assert crowd.began == ["a1", "a2"]
        tasks += crowd.sends("b1")
        await settled()
        assert crowd.began == ["a1", "a2", "b1"]
        tasks += crowd.sends("c1")
        await settled()
        await crowd.ends("b1")
        await crowd.ends("c1")  # a is not to have its turn
        await crowd.ends("a1")
        return tasks

    assert began(play, at_once=3, share=2) == ["a1", "a2", "b1", "c1", "a3"]


def test_of_each_kind_of_work_that_has_several_turns_one_is_left_for_others(client: TestClient) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]
    kinds = ("parsing", "judging", "holding", "predicting", "opening", "resolving")

    async def play(kind: str) -> bool:
        turns = getattr(service, kind)
        tasks = [asyncio.create_task(turns.taken("acme")) for _ in range(12)]
        await settled()
        assert sum(task.done() and task.exception() is None for task in tasks) >= 2  # and one for others
        other = asyncio.create_task(turns.taken("other"))
        await settled()
        was_free = other.done()
        for task in (*tasks, other):
            task.cancel()
        for given in await asyncio.gather(*tasks, other, return_exceptions=True):
            if callable(given):
                given()
        return was_free

    assert client.portal is not None
    assert {kind: client.portal.call(play, kind) for kind in kinds} == dict.fromkeys(kinds, True)


def test_an_upload_of_another_tenant_goes_before_all_that_one_has_waiting(client: TestClient, store: Store) -> None:
    keys = {name: issued(store, name) for name in ("acme", "other")}
    done: list[tuple[str, int]] = []

    def upload(tenant: str, number: int) -> Any:
        headers = {**keys[tenant], "Content-Type": "text/csv"}
        answer = client.post("/v1/datasets", content=f"a,b\n{number},{tenant}\n", headers=headers)
        done.append((tenant, answer.status_code))
        return answer

    turns: Turns = client.app.state.service.parsing  # type: ignore[attr-defined]
    portal = client.portal
    assert portal is not None
    busy = [portal.call(turns.taken, tenant) for tenant in ("acme", "acme", "third")]
    threads = [threading.Thread(target=upload, args=("acme", number)) for number in range(MOST_OF_ONE)]
    for thread in threads:
        thread.start()
    until(lambda: turns.waiting("acme") == MOST_OF_ONE)
    refused = upload("acme", 99)
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_requests")
    assert refused.headers["retry-after"] == "5"
    threads.append(threading.Thread(target=upload, args=("other", 0)))
    threads[-1].start()
    until(lambda: turns.waiting("other") == 1)
    portal.call(busy[0])
    until(lambda: len(done) > 1)
    portal.call(busy[1])
    portal.call(busy[2])
    for thread in threads:
        thread.join(60)
    assert done[:2] == [("acme", 429), ("other", 201)]
    assert sorted(status for _, status in done[2:]) == [201] * MOST_OF_ONE


def test_large_jobs_are_judged_while_large_predictions_are_made_and_these_beside_those(
    client: TestClient, trained: JSON
) -> None:
    service, portal = client.app.state.service, client.portal  # type: ignore[attr-defined]
    headers = {"Content-Type": "application/json"}
    work = {
        "holding": (f"/v1/jobs/{trained['id']}/predict", orjson.dumps({"rows": [{"a": 1, "b": 2}]}).ljust(LARGE)),
        "judging": ("/v1/networks/check", orjson.dumps(xor()).ljust(LARGE)),
    }
    assert portal is not None
    for held, free in (("holding", "judging"), ("judging", "holding")):
        busy = [portal.call(getattr(service, held).taken, tenant) for tenant in ("acme", "acme", "third")]
        answers: list[Any] = []

        def ask(held: str = held, answers: list[Any] = answers) -> None:
            path, content = work[held]
            answers.append(client.post(path, content=content, headers=headers))

        waiting = threading.Thread(target=ask)
        waiting.start()
        until(lambda held=held: getattr(service, held).waiting() == 1)  # type: ignore[misc]
        path, content = work[free]
        assert client.post(path, content=content, headers=headers).status_code == 200
        assert not answers
        for give_back in busy:
            portal.call(give_back)
        waiting.join(60)
        assert [answer.status_code for answer in answers] == [200]
