"""Jobs as their workers see them: claim, keep, record, give back. How they end stands in core.store.endings.

Every write of a worker is guarded by `guard.held`: the fence it was given when it claimed. Whoever lost the job in the
meantime, whether it was stopped, cut off or slow, changes zero rows, writes nothing at all and gets LostLease. A write that its
own attempt repeats, because nobody knew whether the first one was committed, is taken as done.
"""

from collections.abc import Iterator, Sequence
from dataclasses import asdict, fields
from typing import Any

from sqlalchemy import ColumnElement, Connection, Double, Row, and_, bindparam, case, false, func, insert, null, select, update
from sqlalchemy.sql.dml import ReturningUpdate

from core.jobs import State
from core.store import guard
from core.store.blobs import Content, Upload, remove_if_it_works
from core.store.checkpoints import drop_checkpoint, read_checkpoint, replace_checkpoint
from core.store.clock import now
from core.store.database import Database
from core.store.epochs import best_change
from core.store.events import write_event
from core.store.excerpts import excerpt
from core.store.locks import Count, lock, try_lock
from core.store.records import JSON, Claim, EpochRow, Signals
from core.store.rows import JOB, to_job
from core.store.sizes import with_checkpoint
from core.store.snapshots import has_snapshot, keep_snapshot
from core.store.tables import QUEUED, RUNNING, checkpoints, epochs, jobs
from core.store.turns import TURNS, limit, may_run, serve

_SIGNALS = tuple(jobs.c[field.name] for field in fields(Signals))


