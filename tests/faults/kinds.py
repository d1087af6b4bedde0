"""The faults. Each is a generator that does harm, mends it and waits for the service to come to itself.

It yields seconds to wait for, a condition to wait for, or `Recovery` around one: the time that this takes is measured from the
start of the fault, or from `since`, when what was taken away is there again.
"""

import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import make_url

from tests.faults import stepped
from tests.faults.arena import LEASE_TTL_S, Arena, Progress
from tests.faults.harness import Process, Worker, signal_all
from tests.faults.watch import Running

Condition = Callable[[], bool]


@dataclass(frozen=True)
class Recovery:
    condition: Condition
    since: float | None = None


class NotNow(Exception):
    """There is nothing to disturb in this way at the moment; it counts as no fault."""


Steps = Iterator[float | Condition | Recovery]


@dataclass(frozen=True)
class Kind:
    steps: Callable[[Arena, int, random.Random], Steps]  # of the worker with this number, if it is one that is harmed
    target: str
    weight: int
    databases: tuple[str, ...] = ("sqlite", "postgresql")


def _taken_up(arena: Arena, runs: list[Running]) -> Iterator[Recovery]:
    """Every job that was in the hands of those that were harmed is trained again."""
    if runs:
        yield Recovery(lambda: all(map(arena.watch.is_taken_up, runs)))


def _busy_child(arena: Arena, worker: Worker) -> tuple[int, list[Running]]:
    """One that trains."""
    for child in worker.children():
        if runs := arena.watch.running([child]):
            return child, runs
    raise NotNow


def _ready(worker: Worker) -> Condition:
    return lambda: "ready." in worker.text() and bool(worker.children())


def worker_killed(arena: Arena, number: int, rng: random.Random) -> Steps:
    worker = arena.workers[number]
    runs = arena.watch.running(worker.children())
    worker.kill()
    yield rng.uniform(0, 1)
    arena.workers[number] = arena.start_worker()
    yield from _taken_up(arena, runs)
    yield _ready(arena.workers[number])


def child_killed(arena: Arena, number: int, rng: random.Random) -> Steps:
    child, runs = _busy_child(arena, arena.workers[number])
    signal_all([child], signal.SIGKILL)
    yield from _taken_up(arena, runs)


def worker_told_to_stop(arena: Arena, number: int, rng: random.Random) -> Steps:
    worker = arena.workers[number]
    runs = arena.watch.running(worker.children())
    worker.send(signal.SIGTERM)
    arena.workers[number] = arena.start_worker()
    yield from _taken_up(arena, runs)
    yield lambda: not worker.is_running()
    yield _ready(arena.workers[number])


def worker_frozen(arena: Arena, number: int, rng: random.Random) -> Steps:
    worker = arena.workers[number]
    everyone = [worker.pid, *worker.children()]
    runs = arena.watch.running(everyone)
    signal_all(everyone, signal.SIGSTOP)
    try:
        yield rng.uniform(0.2, 2 * LEASE_TTL_S)
    finally:
        signal_all(everyone, signal.SIGCONT)
    since = time.monotonic()
    if runs:  # by the same one, or by another
        progress = Progress(arena.watch)
        yield Recovery(lambda: progress() or all(map(arena.watch.is_taken_up, runs)), since)


def child_frozen(arena: Arena, number: int, rng: random.Random) -> Steps:
    child, _ = _busy_child(arena, arena.workers[number])
    signal_all([child], signal.SIGSTOP)
    try:
        yield rng.uniform(0.1, 2 * LEASE_TTL_S)
    finally:
        signal_all([child], signal.SIGCONT)


def _restarted(arena: Arena, harm: Callable[[], None], mend: Callable[[], object], pause_s: float) -> Steps:
    harm()
    try:
        yield pause_s
    finally:
        mend()
    yield Recovery(Progress(arena.watch), time.monotonic())


def broker_killed(arena: Arena, number: int, rng: random.Random) -> Steps:
    yield from _restarted(arena, arena.cluster.broker.kill, arena.cluster.start_broker, rng.uniform(0, 1.5))


def broker_silent(arena: Arena, number: int, rng: random.Random) -> Steps:
    broker = arena.cluster.broker
    yield from _restarted(arena, lambda: broker.send(signal.SIGSTOP), lambda: broker.send(signal.SIGCONT), rng.uniform(0.2, 3))


def _restart_api(arena: Arena) -> None:
    arena.api = arena.cluster.start_api()


def api_killed(arena: Arena, number: int, rng: random.Random) -> Steps:
    arena.api.kill()
    yield rng.uniform(0, 0.5)
    _restart_api(arena)
    yield Recovery(arena.answers, time.monotonic())


