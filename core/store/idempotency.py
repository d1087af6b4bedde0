"""Which job, dataset or webhook each idempotency key made: written in the transaction that makes it, gone with it."""

from typing import Any

from sqlalchemy import Connection, Row, delete, select

from core.errors import IdempotencyMismatch
from core.store.clock import now
from core.store.database import Database
from core.store.records import Idempotency, Job
from core.store.rows import JOB, to_job
from core.store.tables import idempotency_keys as keys
from core.store.tables import jobs


class IdempotencyKeys:
    def __init__(self, database: Database) -> None:
        self._database = database

    def job(self, tenant: str, idempotency: Idempotency) -> Job | None:
        """The job that this key made, None for a new key; IdempotencyMismatch where it came with another request.

        Worth a look before a request is worked on; `jobs.submit` decides.
        """
        with self._database.reading() as reader:
            made = made_by(reader, tenant, idempotency, "job")
            query = select(*JOB).where(jobs.c.id == made, jobs.c.tenant == tenant)
            row = None if made is None else reader.execute(query).one_or_none()
        return None if row is None else to_job(row)


def made_by(reader: Connection, tenant: str, idempotency: Idempotency, kind: str) -> str | None:
    """The id of what the key made, None for a new key; IdempotencyMismatch where it came with another request.

    `kind` is the prefix of the id that is asked for: what makes something else is another request.
    """
    row = reader.execute(
        select(keys.c.request_sha256, keys.c.made).where(keys.c.tenant == tenant, keys.c.key == idempotency.key)
    ).one_or_none()
    return None if row is None else _checked(row, idempotency, kind)


def remember(database: Database, writer: Connection, tenant: str, idempotency: Idempotency, made: str) -> str:
    """The id of what the key made: `made` itself where the key is new. IdempotencyMismatch as above.

    Waits until a transaction that uses the same key has ended.
    """
    row = writer.execute(
        database.insert(keys)
        .values(tenant=tenant, key=idempotency.key, request_sha256=idempotency.request_sha256, made=made, created_at=now())
        # Changes nothing, but answers with the row that is there and holds on to it.
        .on_conflict_do_update(index_elements=["tenant", "key"], set_={"request_sha256": keys.c.request_sha256})
        .returning(keys.c.request_sha256, keys.c.made)
    ).one()
    return _checked(row, idempotency, _kind(made))


def forget(writer: Connection, made: str) -> None:
    """Frees the keys that made it; call it in the transaction that deletes it, after the lock that keeps new ones off."""
    writer.execute(delete(keys).where(keys.c.made == made))


def mismatch(idempotency: Idempotency) -> IdempotencyMismatch:
    return IdempotencyMismatch(f"the idempotency key {idempotency.key} was used before, with another request")


def _checked(row: Row[*tuple[Any, ...]], idempotency: Idempotency, kind: str) -> str:
    if row.request_sha256 != idempotency.request_sha256 or _kind(row.made) != kind:
        raise mismatch(idempotency)
    return str(row.made)


def _kind(id: str) -> str:
    return id.partition("_")[0]
