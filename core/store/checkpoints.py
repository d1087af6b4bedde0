"""Where a job can go on: the newest checkpoint alone, and none once the job has ended."""

import hashlib
from collections.abc import Iterator

from sqlalchemy import Connection, delete, insert, select

from core.errors import CoreError, NotFound
from core.store.blobs import Blobs, Upload, discard
from core.store.clock import now
from core.store.database import Database
from core.store.records import Claim
from core.store.tables import checkpoints


def replace_checkpoint(writer: Connection, claim: Claim, epoch: int, upload: Upload) -> str | None:
    """The id of a large blob to remove after the commit, that of the checkpoint before, if there was one."""
    leftover = drop_checkpoint(writer, claim.job.id)
    row = {"sha256": upload.sha256, "size_bytes": upload.size_bytes, "blob_id": upload.blob_id}
    writer.execute(insert(checkpoints).values(job_id=claim.job.id, epoch=epoch, fence=claim.fence, at=now(), **row))
    upload.finish(writer)
    return leftover


def drop_checkpoint(writer: Connection, job_id: str) -> str | None:
    """The id of a large blob to remove after the commit, if there is one."""
    dropped = delete(checkpoints).where(checkpoints.c.job_id == job_id)
    row = writer.execute(dropped.returning(checkpoints.c.blob_id, checkpoints.c.size_bytes)).one_or_none()
    return None if row is None else discard(writer, row.blob_id, row.size_bytes)


def read_checkpoint(database: Database, job_id: str) -> Iterator[bytes] | None:
    """Its bytes in pieces, each by a short read of its own; CoreError at the latest after the last where they are damaged."""
    query = select(checkpoints.c.blob_id, checkpoints.c.size_bytes, checkpoints.c.sha256)
    with database.reading() as reader:
        row = reader.execute(query.where(checkpoints.c.job_id == job_id)).one_or_none()
    return None if row is None else _pieces(database, job_id, *row)


def _pieces(database: Database, job_id: str, blob_id: str, size_bytes: int, sha256: str) -> Iterator[bytes]:
    digest = hashlib.sha256()
    try:
        for piece in Blobs(database).read(blob_id, 0, size_bytes):
            digest.update(piece)
            yield piece
    except NotFound as error:
        raise CoreError(f"the checkpoint of {job_id} is gone or damaged: {error.message}") from error
    if digest.hexdigest() != sha256:
        raise CoreError(f"the checkpoint of {job_id} is damaged")
