"""A request that waits for a job, and stops waiting when its client has gone."""

import asyncio

from fastapi import Request

from api.deps import Service
from api.errors import wrong_parameter
from api.watch import Watcher


def checked_wait(service: Service, wait_s: float) -> float:
    """Refused where it is longer than a request may wait."""
    longest_s = service.settings.max_wait_s
    if wait_s > longest_s:
        raise wrong_parameter("wait", f"wait is {wait_s:.15g}; it must be a number of seconds from 0 to {longest_s:.15g}")
    return wait_s


async def until_changed(request: Request, watcher: Watcher, job_id: str, version: int, timeout_s: float) -> bool:
    """True as soon as the job's version is another one; False after the time, or when the client or the server goes."""
    waiting = asyncio.create_task(watcher.wait(job_id, version, timeout_s))
    listening = asyncio.create_task(_hung_up(request))
    try:
        await asyncio.wait({waiting, listening}, return_when=asyncio.FIRST_COMPLETED)
        return waiting.done() and waiting.result()
    finally:
        waiting.cancel()
        listening.cancel()


async def _hung_up(request: Request) -> None:
    while (await request.receive())["type"] != "http.disconnect":
        pass
