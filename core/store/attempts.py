"""Jobs as their workers see them: claim, keep, record, end.

Every write of a worker is guarded by `_held`: the fence it was given when it claimed. Whoever lost the job in the meantime,
whether it was stopped, cut off or slow, changes zero rows, writes nothing at all and gets LostLease. A write that its own
attempt repeats, because nobody knew whether the first one was committed, is taken as done.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, false, func, insert, select, true, update

from core.errors import CoreError, LostLease
from core.jobs import State
from core.store.blobs import delete_blob, write_blob
from core.store.clock import now
from core.store.database import Database
from core.store.events import write_event
from core.store.records import JSON, Claim, EpochRow, Signals, Which
from core.store.rows import JOB, to_job
from core.store.tables import QUEUED, RUNNING, blobs, checkpoints, epochs, jobs, weights


class Attempts:
    _database: Database

    def claim(self, owner: str, ttl_s: float, fingerprint: JSON | None = None) -> Claim | None:
        """Takes the oldest queued job, or None where nothing waits. No two claims ever get one job.

        `fingerprint` is that of the claiming machine; None leaves the job's as it is.
        """
        oldest = (
            select(jobs.c.id)
            .where(jobs.c.state == QUEUED, jobs.c.cancel_requested == false())
            .order_by(jobs.c.id)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        with self._database.writing() as writer:
            row = writer.execute(
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
                    started_at=_first(jobs.c.started_at),
                )
                .returning(*JOB)
            ).one_or_none()
            if row is None:
                return None
            job = to_job(row)
            write_event(writer, job.id, "claimed", {"attempt": job.attempt})
            claim = Claim(job, job.fence, owner)
            if fingerprint is not None and fingerprint != job.fingerprint:
                _change_fingerprint(writer, claim, job.fingerprint, fingerprint)
            return claim

    def set_fingerprint(self, claim: Claim, fingerprint: JSON) -> None:
        """What the numbers of this attempt depend on; an event says so when an earlier attempt ran under another one."""
        with self._database.writing() as writer:
            before = writer.execute(select(jobs.c.fingerprint).where(_held(claim)).with_for_update()).one_or_none()
            if before is None:
                raise _lost(claim)
            if before.fingerprint != fingerprint:
                _change_fingerprint(writer, claim, before.fingerprint, fingerprint)

    def signals(self, claim: Claim) -> Signals:
        """What the client asked for meanwhile: a read of one row."""
        with self._database.reading() as reader:
            row = reader.execute(select(jobs.c.cancel_requested).where(_held(claim))).one_or_none()
        if row is None:
            raise _lost(claim)
        return Signals(cancel_requested=row.cancel_requested)

    def heartbeat(self, claim: Claim, ttl_s: float) -> Signals:
        """Extends the lease by `ttl_s` from now on, even one that has run out, as long as nobody took the job."""
        with self._database.writing() as writer:
            row = writer.execute(
                update(jobs).where(_held(claim)).values(lease_until=now() + ttl_s).returning(jobs.c.cancel_requested)
            ).one_or_none()
        if row is None:
            raise _lost(claim)
        return Signals(cancel_requested=row.cancel_requested)

    def record_epochs(self, claim: Claim, rows: Sequence[EpochRow], checkpoint: bytes | None) -> Signals:
        """Adds epochs that follow directly on the job's last one, and the checkpoint taken after them, or in the next epoch.

        Without rows it stores the checkpoint alone. Both count as progress.
        """
        if any(row.epoch != rows[0].epoch + index for index, row in enumerate(rows)):
            raise ValueError(f"epochs must follow each other: {[row.epoch for row in rows]}")
        change: dict[str, Any] = {"stuck": 0}
        guard = _held(claim)
        if rows:
            guard = and_(guard, jobs.c.epoch == rows[0].epoch - 1)
            change |= {"epoch": rows[-1].epoch, "progress": asdict(rows[-1]), "version": jobs.c.version + 1}
        with self._database.writing() as writer:
            held = writer.execute(
                update(jobs).where(guard).values(**change).returning(jobs.c.epoch, jobs.c.cancel_requested)
            ).one_or_none()
            if held is None:
                return self._recorded_before(writer, claim, rows)
            if rows:
                added = [{"job_id": claim.job.id, "fence": claim.fence, **asdict(row)} for row in rows]
                writer.execute(insert(epochs), added)
            if checkpoint is not None:
                self._replace_checkpoint(writer, claim, held.epoch, checkpoint)
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

    def succeed(
        self, claim: Claim, result: JSON, weights: Mapping[Which, bytes], epochs: Mapping[Which, int] | None = None
    ) -> None:
        """The weights, the final state and its event in one transaction; the checkpoint is not needed any more.

        `epochs` tells which epoch each of the weights belongs to; it defaults to `result["best_epoch"]` and the last one.
        """
        with self._database.writing() as writer:
            if self._end(writer, claim, State.SUCCEEDED, "succeeded", {"result": result}, {}):
                best = result.get("best_epoch")
                known: dict[Which, int] = {} if best is None else {"best": best}
                self._keep_weights(writer, claim, weights, epochs or known)
                _drop_checkpoint(writer, claim.job.id)

    def fail(
        self,
        claim: Claim,
        error: JSON,
        weights: Mapping[Which, bytes] | None = None,
        epochs: Mapping[Which, int] | None = None,
    ) -> None:
        """`error` says whose fault it was: {"fault": …, "code": …, "message": …}. The weights are the last good ones."""
        with self._database.writing() as writer:
            if self._end(writer, claim, State.FAILED, "failed", {"error": error}, error):
                self._keep_weights(writer, claim, weights or {}, epochs or {})

    def stop(
        self, claim: Claim, weights: Mapping[Which, bytes] | None = None, epochs: Mapping[Which, int] | None = None
    ) -> None:
        """Ends a job whose cancellation was asked for, with the weights it has so far."""
        with self._database.writing() as writer:
            if self._end(writer, claim, State.CANCELLED, "cancelled", {}, {}, jobs.c.cancel_requested == true()):
                self._keep_weights(writer, claim, weights or {}, epochs or {})

    def release(self, claim: Claim) -> None:
        """Gives the job back, to be claimed at once by whoever is there; the fence moves on, so that this attempt is over."""
        with self._database.writing() as writer:
            released = writer.execute(
                update(jobs)
                .where(_held(claim))
                .values(
                    state=State.QUEUED,
                    fence=jobs.c.fence + 1,
                    version=jobs.c.version + 1,
                    lease_owner=None,
                    lease_until=None,
                    dispatch_at=now(),
                )
            )
            if released.rowcount == 0:
                raise _lost(claim)
            write_event(writer, claim.job.id, "released")

    def _end(
        self,
        writer: Connection,
        claim: Claim,
        state: State,
        event: str,
        change: JSON,
        data: JSON,
        condition: ColumnElement[bool] | None = None,
    ) -> bool:
        """False where this attempt has ended the job so before."""
        ended = writer.execute(
            update(jobs)
            .where(_held(claim), true() if condition is None else condition)
            .values(state=state, lease_owner=None, lease_until=None, finished_at=now(), version=jobs.c.version + 1, **change)
        )
        if ended.rowcount:
            write_event(writer, claim.job.id, event, data)
            return True
        same = (jobs.c.id == claim.job.id, jobs.c.fence == claim.fence, jobs.c.state == state)
        if writer.scalar(select(jobs.c.id).where(*same)) is None:
            raise _lost(claim)
        return False

    def _recorded_before(self, writer: Connection, claim: Claim, rows: Sequence[EpochRow]) -> Signals:
        """Only this attempt can have advanced the job to this epoch under this fence."""
        row = writer.execute(select(jobs.c.epoch, jobs.c.cancel_requested).where(_held(claim))).one_or_none()
        if row is None or not rows or row.epoch != rows[-1].epoch:
            raise _lost(claim)
        owner = select(epochs.c.fence).where(epochs.c.job_id == claim.job.id, epochs.c.epoch == rows[-1].epoch)
        if writer.scalar(owner) != claim.fence:
            raise _lost(claim)
        return Signals(cancel_requested=row.cancel_requested)

    def _replace_checkpoint(self, writer: Connection, claim: Claim, epoch: int, data: bytes) -> None:
        _drop_checkpoint(writer, claim.job.id)
        writer.execute(
            insert(checkpoints).values(
                job_id=claim.job.id,
                epoch=epoch,
                fence=claim.fence,
                at=now(),
                sha256=hashlib.sha256(data).hexdigest(),
                size_bytes=len(data),
                blob_id=write_blob(writer, data),
            )
        )

    def _keep_weights(self, writer: Connection, claim: Claim, kept: Mapping[Which, bytes], at: Mapping[Which, int]) -> None:
        if not kept:
            return
        last = writer.scalar(select(jobs.c.epoch).where(jobs.c.id == claim.job.id))
        blob_ids: dict[str, str] = {}  # equal bytes are stored once
        for which, data in kept.items():
            sha256 = hashlib.sha256(data).hexdigest()
            if sha256 not in blob_ids:
                blob_ids[sha256] = write_blob(writer, data)
            writer.execute(
                insert(weights).values(
                    job_id=claim.job.id,
                    which=which,
                    epoch=at.get(which, last),
                    sha256=sha256,
                    size_bytes=len(data),
                    blob_id=blob_ids[sha256],
                )
            )


def _held(claim: Claim) -> ColumnElement[bool]:
    """The guard of every worker's write: this attempt still owns the job."""
    return and_(
        jobs.c.id == claim.job.id,
        jobs.c.fence == claim.fence,
        jobs.c.state == RUNNING,
        jobs.c.lease_owner == claim.owner,
    )


def _lost(claim: Claim) -> LostLease:
    return LostLease(f"attempt {claim.job.attempt} by {claim.owner} no longer owns {claim.job.id}")


def _first(column: Any) -> Any:
    """What the column holds already, or else the time now."""
    return func.coalesce(column, now())


def _change_fingerprint(writer: Connection, claim: Claim, before: JSON | None, after: JSON) -> None:
    changed = writer.execute(update(jobs).where(_held(claim)).values(fingerprint=after, version=jobs.c.version + 1))
    if changed.rowcount == 0:
        raise _lost(claim)
    if before is not None:
        write_event(writer, claim.job.id, "fingerprint_changed", {"before": before, "after": after})


def _drop_checkpoint(writer: Connection, job_id: str) -> None:
    dropped = delete(checkpoints).where(checkpoints.c.job_id == job_id).returning(checkpoints.c.blob_id)
    blob_id = writer.scalar(dropped)
    if blob_id is not None:
        delete_blob(writer, blob_id)