def _take_next(*conditions: ColumnElement[bool]) -> ReturningUpdate[Any]:
    """Of one tenant, and no job that another claim is about to take."""
    next_one = (
        select(jobs.c.id)
        .where(jobs.c.state == QUEUED, jobs.c.tenant == bindparam("whose"), *conditions)
        .order_by(jobs.c.priority.desc(), jobs.c.id)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    return (
        update(jobs)
        .where(jobs.c.id == next_one.scalar_subquery(), jobs.c.state == QUEUED)
        .values(
            state=State.RUNNING,
            fence=jobs.c.fence + 1,
            attempt=jobs.c.attempt + 1,
            version=jobs.c.version + 1,
            lease_owner=bindparam("owner"),
            lease_until=now() + bindparam("ttl_s", type_=Double),
            dispatch_at=None,
            claimed_at=now(),
            started_at=func.coalesce(jobs.c.started_at, now()),
        )
        .returning(*JOB)
    )


_TAKE = _take_next()
_TAKE_COUNTED = _take_next(may_run(bindparam("whose")))


class Attempts:
    _database: Database

    def claim(self, owner: str, ttl_s: float, fingerprint: JSON | None = None, most_running: int | None = None) -> Claim | None:
        """Takes a queued job, or None where nothing waits. No two claims ever get one job.

        Of the tenant whose turn it is (see `core.store.turns`), the job of the highest priority, of several the oldest. No
        tenant gets more jobs running than its limit, or than `most_running` where it has no limit of its own.

        `fingerprint` is that of the claiming machine, and an event says so when an earlier attempt ran under another one; None
        leaves the job's as it is.
        """
        claimer = {"owner": owner, "ttl_s": ttl_s}
        limits = limit(most_running)
        counted_by_others = []
        with self._database.writing() as writer:
            # Of a tenant all jobs may be in the hands of claims that are not committed yet: then it is the turn of the next.
            for tenant, is_limited in writer.execute(TURNS, limits).all():
                if is_limited and not try_lock(writer, Count.RUNNING, tenant):
                    counted_by_others.append(tenant)
                    continue
                taking = {**claimer, "whose": tenant, **(limits if is_limited else {})}
                if row := writer.execute(_TAKE_COUNTED if is_limited else _TAKE, taking).one_or_none():
                    return _begun(writer, row, owner, fingerprint)
        # Nobody waits for a claim of another worker, unless there is nothing else to do; and then with no other lock in hand.
        for tenant in counted_by_others:
            with self._database.writing() as writer:
                lock(writer, Count.RUNNING, tenant)
                if row := writer.execute(_TAKE_COUNTED, {**claimer, "whose": tenant, **limits}).one_or_none():
                    return _begun(writer, row, owner, fingerprint)
        return None

    def owned(self, owner: str) -> Claim | None:
        """The running job that this owner claimed, for one who does not know whether its claim was done."""
        query = select(*JOB).where(jobs.c.state == RUNNING, jobs.c.lease_owner == owner)
        with self._database.reading() as reader:
            row = reader.execute(query).one_or_none()
        return None if row is None else Claim(to_job(row), row.fence, owner)

    def signals(self, claim: Claim) -> Signals:
        """What the client asked for meanwhile: a read of one row."""
        with self._database.reading() as reader:
            row = reader.execute(select(*_SIGNALS).where(guard.held(claim))).one_or_none()
        if row is None:
            raise guard.lost(claim)
        return Signals(*row)

    def heartbeat(self, claim: Claim, ttl_s: float) -> Signals:
        """Extends the lease by `ttl_s` from now on, even one that has run out, as long as nobody took the job."""
        with self._database.writing() as writer:
            row = writer.execute(
                update(jobs).where(guard.held(claim)).values(lease_until=now() + ttl_s).returning(*_SIGNALS)
            ).one_or_none()
        if row is None:
            raise guard.lost(claim)
        return Signals(*row)

    def fix_epochs(self, claim: Claim, epochs: int, warmup_steps: int | None = None) -> None:
        """Says once for all attempts how many epochs a job has that came without a number, and how long its warm-up is where
        that had to be shortened for them."""
        with self._database.writing() as writer:
            fixed = writer.execute(
                update(jobs)
                .where(guard.held(claim), jobs.c.epochs_total.is_(None))
                .values(epochs_total=epochs, version=jobs.c.version + 1)
            )
            if fixed.rowcount:
                told = {"epochs": epochs} if warmup_steps is None else {"epochs": epochs, "warmup_steps": warmup_steps}
                write_event(writer, claim.job.id, "epochs_fixed", told)
            elif writer.scalar(select(jobs.c.id).where(guard.held(claim), jobs.c.epochs_total == epochs)) is None:
                raise guard.lost(claim)

    def keep_start(self, claim: Claim, weights: Content) -> None:
        """The snapshot of epoch 0, unless an earlier attempt has kept it."""
        with self._database.reading() as reader:
            if has_snapshot(reader, claim.job.id, 0):
                return
        with Upload(self._database, weights) as upload, self._database.writing() as writer:
            changed = writer.execute(update(jobs).where(guard.held(claim)).values(version=jobs.c.version + 1))
            if changed.rowcount == 0:
                raise guard.lost(claim)
            if not has_snapshot(writer, claim.job.id, 0):  # a write that is repeated, of which nobody knew whether it was done
                keep_snapshot(writer, claim, 0, upload)

    def record_snapshot(
        self, claim: Claim, rows: Sequence[EpochRow], weights: Content, best_epoch: int | None = None
    ) -> Signals:
        """Adds epochs as `record_epochs` does, and the weights after the last of them."""
        with Upload(self._database, weights) as upload:
            return self._record(claim, rows, best_epoch, snapshot=upload)[0]

    def record_epochs(
        self,
        claim: Claim,
        rows: Sequence[EpochRow],
        checkpoint: Content | None,
        checkpoint_epoch: int | None = None,
        best_epoch: int | None = None,
    ) -> Signals:
        """Adds epochs that follow directly on the job's last one, and the checkpoint taken after them, or in the next epoch.

        Without rows it stores the checkpoint alone. Both count as progress. `checkpoint_epoch` is how many epochs are complete
        in the checkpoint, where these are not the job's: while a later attempt trains some of them again. A large checkpoint
        is written ahead, so that nobody waits for it; the transaction then only points to it. `best_epoch` is the best of all
        epochs up to the last of the rows; None leaves it as it is.
        """
        if checkpoint is None:
            return self._record(claim, rows, best_epoch)[0]
        with Upload(self._database, checkpoint) as upload:
            signals, leftover = self._record(claim, rows, best_epoch, upload, checkpoint_epoch)
        remove_if_it_works(self._database, leftover)
        return signals

    def checkpoint(self, of: Claim | str) -> Iterator[bytes] | None:
        """Where the job can go on, in pieces to be read once, or None where it starts from nothing."""
        return read_checkpoint(self._database, of if isinstance(of, str) else of.job.id)

    def begin_anew(self, claim: Claim, reason: str) -> None:
        """Drops the checkpoint, from which this attempt cannot go on, and says why; the epochs stay recorded."""
        with self._database.writing() as writer:
            changed = writer.execute(update(jobs).where(guard.held(claim)).values(version=jobs.c.version + 1))
            if changed.rowcount == 0:
                raise guard.lost(claim)
            if writer.scalar(select(checkpoints.c.job_id).where(checkpoints.c.job_id == claim.job.id)) is None:
                return
            leftover = drop_checkpoint(writer, claim.job.id)
            write_event(writer, claim.job.id, "begun_anew", excerpt({"reason": reason}))
        remove_if_it_works(self._database, leftover)

    def release(self, claim: Claim) -> Signals:
        """Gives the job back, to be claimed at once by whoever is there, or to its client, who wanted it paused; the fence
        moves on, so that this attempt is over.

        A job whose cancellation was asked for stays with this attempt, which is to `stop` it with what it has learned.
        """
        with self._database.writing() as writer:
            released = writer.execute(
                update(jobs)
                .where(guard.held(claim), jobs.c.cancel_requested == false())
                .values(
                    state=case((jobs.c.pause_requested, State.PAUSED), else_=State.QUEUED),
                    dispatch_at=case((jobs.c.pause_requested, null()), else_=now()),
                    fence=jobs.c.fence + 1,
                    version=jobs.c.version + 1,
                    **guard.let_go(),
                )
                .returning(jobs.c.state)
            ).scalar_one_or_none()
            if released is not None:
                write_event(writer, claim.job.id, "paused" if released == State.PAUSED else "released")
                return Signals()
            if writer.scalar(select(jobs.c.id).where(guard.held(claim))) is None:
                raise guard.lost(claim)
            return Signals(cancel_requested=True)

    def _record(
        self,
        claim: Claim,
        rows: Sequence[EpochRow],
        best_epoch: int | None,
        upload: Upload | None = None,
        upload_epoch: int | None = None,
        snapshot: Upload | None = None,
    ) -> tuple[Signals, str | None]:
        """The signals, and the id of a large blob to remove."""
        if any(row.epoch != rows[0].epoch + index for index, row in enumerate(rows)):
            raise ValueError(f"epochs must follow each other: {[row.epoch for row in rows]}")
        change: dict[str, Any] = {"stuck": 0}
        condition = guard.held(claim)
        leftover = None
        if rows:
            condition = and_(condition, jobs.c.epoch == rows[0].epoch - 1)
            change |= {"epoch": rows[-1].epoch, "progress": asdict(rows[-1]), "version": jobs.c.version + 1}
        if upload is not None:
            change["stored_bytes"] = with_checkpoint(upload.size_bytes)
        with self._database.writing() as writer:
            if rows and best_epoch is not None:
                change |= best_change(writer, claim.job.id, best_epoch, rows)
            held = writer.execute(
                update(jobs).where(condition).values(**change).returning(jobs.c.epoch, *_SIGNALS)
            ).one_or_none()
            if held is None:
                return self._recorded_before(writer, claim, rows), None
            if rows:
                added = [{"job_id": claim.job.id, "fence": claim.fence, **asdict(row)} for row in rows]
                writer.execute(insert(epochs), added)
            if snapshot is not None:
                keep_snapshot(writer, claim, rows[-1].epoch, snapshot)
            if upload is not None:
                leftover = replace_checkpoint(writer, claim, held.epoch if upload_epoch is None else upload_epoch, upload)
        return Signals(*held[1:]), leftover

    def _recorded_before(self, writer: Connection, claim: Claim, rows: Sequence[EpochRow]) -> Signals:
        """Only this attempt can have advanced the job to this epoch under this fence."""
        row = writer.execute(select(jobs.c.epoch, *_SIGNALS).where(guard.held(claim))).one_or_none()
        if row is None or not rows or row.epoch != rows[-1].epoch:
            raise guard.lost(claim)
        owner = select(epochs.c.fence).where(epochs.c.job_id == claim.job.id, epochs.c.epoch == rows[-1].epoch)
        if writer.scalar(owner) != claim.fence:
            raise guard.lost(claim)
        return Signals(*row[1:])


def _begun(writer: Connection, row: Row[*tuple[Any, ...]], owner: str, fingerprint: JSON | None) -> Claim:
    job = to_job(row)
    serve(writer, job.tenant)
    write_event(writer, job.id, "claimed", {"attempt": job.attempt})
    claim = Claim(job, job.fence, owner)
    if fingerprint is not None and fingerprint != job.fingerprint:
        _change_fingerprint(writer, claim, job.fingerprint, fingerprint)
    return claim


def _change_fingerprint(writer: Connection, claim: Claim, before: JSON | None, after: JSON) -> None:
    changed = writer.execute(update(jobs).where(guard.held(claim)).values(fingerprint=after, version=jobs.c.version + 1))
    if changed.rowcount == 0:
        raise guard.lost(claim)
    if before is not None:
        write_event(writer, claim.job.id, "fingerprint_changed", {"before": before, "after": after})
