"""The weights of some epochs of a job, kept as it learns; `store.blobs` reads them."""

from dataclasses import fields

from sqlalchemy import Connection, delete, insert, select

from core.errors import NotFound
from core.store.blobs import SMALL_BYTES, Upload, discard
from core.store.database import Database
from core.store.records import Claim, Snapshot
from core.store.rows import require_job
from core.store.tables import snapshots

_COLUMNS = tuple(snapshots.c[field.name] for field in fields(Snapshot))


class Snapshots:
    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self, tenant: str, job_id: str) -> list[Snapshot]:
        """By their epochs; a job has a hundred at the most."""
        with self._database.reading() as reader:
            require_job(reader, tenant, job_id)
            query = select(*_COLUMNS).where(snapshots.c.job_id == job_id).order_by(snapshots.c.epoch)
            return [Snapshot(*row) for row in reader.execute(query)]

    def get(self, tenant: str, job_id: str, epoch: int) -> Snapshot:
        """NotFound where none is kept of this epoch: not yet, not any more, or never."""
        with self._database.reading() as reader:
            require_job(reader, tenant, job_id)
            query = select(*_COLUMNS).where(snapshots.c.job_id == job_id, snapshots.c.epoch == epoch)
            row = reader.execute(query).one_or_none()
        if row is None:
            raise NotFound(f"job {job_id} has no snapshot of epoch {epoch}")
        return Snapshot(*row)


def keep_snapshot(writer: Connection, claim: Claim, epoch: int, upload: Upload) -> None:
    row = {"sha256": upload.sha256, "size_bytes": upload.size_bytes, "blob_id": upload.blob_id}
    writer.execute(insert(snapshots).values(job_id=claim.job.id, epoch=epoch, fence=claim.fence, **row))
    upload.finish(writer)


def has_snapshot(reader: Connection, job_id: str, epoch: int) -> bool:
    query = select(snapshots.c.epoch).where(snapshots.c.job_id == job_id, snapshots.c.epoch == epoch)
    return reader.scalar(query) is not None


def remove_snapshots(writer: Connection, job_id: str) -> int:
    """The first of the job, as many as one transaction may remove; returns how many. Of large ones the bytes are left to
    `Blobs.sweep`."""
    query = select(snapshots.c.epoch, snapshots.c.blob_id, snapshots.c.size_bytes).where(snapshots.c.job_id == job_id)
    removed, size_bytes = 0, 0
    for epoch, blob_id, its_bytes in writer.execute(query.order_by(snapshots.c.epoch)).all():
        size_bytes += min(its_bytes, SMALL_BYTES)
        if removed and size_bytes > SMALL_BYTES:
            break
        writer.execute(delete(snapshots).where(snapshots.c.job_id == job_id, snapshots.c.epoch == epoch))
        discard(writer, blob_id, its_bytes)
        removed += 1
    return removed
