"""What each epoch gave; rows are only ever added."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from sqlalchemy import Connection, Select, select

from core.store.database import Database
from core.store.records import JSON, EpochRow
from core.store.rows import require_job
from core.store.tables import epochs

_COLUMNS = tuple(epochs.c[field.name] for field in fields(EpochRow))
MOST_POINTS = 10_000


class Epochs:
    def __init__(self, database: Database) -> None:
        self._database = database

    def page(self, tenant: str, job_id: str, after: int = 0, limit: int = 500) -> list[EpochRow]:
        """The epochs that follow epoch `after`, in order."""
        with self._database.reading() as reader:
            require_job(reader, tenant, job_id)
            return read_epochs(reader, job_id, after, limit)

    def thinned(self, tenant: str, job_id: str, points: int) -> list[EpochRow]:
        """At most `points` epochs at equal distances, the first and the last among them; each is read by its key."""
        with self._database.reading() as reader:
            last = require_job(reader, tenant, job_id)
            steps = min(points, MOST_POINTS, last) - 1
            chosen = [last] if steps < 1 else [1 + round(step * (last - 1) / steps) for step in range(steps + 1)]
            return [EpochRow(*row) for row in reader.execute(_of(job_id).where(epochs.c.epoch.in_(chosen)))]


def read_epochs(reader: Connection, job_id: str, after: int, limit: int) -> list[EpochRow]:
    return [EpochRow(*row) for row in reader.execute(_of(job_id).where(epochs.c.epoch > after).limit(limit))]


def best_change(reader: Connection, job_id: str, number: int, added: Sequence[EpochRow] = ()) -> JSON:
    """What changes in a job's row where its best epoch is that number: one of those that are added, or recorded before."""
    found = next((row for row in added if row.epoch == number), None)
    for row in [found] if found else read_epochs(reader, job_id, number - 1, 1):
        if row.epoch == number:
            return {"best": {name: getattr(row, name) for name in ("epoch", "loss", "validation_loss", "metrics")}}
    return {}


def _of(job_id: str) -> Select[*tuple[Any, ...]]:
    return select(*_COLUMNS).where(epochs.c.job_id == job_id).order_by(epochs.c.epoch)
