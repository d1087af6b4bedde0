"""Looks at the jobs' rows all the time, and at the end at everything that the database knows of them."""

import hashlib
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy import Connection, Engine, select
from sqlalchemy.exc import SQLAlchemyError

from core.jobs import TERMINAL, State
from core.store.tables import blobs, epochs, events, jobs, snapshots, weights
from tests.faults.history import Epoch, History, Sighting, Snapshot

LOOK_EVERY_S = 0.05

_SEEN = (jobs.c.state, jobs.c.version, jobs.c.fence, jobs.c.attempt, jobs.c.epoch)


@dataclass(frozen=True)
class Running:
    """A job and the attempt that somebody makes at it."""

    id: str
    attempt: int
    epoch: int
    owner: str


class Watch:
    """A context with a thread. The database may be away at any time."""

    def __init__(self, database: Engine) -> None:
        self._database = database
        self._sightings: dict[str, list[Sighting]] = {}
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()
        self._thread.join()

    def add(self, id: str) -> None:
        """From now on it is looked at."""
        self._sightings.setdefault(id, [])

    def last(self, id: str) -> Sighting | None:
        seen = self._sightings.get(id)
        return seen[-1] if seen else None

    def unfinished(self) -> int:
        return sum(not _has_ended(seen) for seen in list(self._sightings.values()))

    def running(self, pids: Iterable[int]) -> list[Running]:
        """What these processes own at this moment; nothing where the database does not tell."""
        wanted = {str(pid) for pid in pids}
        with suppress(SQLAlchemyError), self._database.connect() as connection:
            query = select(jobs.c.id, jobs.c.attempt, jobs.c.epoch, jobs.c.lease_owner).where(jobs.c.state == State.RUNNING)
            return [Running(*row) for row in connection.execute(query) if row.lease_owner.rpartition(":")[2] in wanted]
        return []

    def is_taken_up(self, run: Running) -> bool:
        """Whether somebody trains the job again, or has ended it, or its client keeps it paused."""
        seen = self.last(run.id)
        if seen is None:
            return False
        is_held = seen.state is State.PAUSED and seen.attempt >= run.attempt
        return is_held or seen.state in TERMINAL or (seen.attempt > run.attempt and seen.state is State.RUNNING)

    def attempts(self) -> int:
        """All that were ever seen."""
        return sum(seen[-1].attempt for seen in list(self._sightings.values()) if seen)

    def stored(self) -> list[str]:
        """The ids of all jobs that there are."""
        with self._database.connect() as connection:
            return list(connection.scalars(select(jobs.c.id)))

    def history(
        self, key: str, kind: str, answers: list[str], was_cancelled: bool = False, was_paused: bool = False
    ) -> History:
        """After the end, when nothing changes any more."""
        id = answers[0]
        with self._database.connect() as connection:
            row = connection.execute(select(*_SEEN, jobs.c.error).where(jobs.c.id == id)).one_or_none()
            told = connection.scalars(select(events.c.type).where(events.c.job_id == id).order_by(events.c.seq)).all()
            columns = (epochs.c.epoch, epochs.c.fence, epochs.c.loss, epochs.c.validation_loss)
            trained = connection.execute(select(*columns).where(epochs.c.job_id == id).order_by(epochs.c.epoch)).all()
            kept = connection.execute(select(weights.c.which, weights.c.blob_id).where(weights.c.job_id == id)).all()
            looked = (snapshots.c.epoch, snapshots.c.fence, snapshots.c.blob_id)
            on_the_way = connection.execute(select(*looked).where(snapshots.c.job_id == id).order_by(snapshots.c.epoch)).all()
            saved = {which: _sha256(connection, blob_id) for which, blob_id in kept}
            taken = [Snapshot(epoch, fence, _sha256(connection, blob_id)) for epoch, fence, blob_id in on_the_way]
        end = None if row is None else _sighting(*row[:-1])
        return History(
            key,
            kind,
            answers,
            end,
            list(told),
            [Epoch(*each) for each in trained],
            saved,
            taken,
            self._sightings.get(id, ()),
            was_cancelled,
            was_paused,
            None if row is None else row.error,
        )

    def _run(self) -> None:
        rounds = 0
        while not self._left.wait(LOOK_EVERY_S):
            rounds += 1
            with suppress(SQLAlchemyError):
                self._look(everywhere=rounds % 100 == 0)

    def _look(self, everywhere: bool) -> None:
        """At all that have not ended; now and then at the others too, which must stay as they are."""
        wanted = [id for id, seen in list(self._sightings.items()) if everywhere or not _has_ended(seen)]
        with self._database.connect() as connection:
            for row in connection.execute(select(jobs.c.id, *_SEEN).where(jobs.c.id.in_(wanted[-1000:]))):
                seen, now = self._sightings[row.id], _sighting(*row[1:])
                if not seen or seen[-1] != now:
                    seen.append(now)


def _sha256(connection: Connection, blob_id: str) -> str:
    """Of the bytes that are there, whatever is said of them."""
    data = connection.scalars(select(blobs.c.data).where(blobs.c.blob_id == blob_id).order_by(blobs.c.number))
    return hashlib.sha256(b"".join(data)).hexdigest()


def _sighting(state: str, *others: int) -> Sighting:
    return Sighting(State(state), *others)


def _has_ended(seen: list[Sighting]) -> bool:
    return bool(seen) and seen[-1].state in TERMINAL
