"""Jobs as the sweeper sees them: announce those that wait, take back those whose worker fell silent.

Any process may sweep, several at once too.
"""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, func, select, update

from core.jobs import TERMINAL, State
from core.store import guard, turns
from core.store.checkpoints import drop_checkpoint
from core.store.clock import now
from core.store.database import Database
from core.store.events import write_event
from core.store.records import JSON
from core.store.sizes import count_anew
from core.store.tables import QUEUED, RUNNING, jobs
from core.store.uses import use_by

_BATCH = 100


class Sweeping:
    _database: Database

    def dispatch(self, limit: int, redispatch_after_s: float, most_running: int | None = None) -> int:
        """How many wake-ups to publish now, after this call.

        Marks as many due jobs as announced, the longest due first, until `limit` announcements are open. A job that was not
        claimed within `redispatch_after_s` of its announcement is due again. Jobs of tenants that run as many as they may (see
        `claim`) count for nothing: whoever ends one of theirs looks for the next.
        """
        limits = turns.limit(most_running)
        may_run = jobs.c.tenant.not_in(turns.LIMITED)
        due = select(jobs.c.id).where(jobs.c.state == QUEUED, jobs.c.dispatch_at <= now(), may_run)
        with self._database.reading() as reader:
            if reader.scalar(due.limit(1), limits) is None:
                return 0
        with self._database.writing() as writer:
            is_open = (jobs.c.state == QUEUED, jobs.c.dispatch_at > now(), may_run)
            announced = select(func.count()).select_from(jobs).where(*is_open)
            room = limit - (writer.scalar(announced, limits) or 0)
            if room <= 0:
                return 0
            longest_due = due.order_by(jobs.c.dispatch_at, jobs.c.id).limit(room).with_for_update(skip_locked=True)
            # Chosen first, marked then: PostgreSQL may run a locking subquery of an UPDATE once per row, and pass the limit so.
            chosen = writer.scalars(longest_due, limits).all()
            return _announce(writer, chosen, redispatch_after_s)

    def reap(self, stuck_limit: int) -> list[str]:
        """Takes back every job whose lease has run out; returns their ids.

        It is queued again, due at once; cancelled or paused where its client asked for that; failed where `stuck_limit` workers
        in a row died of it without any progress.
        """
        expired = select(jobs.c.id).where(jobs.c.state == RUNNING, jobs.c.lease_until < now())
        with self._database.reading() as reader:
            if reader.scalar(expired.limit(1)) is None:
                return []
        with self._database.writing() as writer:
            lost = writer.execute(
                expired.add_columns(*_LOST).order_by(jobs.c.id).limit(_BATCH).with_for_update(skip_locked=True)
            ).all()
            return [row.id for row in lost if _take_back(writer, row, stuck_limit)]


_LOST = (jobs.c.fence, jobs.c.stuck, jobs.c.attempt, jobs.c.cancel_requested, jobs.c.pause_requested)


def _announce(writer: Connection, ids: Sequence[str], again_after_s: float) -> int:
    """Marks those of the jobs that are queued; how many they are."""
    if not ids:
        return 0
    mark = update(jobs).where(jobs.c.id.in_(ids), jobs.c.state == QUEUED)
    return writer.execute(mark.values(dispatch_at=now() + again_after_s)).rowcount


def _take_back(writer: Connection, row: Row[Any], stuck_limit: int) -> bool:
    """False where the job is not with the worker any more that was found with it."""
    state, event, change, data = _fate(row, stuck_limit)
    changed = writer.execute(
        update(jobs)
        .where(jobs.c.id == row.id, jobs.c.state == RUNNING, jobs.c.fence == row.fence)
        .values(
            state=state,
            fence=jobs.c.fence + 1,
            stuck=row.stuck + 1,
            version=jobs.c.version + 1,
            **guard.let_go(),
            **change,
        )
    )
    if changed.rowcount == 0:
        return False
    write_event(writer, row.id, event, data)
    if state in TERMINAL:
        drop_checkpoint(writer, row.id)
        use_by(writer, row.id)
        count_anew(writer, row.id)
    return True


def _fate(row: Row[Any], stuck_limit: int) -> tuple[State, str, JSON, JSON]:
    """The next state of a job that lost its worker, the event, what else changes, and what the event tells."""
    stuck = row.stuck + 1
    if row.cancel_requested:
        return State.CANCELLED, "cancelled", {"finished_at": now()}, {}
    if stuck < stuck_limit:
        told = {"attempt": row.attempt, "stuck": stuck}
        if row.pause_requested:
            return State.PAUSED, "paused", {}, told
        return State.QUEUED, "reaped", {"dispatch_at": now()}, told
    error = {
        "fault": "system",
        "code": "worker_lost",
        "message": f"{stuck} workers in a row were lost while they trained this job, without progress between them",
    }
    return State.FAILED, "failed", {"error": error, "finished_at": now()}, error
