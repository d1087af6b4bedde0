"""What answers to datasets stand on: turns, room on the disk, and files that grow while they are read."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from api.errors import Refused
from api.growing import Broken, Growing
from api.limits.room import MARGIN_BYTES, Room
from api.limits.turns import Turns
from api.streaming import PIECE_BYTES
from core.errors import StorageFull, TooLarge


def test_no_tenant_has_more_than_its_share_and_its_next_waits_for_its_own() -> None:
    async def run() -> list[str]:
        turns, said = Turns(at_once=3, share=2), []
        first, second = await turns.taken("acme"), await turns.taken("acme")

        async def third() -> None:
            async with turns.turn("acme"):
                said.append("acme's third")

        waiting = asyncio.create_task(third())
        await asyncio.sleep(0)
        async with turns.turn("other"):
            said.append("other's first")
        first()
        await waiting
        second()
        async with turns.turn("acme"), turns.turn("acme"), turns.turn("other"):
            said.append("all are free again")
        return said

    assert asyncio.run(run()) == ["other's first", "acme's third", "all are free again"]


@pytest.mark.parametrize(
    ("at_once", "tenant", "code", "told"),
    [
        (1, "other", "busy", "no other request of this kind came to its end within 0.01 seconds"),
        (1, "acme", "too_many_requests", "1 requests of this kind of your tenant are being worked on, as many as may"),
        (2, "acme", "too_many_requests", "1 requests of this kind of your tenant are being worked on, as many as may"),
    ],
)
def test_nobody_waits_for_a_turn_for_ever_and_is_told_for_whom(at_once: int, tenant: str, code: str, told: str) -> None:
    async def run() -> Refused:
        turns = Turns(at_once, share=1, patience_s=0.01)
        give_back = await turns.taken("acme")
        with pytest.raises(Refused) as refused:
            await turns.taken(tenant)
        give_back()
        async with turns.turn(tenant):
            pass
        return refused.value

    refused = asyncio.run(run())
    assert (refused.code, refused.headers) == (code, {"Retry-After": "5"})
    assert told in refused.detail


def test_room_is_for_all_and_for_each_and_comes_back(tmp_path: Path) -> None:
    room = Room(tmp_path, most=100, most_of_one=60)
    part = room.take("acme", 50)
    with pytest.raises(Refused, match=r"may take 11 bytes .* of your tenant that are not read yet take 50; 60 are") as refused:
        room.take("acme", 11)
    assert refused.value.code == "too_many_requests"
    room.take("other", 45)
    with pytest.raises(Refused, match=r"may take 10 bytes .* which others take now") as refused:
        room.take("third", 10)
    assert refused.value.code == "busy"
    part.size = part.written = 45
    room.give_back(room.take("third", 10))
    room.give_back(part)
    room.give_back(part)
    assert room.take("acme", 55) is not None


@pytest.mark.parametrize(("most", "most_of_one"), [(60, 100), (100, 60)])
def test_what_never_has_room_is_too_large_whichever_is_the_smaller(tmp_path: Path, most: int, most_of_one: int) -> None:
    room = Room(tmp_path, most, most_of_one)
    room.give_back(room.take("acme", 60))
    with pytest.raises(TooLarge, match="may take 61 bytes until it has been read; 60 are allowed"):
        room.take("acme", 61)
    with pytest.raises(TooLarge):
        room.share("acme", object(), 61)


def test_a_file_counts_once_for_a_tenant_until_its_last_reader_gives_it_back(tmp_path: Path) -> None:
    room, file = Room(tmp_path, most=100, most_of_one=60), object()
    parts = [room.share("acme", file, 50) for _ in range(3)]
    with pytest.raises(Refused, match="of your tenant that are not read yet take 50"):
        room.share("acme", object(), 11)
    room.give_back(room.share("other", file, 50))
    with pytest.raises(Refused, match="which others take now"):
        room.take("other", 51)
    for part in parts[1:]:
        room.give_back(part)
    with pytest.raises(Refused, match="take 50"):
        room.take("acme", 60)
    room.give_back(parts[0])
    room.take("acme", 60)


def test_there_is_no_more_room_than_the_disk_has(tmp_path: Path) -> None:
    room = Room(tmp_path, most=2**62, most_of_one=2**62)
    with pytest.raises(StorageFull, match="may take 2,305,843,009,213,693,952 bytes of the disk"):
        room.take("acme", 2**61)
    room.take("acme", 1)


def test_the_disk_is_promised_once_and_not_to_its_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    free = MARGIN_BYTES + 100
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=free))
    room = Room(tmp_path, most=2**62, most_of_one=2**62)
    part = room.take("acme", 60)
    with pytest.raises(StorageFull, match=r"may take 41 bytes .* 40 are free"):
        room.take("other", 41)
    part.written, free = 30, free - 30
    with pytest.raises(StorageFull, match=r"may take 41 bytes .* 40 are free"):
        room.take("other", 41)
    room.give_back(room.share("third", object(), 1000))  # which takes no more of it than it did before
    part.size = part.written
    room.take("other", 70)


SIZE = PIECE_BYTES + 9
WHOLE = b"head " + b"0" * SIZE + b"1" * SIZE + b"2" * SIZE


def followed(folder: Path, work: Callable[[Growing], object]) -> tuple[bytes, bool]:
    """What a reader gets while three pieces are added, and whether it comes to an end."""

    async def run() -> tuple[bytes, bool]:
        answer, content = Growing(folder), b""
        await answer.add(lambda: b"head ")

        async def fill() -> None:
            for number in range(3):
                await answer.add(lambda number=number: b"%d" % number * SIZE)
                await asyncio.sleep(0)
            work(answer)

        answer.fill(fill())
        try:
            async for piece in answer.pieces():
                content += piece
        except Broken:
            return content, False
        finally:
            answer.close()
        return content, True

    return asyncio.run(run())


def test_a_reader_gets_what_grows_to_its_end(tmp_path: Path) -> None:
    assert followed(tmp_path, lambda _: None) == (WHOLE, True)


def test_an_answer_whose_making_fails_comes_to_no_end(tmp_path: Path) -> None:
    assert followed(tmp_path, lambda _: [][0]) == (WHOLE, False)


def test_what_nobody_wants_any_more_is_not_made_and_its_file_goes_with_the_work(tmp_path: Path) -> None:
    async def run() -> int:
        ends: list[bool] = []
        answer, steps, is_wanted = Growing(tmp_path), 0, asyncio.Event()
        answer.at_end.callback(ends.append, True)

        async def fill() -> None:
            nonlocal steps
            while not answer.is_closed:
                steps += 1
                await is_wanted.wait()
                await answer.add(lambda: b"late")

        answer.fill(fill())
        await asyncio.sleep(0)
        answer.close()
        assert not ends
        is_wanted.set()
        while asyncio.all_tasks() - {asyncio.current_task()}:
            await asyncio.sleep(0)
        await asyncio.sleep(0)  # its callbacks
        assert ends == [True]
        return steps

    assert asyncio.run(run()) == 1
