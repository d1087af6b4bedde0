"""How a worker ends a job: the weights, the final state and its event in one transaction, which drops the checkpoint too.

Large weights are written ahead, so that nobody waits for them; the transaction then only points to them.
"""

from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager

from sqlalchemy import ColumnElement, Connection, insert, select, true, update

from core.jobs import State
from core.store import guard
from core.store.blobs import Content, Upload, remove_if_it_works
from core.store.checkpoints import drop_checkpoint
from core.store.clock import now
from core.store.database import Database
from core.store.epochs import best_change
from core.store.events import write_event
from core.store.excerpts import excerpt
from core.store.records import JSON, Claim, Which
from core.store.sizes import count_anew
from core.store.tables import jobs, weights
from core.store.uses import use_by

Kept = Mapping[Which, Content]
Epochs = Mapping[Which, int]


class Endings:
    _database: Database

    def succeed(self, claim: Claim, result: JSON, weights: Kept, epochs: Epochs | None = None) -> None:
        """`weights` are what the job learned.

        `epochs` tells which epoch each of the weights belongs to; it defaults to `result["best_epoch"]` and the last one.
        """
        best: Epochs = {"best": result["best_epoch"]} if result.get("best_epoch") else {}
        self._end(claim, State.SUCCEEDED, {"result": result}, {}, weights, {**best, **(epochs or {})})

    def fail(self, claim: Claim, error: JSON, weights: Kept | None = None, epochs: Epochs | None = None) -> None:
        """`error` says whose fault it was: {"fault": …, "code": …, "message": …}, of which an excerpt is kept. The weights
        are the last good ones."""
        told = excerpt(error)
        self._end(claim, State.FAILED, {"error": told}, told, weights or {}, epochs or {})

    def stop(self, claim: Claim, weights: Kept | None = None, epochs: Epochs | None = None) -> None:
        """Ends a job whose cancellation was asked for, with the weights it has so far."""
        self._end(claim, State.CANCELLED, {}, {}, weights or {}, epochs or {}, jobs.c.cancel_requested == true())

    def _end(
        self,
        claim: Claim,
        state: State,
        change: JSON,
        data: JSON,
        weights: Kept,
        epochs: Epochs,
        *conditions: ColumnElement[bool],
    ) -> None:
        """The best epoch is then that of the best weights, which may lie before the one that an earlier attempt recorded. Does
        nothing where this attempt has ended the job so before."""
        with _uploads(self._database, weights) as kept, self._database.writing() as writer:
            if "best" in epochs:
                change = change | best_change(writer, claim.job.id, epochs["best"])
            last = writer.scalar(
                update(jobs)
                .where(guard.held(claim), *conditions)
                .values(state=state, finished_at=now(), version=jobs.c.version + 1, **guard.let_go(), **change)
                .returning(jobs.c.epoch)
            )
            if last is None:
                same = (jobs.c.id == claim.job.id, jobs.c.fence == claim.fence, jobs.c.state == state)
                if writer.scalar(select(jobs.c.id).where(*same)) is None:
                    raise guard.lost(claim)
                return
            use_by(writer, claim.job.id)
            write_event(writer, claim.job.id, str(state), data)
            _keep(writer, claim, kept, {"best": last, "last": last, "optimizer": last, **epochs})
            leftover = drop_checkpoint(writer, claim.job.id)
            count_anew(writer, claim.job.id)
        remove_if_it_works(self._database, leftover)


@contextmanager
def _uploads(database: Database, weights: Kept) -> Iterator[dict[Which, Upload]]:
    """Equal bytes are stored once, and the same object is not even read twice."""
    with ExitStack() as stack:
        by_content: dict[int, Upload] = {}
        by_hash: dict[str, Upload] = {}
        for content in weights.values():
            if id(content) not in by_content:
                upload = stack.enter_context(Upload(database, content))
                by_content[id(content)] = by_hash.setdefault(upload.sha256, upload)
        yield {which: by_content[id(content)] for which, content in weights.items()}


def _keep(writer: Connection, claim: Claim, kept: Mapping[Which, Upload], at: Epochs) -> None:
    for upload in {upload.blob_id: upload for upload in kept.values()}.values():
        upload.finish(writer)
    for which, upload in kept.items():
        row = {"epoch": at[which], "sha256": upload.sha256, "size_bytes": upload.size_bytes, "blob_id": upload.blob_id}
        writer.execute(insert(weights).values(job_id=claim.job.id, which=which, **row))
