"""Where the weights of a job are; `store.blobs` reads them."""

from dataclasses import fields

from sqlalchemy import select

from core.errors import NotFound
from core.store.database import Database
from core.store.records import Weights, Which
from core.store.rows import require_job
from core.store.tables import weights

_COLUMNS = tuple(weights.c[field.name] for field in fields(Weights))


class AllWeights:
    def __init__(self, database: Database) -> None:
        self._database = database

    def get(self, tenant: str, job_id: str, which: Which) -> Weights:
        """NotFound where the job has none of these: not yet, or never."""
        with self._database.reading() as reader:
            require_job(reader, tenant, job_id)
            query = select(*_COLUMNS).where(weights.c.job_id == job_id, weights.c.which == which)
            row = reader.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"job {job_id} has no {which} weights")
        return Weights(*row)
