"""Jobs that nobody wants any longer: deleted by their clients, or kept for long enough.

A deleted job is out of every client's reach at once, since it belongs to NOBODY. Its rows go after that, in transactions of
bounded size, so that no writer waits for long; what is left behind by a process that dies meanwhile, the next sweep removes.
"""

from contextlib import suppress

from sqlalchemy import Column, Connection, delete, func, select, update

from core.errors import Conflict, CoreError
from core.jobs import TERMINAL
from core.store.blobs import discard
from core.store.database import Database
from core.store.idempotency import forget
from core.store.needed import in_need
from core.store.records import Job
from core.store.snapshots import remove_snapshots
from core.store.steering import locked
from core.store.tables import NOBODY, epochs, events, jobs, weights

ROWS_AT_ONCE = 1000  # epochs or events, per transaction
_ROWS_AWAITED = 10_000  # by a client
_ROWS_AT_A_SWEEP = 10_000


class Removal:
    _database: Database

    def delete(self, tenant: str, id: str) -> None:
        """Removes a job that has ended, with its epochs, events, snapshots and weights.

        Conflict where it has not ended, or where a job that has not ended starts from its weights.
        """
        self.discard(tenant, id)
        with suppress(CoreError):
            self._clear(id, _ROWS_AWAITED)

    def discard(self, tenant: str, id: str) -> None:
        """Takes the job out of every client's reach, as `delete` does, and leaves its rows to `clear_deleted`."""
        with self._database.writing() as writer:
            job = locked(writer, tenant, id)
            if job.state not in TERMINAL:
                raise Conflict(f"job {id} is {job.state}: only a job that has ended can be deleted; cancel it before")
            needed_by = in_need(writer, id, jobs.c.start_id)
            if needed_by is not None:
                raise Conflict(f"{needed_by} starts from the weights of job {id}: cancel it, or wait until it has ended")
            disown(writer, job)

    def clear_deleted(self, most: int = 100) -> int:
        """Removes what is left of at most so many deleted jobs, some rows of all of them; returns how many jobs they are."""
        with self._database.reading() as reader:
            left = reader.scalars(select(jobs.c.id).where(jobs.c.tenant == NOBODY).order_by(jobs.c.id).limit(most)).all()
        removed = 0
        for id in left:
            removed += self._clear(id, _ROWS_AT_A_SWEEP - removed)
        return len(left)

    def _clear(self, id: str, most: int) -> int:
        """Returns how many epochs, events and snapshots it has removed; after the last of them goes the job."""
        removed = 0
        while removed < most:
            with self._database.writing() as writer:
                count = remove_epochs(writer, id) or _remove_some(writer, id, events.c.seq) or remove_snapshots(writer, id)
                removed += count
                if count == 0:
                    _remove_row(writer, id)
                    break
        return removed


def disown(writer: Connection, job: Job) -> None:
    writer.execute(update(jobs).where(jobs.c.id == job.id).values(tenant=NOBODY, version=jobs.c.version + 1))
    forget(writer, job.id)


def remove_epochs(writer: Connection, id: str) -> int:
    """The first `ROWS_AT_ONCE` that are there; returns how many."""
    return _remove_some(writer, id, epochs.c.epoch)


def _remove_some(writer: Connection, id: str, number: Column[int]) -> int:
    """Of the rows of the job that are numbered so."""
    table = number.table
    first = select(func.min(number)).where(table.c.job_id == id).scalar_subquery()
    return writer.execute(delete(table).where(table.c.job_id == id, number < first + ROWS_AT_ONCE)).rowcount


def _remove_row(writer: Connection, id: str) -> None:
    """With its weights; of large ones the bytes are left to `Blobs.sweep`."""
    if writer.scalar(select(jobs.c.id).where(jobs.c.id == id, jobs.c.tenant == NOBODY).with_for_update()) is None:
        return
    kept = select(weights.c.blob_id, weights.c.size_bytes).where(weights.c.job_id == id).distinct()
    for blob in writer.execute(kept).all():
        discard(writer, *blob)
    writer.execute(delete(jobs).where(jobs.c.id == id))
