"""What an idempotency key has done already."""

from sqlalchemy import select

from core.store.database import Database
from core.store.records import Idempotency, Job
from core.store.requests import first_job
from core.store.tables import jobs


class IdempotencyKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    def job(self, tenant: str, idempotency: Idempotency) -> Job | None:
        """The job that this key made, None for a new key; IdempotencyMismatch where it came with another request.

        Worth a look before a request is worked on; `jobs.submit` decides.
        """
        with self._database.reading() as reader:
            used = select(jobs.c.id).where(jobs.c.tenant == tenant, jobs.c.idempotency_key == idempotency.key)
            return None if reader.scalar(used) is None else first_job(reader, tenant, idempotency)
