"""The weights that there are of a job: of its best epoch and of its last, once it has ended, and of those that it kept as it
learned."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field
from pydantic_core import PydanticCustomError

from api.answers import JSON, Answer, List, status_of
from api.deps import Service
from api.parameters import LARGEST
from core.errors import Conflict, CoreError, NotFound
from core.jobs import TERMINAL
from core.store import Job, Snapshot

End = Literal["best", "last"]
ENDS: tuple[End, ...] = get_args(End)


def _epoch(value: Any) -> Any:
    if value in ENDS:
        return value
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= len(str(LARGEST)):
        return int(value)
    raise PydanticCustomError("epoch_form", "is no epoch")


Epoch = Annotated[End | Annotated[int, Field(ge=0, le=LARGEST)], BeforeValidator(_epoch)]

# The status of a job that has no weights yet → how it comes to some.
_YET = {
    "queued": "GET {job}?wait=30 waits for its end",
    "running": "GET {job}?wait=30 waits for its end; POST {job}/cancel ends it now and keeps those of the epochs that are done",
    "pausing": "they come with its end; POST {job}/resume lets it go on",
    "paused": "it has a checkpoint; POST {job}/resume lets it go on. Cancelled while it is paused it ends without any, "
    "cancelled while it runs again with those of the epochs that are done",
    "cancelling": "GET {job}?wait=30 waits for those of the epochs that are done",
}
# The state of a job that never will → why.
_NEVER = {
    "cancelled": "was cancelled before it ran, while it was paused or in its first epoch, and has no weights; POST {job}/retry "
    "makes another of it",
    "failed": "failed and kept no weights; its error says why",
}


class SnapshotAnswer(Answer):
    object: Literal["snapshot"]
    job: str
    epoch: int = Field(description="0 is before the first step.")
    bytes: int
    weights: str = Field(description="Where they are.")


class SnapshotList(List):
    data: list[SnapshotAnswer]


def snapshot_answer(snapshot: Snapshot) -> JSON:
    return {
        "object": "snapshot",
        "job": snapshot.job_id,
        "epoch": snapshot.epoch,
        "bytes": snapshot.size_bytes,
        "weights": f"/v1/jobs/{snapshot.job_id}/weights?epoch={snapshot.epoch}",
    }


def weights_of(service: Service, tenant: str, job_id: str, epoch: Epoch | None) -> Snapshot:
    """Those asked for, else the best, else the last; Conflict while there cannot be any yet. NotFound tells what there is."""
    with service.store.sharing():
        if isinstance(epoch, int):
            kept = kept_epochs(service, tenant, job_id)
            if epoch not in kept:
                raise _not_kept(job_id, epoch, kept)
            return kept[epoch]
        wanted: tuple[End, ...] = ENDS if epoch is None else (epoch,)
        for which in wanted:
            if (found := _end(service, tenant, job_id, which)) is not None:
                return found
        job = service.store.jobs.get(tenant, job_id)
        others = [each for each in ENDS if each not in wanted and _end(service, tenant, job_id, each) is not None]
        raise _without(job, others, epoch)


def kept_epochs(service: Service, tenant: str, job_id: str) -> dict[int, Snapshot]:
    """All of a job, by their epochs; where an end and a snapshot are of the same epoch, the end."""
    kept = {snapshot.epoch: snapshot for snapshot in service.store.snapshots.all(tenant, job_id)}
    ends = (_end(service, tenant, job_id, which) for which in ENDS)
    kept |= {weights.epoch: weights for weights in ends if weights is not None}
    return dict(sorted(kept.items()))


def _end(service: Service, tenant: str, job_id: str, which: End) -> Snapshot | None:
    try:
        return service.store.weights.get(tenant, job_id, which)
    except NotFound:
        return None


def _not_kept(job_id: str, epoch: int, kept: dict[int, Snapshot]) -> NotFound:
    if not kept:
        return NotFound(
            f"job {job_id} keeps no weights of epoch {epoch}, nor of any other until now; training.snapshots asks for them"
        )
    listed = ", ".join(map(str, kept))
    return NotFound(f"job {job_id} keeps no weights of epoch {epoch}; it keeps those of: {listed}")


def _without(job: Job, others: list[End], epoch: End | None) -> CoreError:
    """What there is instead, and what can be done."""
    if others:
        return NotFound(
            f"job {job.id} has no weights of its {epoch} epoch; it has those of its {others[0]}: ?epoch={others[0]}"
        )
    status, path = status_of(job), f"/v1/jobs/{job.id}"
    if job.state not in TERMINAL:
        return Conflict(f"job {job.id} is {status} and has no weights yet: {_YET[status].format(job=path)}")
    return NotFound(f"job {job.id} {_NEVER[status].format(job=path)}")
