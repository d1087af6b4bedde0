"""How many bytes a job counts among those that its tenant may store: `jobs.stored_bytes`, kept with each change of the job.

asked_bytes                                                       spec, plan and metadata, as JSON
+ weights_bytes, or the checkpoint where that is larger           as long as the job has not ended
+ snapshot_bytes                                                  as long as the job has not ended
+ weights, snapshots, result, error, EPOCH_BYTES for each epoch   once it has ended: what is there
"""

from typing import Any

import orjson
from sqlalchemy import BigInteger, ColumnElement, Connection, Text, bindparam, case, cast, exists, func, literal, select, update

from core.store.records import NewJob
from core.store.tables import jobs, snapshots, weights

EPOCH_BYTES = 200  # of a row of `epochs`, more or less


def json_bytes(*values: Any) -> int:
    return sum(len(orjson.dumps(value)) for value in values)


def sizes_of(new: NewJob) -> dict[str, int]:
    """The columns of a job that is queued."""
    asked = json_bytes(new.spec, new.plan, dict(new.metadata))
    return {"asked_bytes": asked, "stored_bytes": asked + new.weights_bytes + new.snapshot_bytes}


def with_checkpoint(size_bytes: int) -> ColumnElement[int]:
    """The column of a job that goes on from a checkpoint of so many bytes."""
    larger = case((jobs.c.weights_bytes > size_bytes, jobs.c.weights_bytes), else_=literal(size_bytes, BigInteger))
    return jobs.c.asked_bytes + jobs.c.snapshot_bytes + larger


def count_anew(writer: Connection, job_id: str) -> None:
    """Call it where a job has ended or lost something after that, when all else of the transaction is done."""
    writer.execute(_COUNT_ANEW, {"counted": job_id})


def _kept() -> ColumnElement[int]:
    other = weights.alias("other")
    is_first = ~exists().where(
        other.c.job_id == weights.c.job_id, other.c.blob_id == weights.c.blob_id, other.c.which < weights.c.which
    )
    blobs = select(func.coalesce(func.sum(weights.c.size_bytes), 0)).where(weights.c.job_id == jobs.c.id, is_first)
    taken = select(func.coalesce(func.sum(snapshots.c.size_bytes), 0)).where(snapshots.c.job_id == jobs.c.id)
    told = (func.coalesce(func.octet_length(cast(each, Text)), 0) for each in (jobs.c.result, jobs.c.error))
    trained = case((jobs.c.has_epochs, jobs.c.epoch * EPOCH_BYTES), else_=0)
    return sum(told, jobs.c.asked_bytes + trained + blobs.scalar_subquery() + taken.scalar_subquery())


_COUNT_ANEW = update(jobs).where(jobs.c.id == bindparam("counted")).values(stored_bytes=_kept())
