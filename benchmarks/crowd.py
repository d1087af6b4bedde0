"""`python -m benchmarks.crowd`: what idle and slow clients cost the others.

Starts an embedded service in a temporary directory and measures how long GET /v1/jobs/{id} takes, one request after the other,
while nobody else is there and, by turns with that, beside

    waiting      500 clients wait for the job with `?wait=60`, and ask again when they are answered
    streaming    500 clients follow the job, or all jobs, as server-sent events
    uploading    50 clients send datasets of 4 MiB at 128 KiB a second each, in pieces

and how many times as long as alone that is. Ends with 1 where it is more than twice as long. Its workers are stopped meanwhile,
so that the job waits and nothing trains.
"""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from typing import Any
from urllib.parse import urlsplit

import psutil

from benchmarks.service import Client, within

WAITING = 500
UPLOADS = 50
UPLOAD_BYTES = 4 * 2**20
PIECE_BYTES = 16 * 2**10
PIECES_PER_S = 8
ROUNDS = 4  # alone and beside each crowd by turns, since whatever else the machine does changes meanwhile
SECONDS = 5.0
MOST_TIMES = 2.0  # as long as alone
PAUSE_S = 0.005  # between two requests: latency is measured, not throughput


class Connection:
    """One that stays open; requests are written by hand, so that the measuring costs little."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    @asynccontextmanager
    async def to(cls, url: str) -> AsyncIterator["Connection"]:
        place = urlsplit(url)
        reader, writer = await asyncio.open_connection(place.hostname, place.port)
        try:
            yield cls(reader, writer)
        finally:
            writer.close()

    def begin(self, method: str, path: str, *headers: str) -> None:
        lines = [f"{method} {path} HTTP/1.1", "Host: localhost", f"Authorization: Bearer {os.environ['GRADMILL_API_KEY']}"]
        self.writer.write("\r\n".join([*lines, *headers, "\r\n"]).encode())

    async def answer(self) -> int:
        head = await self.reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
        await self.reader.readexactly(length)
        return int(head.split(b" ")[1])


async def polls(url: str, job: str) -> list[float]:
    """Milliseconds of each of the polls."""
    times: list[float] = []
    async with Connection.to(url) as connection:
        until = time.perf_counter() + SECONDS
        while (began := time.perf_counter()) < until:
            connection.begin("GET", f"/v1/jobs/{job}")
            if (status := await connection.answer()) != 200:
                raise RuntimeError(f"a poll was answered with {status}")
            times.append((time.perf_counter() - began) * 1e3)
            await asyncio.sleep(PAUSE_S)
    return times


async def waits(url: str, job: str) -> None:
    async with Connection.to(url) as connection:
        while True:
            connection.begin("GET", f"/v1/jobs/{job}?wait=60")
            await connection.answer()


async def streams(url: str, path: str) -> None:
    """Reads until the stream ends, and comes again."""
    while True:
        async with Connection.to(url) as connection:
            connection.begin("GET", path, "Accept: text/event-stream")
            if b" 200 " not in await connection.reader.readuntil(b"\r\n"):
                raise RuntimeError("a stream was not begun")
            await connection.reader.readuntil(b"\r\n0\r\n\r\n")


async def uploads(url: str, number: int) -> None:
    """One dataset after the other, each of other bytes."""
    async with Connection.to(url) as connection:
        for again in range(1_000):
            name = f"a{number}_{again}"
            body = f"{name}\n".encode() + b"1.25\n" * (UPLOAD_BYTES // 5)
            connection.begin("POST", "/v1/datasets", "Content-Type: text/csv", f"Content-Length: {len(body)}")
            for start in range(0, len(body), PIECE_BYTES):
                connection.writer.write(body[start : start + PIECE_BYTES])
                await connection.writer.drain()
                await asyncio.sleep(1 / PIECES_PER_S)
            await connection.answer()


async def beside(url: str, job: str, crowd: list[Callable[[], Coroutine[Any, Any, None]]]) -> list[float]:
    """The polls' times while all of the crowd are at work."""
    tasks = [asyncio.create_task(member()) for member in crowd]
    await asyncio.sleep(2)  # until all of them are connected
    try:
        times = await polls(url, job)
        if failed := [task.exception() for task in tasks if task.done()]:
            raise RuntimeError(f"{len(failed)} of the crowd went away: {failed[0]!r}")
        return times
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def stopped_workers() -> Iterator[None]:
    supervisor = psutil.Process().parent()
    children = [] if supervisor is None else supervisor.children(recursive=True)
    workers = [child for child in children if "celery" in child.cmdline()]
    for worker in workers:
        worker.suspend()
    try:
        yield
    finally:
        for worker in workers:
            worker.resume()


async def report(url: str, queued: str) -> bool:
    """Whether all of it is within the bound."""
    crowds: dict[str, list[Callable[[], Coroutine[Any, Any, None]]]] = {
        "waiting": [lambda: waits(url, queued)] * WAITING,
        "streaming": [
            lambda path=path: streams(url, path)  # type: ignore[misc]
            for path in (f"/v1/jobs/{queued}/events", "/v1/events")
            for _ in range(WAITING // 2)
        ],
        "uploading": [lambda number=number: uploads(url, number) for number in range(UPLOADS)],  # type: ignore[misc]
    }
    is_within = True
    for name, crowd in crowds.items():
        alone, crowded = [], []
        for _ in range(ROUNDS):
            alone += await beside(url, queued, [])
            crowded += await beside(url, queued, crowd)
        times = statistics.median(crowded) / statistics.median(alone)
        print(f"{name:<12}{told(crowded)}; alone {told(alone)}: {times:.2f} times")
        is_within = is_within and times <= MOST_TIMES
    return is_within


def told(times: list[float]) -> str:
    return f"{statistics.median(times):.2f} ms median, 99 % under {statistics.quantiles(times, n=100)[98]:.2f} ms"


def measure(url: str) -> bool:
    with stopped_workers():
        return asyncio.run(report(url, Client(url).submit(0)))


if __name__ == "__main__":
    sys.exit(within("benchmarks.crowd", measure))
