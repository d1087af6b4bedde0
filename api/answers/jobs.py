"""Jobs: as they are asked for one by one, and as lists tell them."""

from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from api.answers.base import JSON, Answer, List, rfc3339
from core.jobs import State, Stopped
from core.store import Job, JobSummary

Status = Literal["queued", "running", "cancelling", "pausing", "paused", "succeeded", "failed", "cancelled"]


def job_answer(job: Job, has_weights: bool = False) -> JSON:
    return {
        **_job(job, has_weights),
        "dataset": {"id": job.dataset_id, **job.spec["dataset"]},
        "network": job.spec["network"],
        "training": job.spec["training"],
        "chosen": job.spec.get("chosen", {}),
        "warnings": job.spec.get("warnings", []),
        "plan": job.plan,
    }


def job_summary(job: JobSummary) -> JSON:
    return _job(job, job.has_weights)


def status_of(job: Job | JobSummary) -> str:
    if job.state is State.RUNNING and (job.cancel_requested or job.pause_requested):
        return "cancelling" if job.cancel_requested else "pausing"
    return str(job.state)


def _job(job: Job | JobSummary, has_weights: bool) -> JSON:
    latest = job.progress or {}
    seconds = latest.get("seconds")
    is_running, total = job.state is State.RUNNING, job.epochs_total
    return {
        "id": job.id,
        "object": "job",
        "name": job.name,
        "status": status_of(job),
        "created_at": rfc3339(job.created_at),
        "started_at": rfc3339(job.started_at),
        "finished_at": rfc3339(job.finished_at),
        "attempt": job.attempt,
        "used_seconds": job.used_s,
        "retry_of": job.retry_of,
        "progress": {
            "epoch": job.epoch,
            "epochs": total,
            "loss": latest.get("loss"),
            "validation_loss": latest.get("validation_loss"),
            "metrics": latest.get("metrics") or {},
            "eta_seconds": (total - job.epoch) * seconds if is_running and seconds is not None and total is not None else None,
            "best": job.best,
        },
        "measured_on": "validation" if job.is_validated else "training",
        "dataset": {"id": job.dataset_id},
        "priority": job.priority,
        "metadata": job.metadata,
        "result": job.result,
        "error": job.error,
        "weights": f"/v1/jobs/{job.id}/weights" if has_weights else None,
    }


class ReachedAnswer(Answer):
    """What an epoch reached."""

    loss: float
    validation_loss: float | None
    metrics: dict[str, float]


class BestAnswer(ReachedAnswer):
    """The epoch of the lowest validation loss, or of the best value of what early stopping monitors; without validation the
    last."""

    epoch: int


class ProgressAnswer(Answer):
    epoch: int = Field(description="The last one that is recorded.")
    epochs: int | None = Field(description="Null until the worker knows how many fit into the budget.")
    loss: float | None
    validation_loss: float | None
    metrics: dict[str, float | None]
    eta_seconds: float | None = Field(description="Until all epochs are done; early stopping may come sooner.")
    best: BestAnswer | None = Field(description="The best epoch so far: the one whose weights are delivered.")


class FaultAnswer(BaseModel):
    """Whose fault it was, and what happened; some codes add fields, such as the `epoch` in which a job diverged."""

    model_config = ConfigDict(extra="allow")

    fault: Literal["user", "capacity", "system"]
    code: str
    message: str


class ConfusionAnswer(Answer):
    """`counts[i][j]` of the measured rows are of the i-th class, and taken for the j-th."""

    classes: list[str | bool | int | float] = Field(
        description="The labels, in the order of rows and columns.", examples=[["cat", "dog"]]
    )
    counts: list[list[int]] = Field(examples=[[[20, 1], [3, 26]]])


class ResultAnswer(Answer):
    epochs: int = Field(description="How many were trained.")
    stopped: Stopped = Field(
        description="Why it trained no longer: all `epochs` that were asked for are done, or all that the `budget` had room "
        "for; or, before that, what early stopping monitors improved no more (`early`) or L-BFGS found no lower loss "
        "(`converged`)."
    )
    best_epoch: int
    best: ReachedAnswer
    last: ReachedAnswer
    warnings: list[str] = Field(
        default_factory=list,
        description="That the best weights are no better than always the same answer: the mean, by `r2`, or the most frequent "
        "class, by `accuracy`.",
    )
    confusion_matrix: ConfusionAnswer | None = Field(None, description="Of the best weights, where the metrics ask for it.")


class WarningAnswer(Answer):
    """What is probably not meant; the data are used all the same."""

    pointer: str = Field(description="The place in the request (RFC 6901).")
    message: str


class JobSummaryAnswer(Answer):
    """A job as lists tell it, without what may be large; `GET /v1/jobs/{id}` tells the rest."""

    id: str
    object: Literal["job"]
    name: str | None
    status: Status
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int = Field(description="How many times a worker has taken it up.")
    used_seconds: float = Field(
        description="That workers have spent on it until now, in all attempts; that it grows is no change of the job."
    )
    retry_of: str | None = Field(description="The job that this one repeats; it may be deleted by now.")
    progress: ProgressAnswer
    measured_on: Literal["validation", "training"] = Field(description="Which rows `metrics` are of.")
    dataset: JSON = Field(description="Its `id` alone.")
    priority: int
    metadata: dict[str, str]
    result: ResultAnswer | None = Field(description="Once it has succeeded; in lists without its confusion matrix.")
    error: FaultAnswer | None
    weights: str | None = Field(description="Where the weights are, once it has ended with some.")


class JobAnswer(JobSummaryAnswer):
    """A job, and all that it was asked for."""

    dataset: JSON = Field(description="As accepted; data sent along has become a dataset of its own.")
    network: JSON = Field(description="As accepted, with every default filled in.")
    training: JSON = Field(description="As accepted, with every default filled in.")
    chosen: JSON = Field(description="What the request left out or called auto: the value that was chosen, by JSON pointers.")
    warnings: list[WarningAnswer]
    plan: JSON = Field(description="What the dry run found: widths, parameters, memory, rows.")


class JobList(List):
    data: list[JobSummaryAnswer]
