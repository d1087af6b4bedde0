"""Workers that are stopped in the middle of an epoch, lose their job to another that records epochs, and are woken then.

Random harm hardly ever makes one: between the new owner's first write and the end of the job there must be an old one.
"""

import random
import signal
from contextlib import suppress

from sqlalchemy.exc import OperationalError

from core.jobs import TERMINAL
from core.store import connect
from tests.faults.arena import Arena
from tests.faults.harness import Worker, signal_all
from tests.faults.kinds import Kind, NotNow, Steps
from tests.faults.watch import Running


def zombie(arena: Arena, number: int, rng: random.Random) -> Steps:
    worker = arena.workers[number]
    child, run = _stopped(arena, worker)
    arena.zombies.woken += 1
    try:
        yield lambda: _is_overtaken(arena, run)
    finally:
        signal_all([child], signal.SIGCONT)
    yield lambda: f"{run.id}, attempt {run.attempt}, gave up" in worker.text()
    arena.zombies.fenced += 1


def _stopped(arena: Arena, worker: Worker) -> tuple[int, Running]:
    """A child that was stopped while it trained and held no lock in the database, which would stop everybody."""
    for child in worker.children():
        signal_all([child], signal.SIGSTOP)
        # Looked at after the locks: a commit that was on its way may have ended the job.
        if _is_free(arena) and (runs := arena.watch.running([child])):
            return child, runs[0]
        signal_all([child], signal.SIGCONT)
    raise NotNow


def _is_free(arena: Arena) -> bool:
    engine = connect(arena.url)
    lock = "BEGIN IMMEDIATE" if arena.kind == "sqlite" else "SELECT 1 FROM jobs FOR UPDATE NOWAIT"
    try:
        with suppress(OperationalError), engine.connect() as connection:
            if arena.kind == "sqlite":
                connection.exec_driver_sql("PRAGMA busy_timeout = 50")
            connection.exec_driver_sql(lock)
            connection.rollback()
            return True
        return False
    finally:
        engine.dispose()


def _is_overtaken(arena: Arena, run: Running) -> bool:
    """Whether a later attempt has recorded an epoch, or the job has ended."""
    seen = arena.watch.last(run.id)
    if seen is None:
        return False
    return seen.state in TERMINAL or (seen.attempt > run.attempt and seen.epoch > run.epoch)


ZOMBIE = {"zombie woken": Kind(zombie, "worker", 12)}
