"""What the API answers: each thing as a dictionary, made by hand since a status poll must be quick, and as a model for OpenAPI.

The tests hold the two together.
"""

from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from core.jobs import State, Stopped
from core.nn.planning.plan import Plan
from core.nn.preparation.column import Column
from core.nn.preparation.reading import Reading
from core.store import (
    Dataset,
    DatasetSummary,
    Delivery,
    EpochRow,
    Event,
    FeedEvent,
    Job,
    JobSummary,
    SentWeights,
    SentWeightsSummary,
    Webhook,
)

FIRST_VALUES = 20  # of a column, unless all are asked for

JSON = dict[str, Any]
Status = Literal["queued", "running", "cancelling", "pausing", "paused", "succeeded", "failed", "cancelled"]


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(dumped(content), status, headers, "application/json")


def dumped(content: Any) -> bytes:
    """JSON with an end of line: a shell's prompt would stick to it."""
    return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE)


def rfc3339(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def status_of(job: Job | JobSummary) -> str:
    if job.state is State.RUNNING and (job.cancel_requested or job.pause_requested):
        return "cancelling" if job.cancel_requested else "pausing"
    return str(job.state)


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


def dataset_summary(dataset: DatasetSummary) -> JSON:
    return {
        "id": dataset.id,
        "object": "dataset",
        "name": dataset.name,
        "format": dataset.format,
        "source": dataset.source_kind,
        "sha256": dataset.sha256,
        "bytes": dataset.size_bytes,
        "created_at": rfc3339(dataset.created_at),
        "rows": dataset.row_count,
        "column_count": dataset.column_count,
    }


def dataset_answer(dataset: Dataset, all_values: bool = False) -> JSON:
    columns = dataset.schema["columns"]
    return {
        **dataset_summary(dataset),
        "columns": columns if all_values else [_shortened(column) for column in columns],
        "shapes": dataset.schema.get("shapes", {}),
        "first_line": dataset.schema.get("first_line"),
        "reading": dataset.schema.get("reading"),
    }


def _shortened(column: JSON) -> JSON:
    values = column.get("values")
    if values is None or len(values) <= FIRST_VALUES:
        return column
    return {**column, "distinct": len(values), "values": values[:FIRST_VALUES]}


def sent_weights_summary(sent: SentWeightsSummary) -> JSON:
    return {
        "id": sent.id,
        "object": "weights",
        "sha256": sent.sha256,
        "bytes": sent.size_bytes,
        "created_at": rfc3339(sent.created_at),
    }


def sent_weights_answer(sent: SentWeights) -> JSON:
    return {**sent_weights_summary(sent), "tensors": sent.tensors}


def epoch_answer(row: EpochRow) -> JSON:
    return {
        "epoch": row.epoch,
        "loss": row.loss,
        "validation_loss": row.validation_loss,
        "metrics": row.metrics,
        "learning_rate": row.learning_rate,
        "gradient_norm": row.gradient_norm,
        "seconds": row.seconds,
        "rows_per_second": row.rows_per_second,
    }


def event_answer(event: Event) -> JSON:
    return {
        "object": "event",
        "seq": event.seq,
        "at": rfc3339(event.at),
        "type": event.type,
        "epoch": event.epoch,
        "data": event.data,
    }


def webhook_answer(webhook: Webhook) -> JSON:
    return {
        "id": webhook.id,
        "object": "webhook",
        "url": webhook.url,
        "events": webhook.events,
        "enabled": webhook.is_enabled,
        "created_at": rfc3339(webhook.created_at),
        "paused_until": rfc3339(webhook.paused_until),
    }


def delivery_answer(delivery: Delivery) -> JSON:
    return {
        "id": delivery.id,
        "object": "delivery",
        "webhook": delivery.webhook_id,
        "type": delivery.type,
        "status": delivery.state,
        "attempts": delivery.attempts,
        "created_at": rfc3339(delivery.created_at),
        "attempted_at": rfc3339(delivery.attempted_at),
        "next_attempt_at": rfc3339(delivery.due_at),
        "answer": delivery.status,
        "error": delivery.error,
        "message": orjson.loads(delivery.body),
    }


def feed_answer(event: FeedEvent) -> JSON:
    return {**event_answer(event), "number": event.number, "job": event.job_id, "name": event.name}


def list_answer(items: list[JSON], next_cursor: str | None) -> JSON:
    return {"object": "list", "data": items, "has_more": next_cursor is not None, "next_cursor": next_cursor}


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


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


class DatasetSummaryAnswer(Answer):
    id: str
    object: Literal["dataset"]
    name: str | None
    format: str
    source: Literal["upload", "inline"]
    sha256: str = Field(
        description="Of the bytes that were sent, and where the upload said how cells are read, of that too; of data that came "
        "with a job, of the table that they became."
    )
    bytes: int = Field(description="How many were sent; of data that came with a job, the size of their table.")
    created_at: datetime
    rows: int
    column_count: int


class DatasetAnswer(DatasetSummaryAnswer):
    columns: list[Column] = Field(
        description=f"`values` are the first {FIRST_VALUES} of the `distinct` ones, unless `?values=all` asks for all."
    )
    shapes: dict[str, list[int]] = Field(
        description="Of arrays of more than two dimensions: what one row of `a` was before it became the columns a0, a1, … in "
        "C order, for a `reshape` layer."
    )
    first_line: int | None = Field(
        None,
        description="Of CSV and JSON lines: the line of the file in which row 0 stands; row i stands i lines below. Null where "
        "rows are not one line each.",
    )
    reading: Reading | None = Field(None, description="What the upload said of its cells; null where it said nothing.")


class TensorAnswer(Answer):
    dtype: Literal["F16", "F32", "F64", "I32", "I64", "U8"] = Field(
        description="A float's, but for the batches that a `batch_normalisation` has counted."
    )
    shape: list[int]


class SentWeightsSummaryAnswer(Answer):
    id: str
    object: Literal["weights"]
    sha256: str = Field(description="Of the bytes that were sent.")
    bytes: int
    created_at: datetime


class SentWeightsAnswer(SentWeightsSummaryAnswer):
    tensors: dict[str, TensorAnswer]


class EpochAnswer(Answer):
    epoch: int
    loss: float | None
    validation_loss: float | None
    metrics: dict[str, float | None]
    learning_rate: float
    gradient_norm: float | None
    seconds: float
    rows_per_second: float


class WebhookAnswer(Answer):
    id: str
    object: Literal["webhook"]
    url: str
    events: list[str]
    enabled: bool
    created_at: datetime
    paused_until: datetime | None = Field(description="After an attempt that failed nothing is sent for a while.")


class NewWebhookAnswer(WebhookAnswer):
    secret: str = Field(description="For the receiver to verify signatures with. It is never shown again.")


class DeliveryAnswer(Answer):
    id: str = Field(description="The `webhook-id` of every attempt.")
    object: Literal["delivery"]
    webhook: str
    type: str
    status: Literal["pending", "delivered", "failed"] = Field(description="Failed ones are not sent again by themselves.")
    attempts: int
    created_at: datetime
    attempted_at: datetime | None
    next_attempt_at: datetime | None
    answer: int | None = Field(description="The status that the receiver answered last.")
    error: str | None = Field(description="Why there was no answer.")
    message: JSON


class EventAnswer(Answer):
    object: Literal["event"]
    seq: int = Field(description="From 1, without gaps, of the job.")
    at: datetime
    type: str
    epoch: int = Field(description="The last one that the job had recorded then.")
    data: JSON


class FeedEventAnswer(EventAnswer):
    number: int = Field(description="Its place in the order of all events; those of deleted jobs are missing.")
    job: str
    name: str | None = Field(description="Of the job.")


class List(Answer):
    object: Literal["list"]
    has_more: bool
    next_cursor: str | None


class JobList(List):
    data: list[JobSummaryAnswer]


class DatasetList(List):
    data: list[DatasetSummaryAnswer]


class SentWeightsList(List):
    data: list[SentWeightsSummaryAnswer]


class EpochList(List):
    data: list[EpochAnswer]


class EventList(List):
    data: list[EventAnswer]


class WebhookList(List):
    data: list[WebhookAnswer]


class DeliveryList(List):
    data: list[DeliveryAnswer]


class FeedEventList(List):
    data: list[FeedEventAnswer]


class PreviewAnswer(Answer):
    object: Literal["preview"]
    dataset: str
    rows: int = Field(description="Of the whole dataset.")
    data: list[JSON] = Field(description="The first rows; null where a value is missing.")


class CheckAnswer(Answer):
    object: Literal["check"]
    plan: Plan = Field(description="Widths, parameters, rows, memory and estimated time.")
    chosen: JSON = Field(description="What the request left out or called auto: the value that was chosen, by JSON pointers.")
    warnings: list[WarningAnswer]
    queue_position: int = Field(description="How many jobs of yours wait before this one.")


class PredictionAnswer(Answer):
    """Of one row."""

    values: dict[str, float | bool | str | None] = Field(
        description="Each target column's number in its own unit, or its likeliest label. Null where there is no finite one."
    )
    probabilities: dict[str, float | None] | None = Field(
        None,
        description="Of each class, by its label as the key of a JSON object; where each of several targets is a flag, of each "
        "column to be set. Of numbers there are none.",
    )


class PredictionsAnswer(Answer):
    object: Literal["predictions"]
    job: str
    epoch: int = Field(description="The one whose weights predict.")
    targets: list[str] = Field(description="The columns that are predicted.")
    classes: list[str | bool | int | float] | None = Field(description="The labels, where the job has learned classes.")
    rows: int
    predictions: list[PredictionAnswer] = Field(description="In the order of the rows.")
    warnings: list[WarningAnswer] = Field(
        default_factory=list, description="Columns with texts that training never saw, which count as missing."
    )


class HealthAnswer(Answer):
    status: Literal["ok"]


class ReadinessAnswer(Answer):
    status: Literal["ready", "degraded", "unready"]
    checks: dict[str, str] = Field(description='Of the database, its migrations and the broker: "ok", or what is wrong.')


class EntryAnswer(Answer):
    pointer: str | None = Field(None, description="The place in the body (RFC 6901).")
    parameter: str | None = Field(None, description="The parameter of the query, or the header.")
    message: str


class ProblemAnswer(Answer):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[EntryAnswer] = []
