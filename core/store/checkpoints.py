"""Where a job can go on: the newest checkpoint alone, and none once the job has ended."""

import hashlib

from sqlalchemy import Connection, delete, insert

from core.store.blobs import delete_blob, write_blob
from core.store.clock import now
from core.store.records import Claim
from core.store.tables import checkpoints


def replace_checkpoint(writer: Connection, claim: Claim, epoch: int, data: bytes) -> None:
    drop_checkpoint(writer, claim.job.id)
    row = {"sha256": hashlib.sha256(data).hexdigest(), "size_bytes": len(data), "blob_id": write_blob(writer, data)}
    writer.execute(insert(checkpoints).values(job_id=claim.job.id, epoch=epoch, fence=claim.fence, at=now(), **row))


def drop_checkpoint(writer: Connection, job_id: str) -> None:
    dropped = delete(checkpoints).where(checkpoints.c.job_id == job_id).returning(checkpoints.c.blob_id)
    blob_id = writer.scalar(dropped)
    if blob_id is not None:
        delete_blob(writer, blob_id)