def api_told_to_stop(arena: Arena, number: int, rng: random.Random) -> Steps:
    api = arena.api
    api.send(signal.SIGTERM)
    yield lambda: not api.is_running()
    _restart_api(arena)
    yield Recovery(arena.answers, time.monotonic())


def sweeper_killed(arena: Arena, number: int, rng: random.Random) -> Steps:
    arena.sweeper.kill()
    yield rng.uniform(0, 1)
    arena.sweeper = arena.cluster.start_sweeper()


def sweeper_frozen(arena: Arena, number: int, rng: random.Random) -> Steps:
    sweeper: Process = arena.sweeper
    sweeper.send(signal.SIGSTOP)
    try:
        yield rng.uniform(0.2, 3)
    finally:
        sweeper.send(signal.SIGCONT)


def clock_stepped(arena: Arena, number: int, rng: random.Random) -> Steps:
    """Up to two leases forward or back."""
    seconds = rng.uniform(-LEASE_TTL_S, LEASE_TTL_S)
    yield lambda: stepped.step(arena.database, seconds)


def database_killed(arena: Arena, number: int, rng: random.Random) -> Steps:
    assert arena.server is not None
    yield from _restarted(arena, arena.server.kill, arena.server.start, rng.uniform(0, 1))


def session_killed(arena: Arena, number: int, rng: random.Random) -> Steps:
    assert arena.server is not None
    if not arena.server.kill_session():
        raise NotNow
    yield Recovery(Progress(arena.watch))


def half_open(arena: Arena, number: int, rng: random.Random) -> Steps:
    """The next commit, whoever makes it, is never answered; half of them are done nevertheless."""
    proxy = arena.proxy
    assert proxy is not None
    before = proxy.silenced
    proxy.silence_next_commit(rng.choice(["before", "after"]))
    yield lambda: proxy.silenced > before
    yield Recovery(Progress(arena.watch))


# Takes SQLite's only lock, changes every job without a commit, and stays.
_WRITER = """
import sys, time, pysqlite3
database = pysqlite3.connect(sys.argv[1], isolation_level=None, timeout=60)
database.execute("PRAGMA cache_size = 1")
database.execute("BEGIN IMMEDIATE")
if sys.argv[2] == "write":
    database.execute("UPDATE jobs SET fence = fence + 100, epoch = 0, version = 0")
    database.execute("UPDATE epochs SET loss = 0")
print("locked", flush=True)
time.sleep(600)
"""


def _lock_held(arena: Arena, rng: random.Random, doing: str) -> Steps:
    command = [sys.executable, "-c", _WRITER, str(make_url(str(arena.database.url)).database), doing]
    writer = arena.cluster.start(f"writer{time.monotonic_ns()}", command)
    try:
        yield lambda: "locked" in writer.text() or not writer.is_running()
        yield rng.uniform(0, 2)
    finally:
        writer.kill()
    yield Recovery(Progress(arena.watch), time.monotonic())


def lock_held(arena: Arena, number: int, rng: random.Random) -> Steps:
    return _lock_held(arena, rng, "hold")


def writer_killed(arena: Arena, number: int, rng: random.Random) -> Steps:
    return _lock_held(arena, rng, "write")


KINDS: Mapping[str, Kind] = {
    "worker killed": Kind(worker_killed, "worker", 9),
    "worker's child killed": Kind(child_killed, "worker", 26),
    "worker told to stop": Kind(worker_told_to_stop, "worker", 9),
    "worker frozen": Kind(worker_frozen, "worker", 6),
    "worker's child frozen": Kind(child_frozen, "worker", 12),
    "broker killed, back empty": Kind(broker_killed, "broker", 6),
    "broker silent": Kind(broker_silent, "broker", 4),
    "API killed": Kind(api_killed, "api", 6),
    "API told to stop": Kind(api_told_to_stop, "api", 2),
    "sweeper killed": Kind(sweeper_killed, "sweeper", 3),
    "sweeper frozen": Kind(sweeper_frozen, "sweeper", 3),
    "clock stepped": Kind(clock_stepped, "database", 4),
    "database killed": Kind(database_killed, "database", 5, ("postgresql",)),
    "database's session killed": Kind(session_killed, "database", 5, ("postgresql",)),
    "commit never answered": Kind(half_open, "connection", 10, ("postgresql",)),
    "database locked": Kind(lock_held, "database", 6, ("sqlite",)),
    "database's writer killed": Kind(writer_killed, "database", 8, ("sqlite",)),
}


def quietly(steps: Steps) -> None:
    """Ends a fault that is given up; what it had taken away it gives back."""
    with suppress(Exception):
        steps.close()  # type: ignore[attr-defined]
