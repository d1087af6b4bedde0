"""A job's epochs and events as one history, whose order never changes: an event stands behind the last epoch before it."""

from dataclasses import dataclass

from sqlalchemy import func, select

from core.jobs import TERMINAL
from core.store.database import Database
from core.store.epochs import read_epochs
from core.store.events import read_events
from core.store.records import EpochRow, Event
from core.store.rows import no_job
from core.store.tables import events, jobs


@dataclass(frozen=True, slots=True)
class Place:
    """Behind all events up to `seq` and all epochs up to `epoch`."""

    seq: int = 0
    epoch: int = 0

    def behind(self, item: Event | EpochRow) -> "Place":
        return Place(item.seq, self.epoch) if isinstance(item, Event) else Place(self.seq, item.epoch)


@dataclass(frozen=True, slots=True)
class Passage:
    items: tuple[Event | EpochRow, ...]
    has_more: bool  # of what is there already
    has_ended: bool  # nothing will ever follow
    version: int  # of the job; another one says that more may have come


class Histories:
    def __init__(self, database: Database) -> None:
        self._database = database

    def after(self, tenant: str, job_id: str, place: Place, limit: int = 200) -> Passage:
        """What follows the place: at most `limit` events and as many epochs."""
        state = select(jobs.c.version, jobs.c.epoch, jobs.c.state).where(jobs.c.id == job_id, jobs.c.tenant == tenant)
        with self._database.reading() as reader:
            # The job first: whatever comes after it gives it another version, and is left for the next time.
            job = reader.execute(state).one_or_none()
            if job is None:
                raise no_job(job_id)
            happened = read_events(reader, job_id, place.seq, limit + 1)
            trained = read_epochs(reader, job_id, place.epoch, limit + 1)
        bound = job.epoch
        if is_cut := len(trained) > limit:
            bound = min(bound, trained[limit - 1].epoch)
        if len(happened) > limit:
            is_cut, bound = True, min(bound, happened[limit - 1].epoch)
        known: list[Event | EpochRow] = [*trained[:limit], *happened[:limit]]
        known = [each for each in known if each.epoch <= bound]
        known.sort(key=lambda item: (item.epoch, isinstance(item, Event)))
        return Passage(tuple(known), is_cut, job.state in TERMINAL and not is_cut, job.version)

    def last(self, tenant: str, job_id: str) -> Place:
        """Behind all that is there."""
        query = select(jobs.c.epoch).where(jobs.c.id == job_id, jobs.c.tenant == tenant)
        with self._database.reading() as reader:
            seq = select(func.coalesce(func.max(events.c.seq), 0)).where(events.c.job_id == job_id).scalar_subquery()
            row = reader.execute(query.add_columns(seq)).one_or_none()
        if row is None:
            raise no_job(job_id)
        return Place(row[1], row[0])
