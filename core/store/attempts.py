"""Jobs as their workers see them: claim, keep, record, give back. How they end stands in core.store.endings.

Every write of a worker is guarded by `guard.held`: the fence it was given when it claimed. Whoever lost the job in the
meantime, whether it was stopped, cut off or slow, changes zero rows, writes nothing at all and gets LostLease. A write that its
own attempt repeats, because nobody knew whether the first one was committed, is taken as done.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import Connection, Row, Select, and_, false, func, insert, select, update

from core.errors import CoreError
from core.jobs import State
from core.store import guard
from core.store.checkpoints import replace_checkpoint
from core.store.clock import now
from core.store.database import Database
from core.store.events import write_event
from core.store.records import JSON, Claim, EpochRow, Signals
from core.store.rows import JOB, to_job
from core.store.tables import QUEUED, blobs, checkpoints, epochs, jobs

# On PostgreSQL a claimer may find that others hold all jobs it sees, while a newer one came in since it looked.
_RETRIES = 3


class Attempts:
    _database: Database

    def claim(self, owner: str, ttl_s: float, fingerprint: JSON | None = None) -> Claim | None:
        """Takes the oldest queued job, or None where nothing waits. No two claims ever get one job.

        `fingerprint` is that of the claiming machine, and an event says so when an earlier attempt ran under another one; None
        leaves the job's as it is.
        """
        with self._database.writing() as writer:
            row = _take_oldest(writer, owner, ttl_s)
            for _ in range(_RETRIES):
                if row is not None or writer.scalar(_waiting().limit(1)) is None:
                    break
                row = _take_oldest(writer, owner, ttl_s)
            if row is None:
                return None
            job = to_job(row)
            write_event(writer, job.id, "claimed", {"attempt": job.attempt})
            claim = Claim(job, job.fence, owner)
            if fingerprint is not None and fingerprint != job.fingerprint:
                _change_fingerprint(writer, claim, job.fingerprint, fingerprint)
            return claim

    def signals(self, claim: Claim) -> Signals:
        """What the client asked for meanwhile: a read of one row."""
        with self._database.reading() as reader:
            row = reader.execute(select(jobs.c.cancel_requested).where(guard.held(claim))).one_or_none()
        if row is None:
            raise guard.lost(claim)
        return Signals(cancel_requested=row.cancel_requested)

    def heartbeat(self, claim: Claim, ttl_s: float) -> Signals:
        """Extends the lease by `ttl_s` from now on, even one that has run out, as long as nobody took the job."""
        with self._database.writing() as writer:
            row = writer.execute(
                update(jobs).where(guard.held(claim)).values(lease_until=now() + ttl_s).returning(jobs.c.cancel_requested)
            ).one_or_none()
        if row is None:
            raise guard.lost(claim)
        return Signals(cancel_requested=row.cancel_requested)

    def record_epochs(self, claim: Claim, rows: Sequence[EpochRow], checkpoint: bytes | None) -> Signals:
        """Adds epochs that follow directly on the job's last one, and the checkpoint taken after them, or in the next epoch.

        Without rows it stores the checkpoint alone. Both count as progress.
        """
        if any(row.epoch != rows[0].epoch + index for index, row in enumerate(rows)):
            raise ValueError(f"epochs must follow each other: {[row.epoch for row in rows]}")
        change: dict[str, Any] = {"stuck": 0}
        condition = guard.held(claim)
        if rows:
            condition = and_(condition, jobs.c.epoch == rows[0].epoch - 1)
            change |= {"epoch": rows[-1].epoch, "progress": asdict(rows[-1]), "version": jobs.c.version + 1}
        with self._database.writing() as writer:
            held = writer.execute(
                update(jobs).where(condition).values(**change).returning(jobs.c.epoch, jobs.c.cancel_requested)
            ).one_or_none()
            if held is None:
                return self._recorded_before(writer, claim, rows)
            if rows:
                added = [{"job_id": claim.job.id, "fence": claim.fence, **asdict(row)} for row in rows]
                writer.execute(insert(epochs), added)
            if checkpoint is not None:
                replace_checkpoint(writer, claim, held.epoch, checkpoint)
            return Signals(cancel_requested=held.cancel_requested)

    def checkpoint(self, of: Claim | str) -> bytes | None:
        """Where the job can go on, or None where it starts from nothing."""
        job_id = of if isinstance(of, str) else of.job.id
        query = (
            select(checkpoints.c.sha256, blobs.c.data)
            .join_from(checkpoints, blobs, checkpoints.c.blob_id == blobs.c.blob_id)
            .where(checkpoints.c.job_id == job_id)
            .order_by(blobs.c.number)
        )
        with self._database.reading() as reader:
            found = reader.execute(query).all()
        if not found:
            return None
        data = b"".join(row.data for row in found)
        if hashlib.sha256(data).hexdigest() != found[0].sha256:
            raise CoreError(f"the checkpoint of {job_id} is damaged")
        return data

    def release(self, claim: Claim) -> Signals:
        """Gives the job back, to be claimed at once by whoever is there; the fence moves on, so that this attempt is over.

        A job whose cancellation was asked for stays with this attempt, which is to `stop` it with what it has learned.
        """
        with self._database.writing() as writer:
            released = writer.execute(
                update(jobs)
                .where(guard.held(claim), jobs.c.cancel_requested == false())
                .values(
                    state=State.QUEUED,
                    dispatch_at=now(),
                    fence=jobs.c.fence + 1,
                    version=jobs.c.version + 1,
                    lease_owner=None,
                    lease_until=None,
                )
            )
            if released.rowcount:
                write_event(writer, claim.job.id, "released")
                return Signals(cancel_requested=False)
            if writer.scalar(select(jobs.c.id).where(guard.held(claim))) is None:
                raise guard.lost(claim)
            return Signals(cancel_requested=True)

    def _recorded_before(self, writer: Connection, claim: Claim, rows: Sequence[EpochRow]) -> Signals:
        """Only this attempt can have advanced the job to this epoch under this fence."""
        row = writer.execute(select(jobs.c.epoch, jobs.c.cancel_requested).where(guard.held(claim))).one_or_none()
        if row is None or not rows or row.epoch != rows[-1].epoch:
            raise guard.lost(claim)
        owner = select(epochs.c.fence).where(epochs.c.job_id == claim.job.id, epochs.c.epoch == rows[-1].epoch)
        if writer.scalar(owner) != claim.fence:
            raise guard.lost(claim)
        return Signals(cancel_requested=row.cancel_requested)


def _waiting() -> Select[tuple[str]]:
    return select(jobs.c.id).where(jobs.c.state == QUEUED, jobs.c.cancel_requested == false())


def _take_oldest(writer: Connection, owner: str, ttl_s: float) -> Row[*tuple[Any, ...]] | None:
    oldest = _waiting().order_by(jobs.c.id).limit(1).with_for_update(skip_locked=True)
    return writer.execute(
        update(jobs)
        .where(jobs.c.id == oldest.scalar_subquery(), jobs.c.state == QUEUED)
        .values(
            state=State.RUNNING,
            fence=jobs.c.fence + 1,
            attempt=jobs.c.attempt + 1,
            version=jobs.c.version + 1,
            lease_owner=owner,
            lease_until=now() + ttl_s,
            dispatch_at=None,
            started_at=func.coalesce(jobs.c.started_at, now()),
        )
        .returning(*JOB)
    ).one_or_none()


def _change_fingerprint(writer: Connection, claim: Claim, before: JSON | None, after: JSON) -> None:
    changed = writer.execute(update(jobs).where(guard.held(claim)).values(fingerprint=after, version=jobs.c.version + 1))
    if changed.rowcount == 0:
        raise guard.lost(claim)
    if before is not None:
        write_event(writer, claim.job.id, "fingerprint_changed", {"before": before, "after": after})
