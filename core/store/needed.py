"""What a job that has not ended needs stays: datasets, and weights that were sent."""

from sqlalchemy import Column, Connection, Table, delete, select, union_all

from core.errors import Conflict, NotFound
from core.store.blobs import discard
from core.store.clock import now
from core.store.tables import ALIVE, jobs
from core.store.uses import use


def hold(writer: Connection, table: Table, tenant: str, id: str, missing: NotFound) -> None:
    """Keeps the row until the transaction ends, and says that it was used. Raises `missing` where it is gone.

    So a new job is there to forbid its deletion before anybody can delete it.
    """
    held = select(table.c.id).where(table.c.id == id, table.c.tenant == tenant)
    if writer.scalar(held.with_for_update(read=True, key_share=True)) is None:
        raise missing
    use(writer, id)


def remove(
    writer: Connection,
    size: Column[int],
    tenant: str,
    id: str,
    needs: tuple[Column[str], ...],
    name: str,
    missing: NotFound,
    unused_for_s: float | None = None,
) -> None:
    """Deletes the row and its blob, whose bytes are counted in the column `size`.

    Conflict while a job that has not ended has the id in one of the columns `needs`; raises `missing` where it is gone, or
    where it was used since `unused_for_s`.
    """
    table = size.table
    unused = () if unused_for_s is None else (table.c.used_at < now() - unused_for_s,)
    row = writer.execute(
        select(table.c.blob_id, size).where(table.c.id == id, table.c.tenant == tenant, *unused).with_for_update()
    ).one_or_none()
    if row is None:
        raise missing
    job = in_need(writer, id, *needs)
    if job is not None:
        raise Conflict(f"{job} needs the {name} {id}: cancel the job, or wait until it has ended")
    writer.execute(delete(table).where(table.c.id == id))
    discard(writer, *row)  # a large one is the sweeper's: no client waits for that


def in_need(writer: Connection, id: str, *needs: Column[str]) -> str | None:
    """A job that has not ended and has the id in one of these columns.

    By one statement: between two of them, each of which sees the database at a moment of its own, a job could change its state
    and be seen by none. Call it after the lock that keeps new ones off.
    """
    looks = (select(jobs.c.id).where(need == id, jobs.c.state.in_(ALIVE)) for need in needs)
    return writer.scalar(union_all(*looks).limit(1))
