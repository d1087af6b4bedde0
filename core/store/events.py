"""What happened to a job, in order: every transition writes one event in its own transaction."""

from typing import Any

from sqlalchemy import Connection, func, insert, select

from core.store.clock import now
from core.store.database import Database
from core.store.records import Event
from core.store.rows import require_job
from core.store.tables import events


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, tenant: str, job_id: str, after_seq: int = 0, limit: int = 100) -> list[Event]:
        """The events that follow `after_seq`, oldest first."""
        with self._database.reading() as reader:
            require_job(reader, tenant, job_id)
            found = reader.execute(
                select(events.c.seq, events.c.at, events.c.type, events.c.data)
                .where(events.c.job_id == job_id, events.c.seq > after_seq)
                .order_by(events.c.seq)
                .limit(limit)
            )
            return [Event(*row) for row in found]


def write_event(writer: Connection, job_id: str, type: str, data: dict[str, Any] | None = None) -> None:
    """Call it after the job's row was changed in this transaction: that lock keeps the numbers without gaps."""
    last = select(func.coalesce(func.max(events.c.seq), 0)).where(events.c.job_id == job_id).scalar_subquery()
    writer.execute(insert(events).values(job_id=job_id, seq=last + 1, at=now(), type=type, data=data or {}))
