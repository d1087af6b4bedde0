"""What happened to a job, in order: every transition writes one event in its own transaction."""

from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select

from core.store.clock import now
from core.store.database import Database
from core.store.records import Event
from core.store.rows import require_job
from core.store.tables import events, jobs

EVENT = tuple(events.c[field.name] for field in fields(Event))


class Events:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, tenant: str, job_id: str, after_seq: int = 0, limit: int = 100) -> list[Event]:
        """The events that follow `after_seq`, oldest first."""
        with self._database.reading() as reader:
            require_job(reader, tenant, job_id)
            return read_events(reader, job_id, after_seq, limit)


def read_events(reader: Connection, job_id: str, after_seq: int, limit: int) -> list[Event]:
    query = select(*EVENT).where(events.c.job_id == job_id, events.c.seq > after_seq).order_by(events.c.seq).limit(limit)
    return [Event(*row) for row in reader.execute(query)]


def write_event(writer: Connection, job_id: str, type: str, data: dict[str, Any] | None = None) -> None:
    """Call it after the job's row was changed in this transaction: that lock keeps the numbers without gaps."""
    last = select(func.coalesce(func.max(events.c.seq), 0)).where(events.c.job_id == job_id).scalar_subquery()
    columns = ("job_id", "seq", "at", "type", "data", "tenant", "epoch")
    given = (literal(job_id), last + 1, now(), literal(type), literal(data or {}, events.c.data.type))
    row = select(*given, jobs.c.tenant, jobs.c.epoch).where(jobs.c.id == job_id)
    writer.execute(insert(events).from_select(columns, row))
