"""How a worker ends a job: the weights, the final state and its event in one transaction, which drops the checkpoint too."""

import hashlib
from collections.abc import Mapping

from sqlalchemy import ColumnElement, Connection, insert, select, true, update

from core.jobs import State
from core.store import guard
from core.store.blobs import write_blob
from core.store.checkpoints import drop_checkpoint
from core.store.clock import now
from core.store.database import Database
from core.store.events import write_event
from core.store.records import JSON, Claim, Which
from core.store.tables import jobs, weights


class Endings:
    _database: Database

    def succeed(
        self, claim: Claim, result: JSON, weights: Mapping[Which, bytes], epochs: Mapping[Which, int] | None = None
    ) -> None:
        """`weights` are what the job learned.

        `epochs` tells which epoch each of the weights belongs to; it defaults to `result["best_epoch"]` and the last one.
        """
        with self._database.writing() as writer:
            last = self._end(writer, claim, State.SUCCEEDED, "succeeded", {"result": result}, {})
            if last is not None:
                best = result.get("best_epoch") or last
                _keep_weights(writer, claim, weights, {"best": best, "last": last, **(epochs or {})})

    def fail(
        self,
        claim: Claim,
        error: JSON,
        weights: Mapping[Which, bytes] | None = None,
        epochs: Mapping[Which, int] | None = None,
    ) -> None:
        """`error` says whose fault it was: {"fault": …, "code": …, "message": …}. The weights are the last good ones."""
        with self._database.writing() as writer:
            last = self._end(writer, claim, State.FAILED, "failed", {"error": error}, error)
            if last is not None:
                _keep_weights(writer, claim, weights or {}, {"best": last, "last": last, **(epochs or {})})

    def stop(
        self, claim: Claim, weights: Mapping[Which, bytes] | None = None, epochs: Mapping[Which, int] | None = None
    ) -> None:
        """Ends a job whose cancellation was asked for, with the weights it has so far."""
        with self._database.writing() as writer:
            last = self._end(writer, claim, State.CANCELLED, "cancelled", {}, {}, jobs.c.cancel_requested == true())
            if last is not None:
                _keep_weights(writer, claim, weights or {}, {"best": last, "last": last, **(epochs or {})})

    def _end(
        self,
        writer: Connection,
        claim: Claim,
        state: State,
        event: str,
        change: JSON,
        data: JSON,
        condition: ColumnElement[bool] | None = None,
    ) -> int | None:
        """The job's last epoch; None where this attempt has ended the job so before."""
        last = writer.scalar(
            update(jobs)
            .where(guard.held(claim), true() if condition is None else condition)
            .values(state=state, lease_owner=None, lease_until=None, finished_at=now(), version=jobs.c.version + 1, **change)
            .returning(jobs.c.epoch)
        )
        if last is not None:
            write_event(writer, claim.job.id, event, data)
            drop_checkpoint(writer, claim.job.id)
            return int(last)
        same = (jobs.c.id == claim.job.id, jobs.c.fence == claim.fence, jobs.c.state == state)
        if writer.scalar(select(jobs.c.id).where(*same)) is None:
            raise guard.lost(claim)
        return None


def _keep_weights(writer: Connection, claim: Claim, kept: Mapping[Which, bytes], at: Mapping[Which, int]) -> None:
    blob_ids: dict[str, str] = {}  # equal bytes are stored once
    for which, data in kept.items():
        sha256 = hashlib.sha256(data).hexdigest()
        if sha256 not in blob_ids:
            blob_ids[sha256] = write_blob(writer, data)
        row = {"epoch": at[which], "sha256": sha256, "size_bytes": len(data), "blob_id": blob_ids[sha256]}
        writer.execute(insert(weights).values(job_id=claim.job.id, which=which, **row))
