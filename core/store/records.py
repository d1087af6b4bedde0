"""What the store takes and gives: frozen records. Times are seconds since 1970, UTC, by the database's clock."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from core.jobs import State

T = TypeVar("T")
JSON = dict[str, Any]
Which = Literal["best", "last", "optimizer"]  # the last is no weights, but what the optimizer kept beside the last


@dataclass(frozen=True, slots=True)
class NewJob:
    """What a client asks for. `spec` is the request as accepted, with a dataset's id in the place of rows sent along."""

    spec: JSON
    dataset_id: str
    epochs_total: int | None  # None where the first attempt is to fix it
    seed: int = 0
    metadata: Mapping[str, str] = field(default_factory=dict)
    plan: JSON = field(default_factory=dict)
    start_id: str | None = None  # of the job, or of the weights that were sent, from which this one starts
    validation_dataset_id: str | None = None
    is_validated: bool = False  # what metrics are of: rows that are not trained on
    priority: int = 0
    retry_of: str | None = None
    snapshot_bytes: int = 0  # that its snapshots will take
    name: str | None = None
    weights_bytes: int = 0  # that its weights will take, more or less


@dataclass(frozen=True, slots=True)
class Idempotency:
    """A client's key for one request, and the hash of that request."""

    key: str
    request_sha256: str


@dataclass(frozen=True, slots=True)
class Job:
    id: str
    tenant: str
    state: State
    fence: int  # counts owners: a worker whose number is older may write nothing
    attempt: int  # counts claims
    stuck: int  # counts deaths of workers since the last progress
    epoch: int  # the last recorded one
    epochs_total: int | None  # None until the first attempt has fixed it
    cancel_requested: bool
    pause_requested: bool
    dataset_id: str
    seed: int
    priority: int
    version: int  # + 1 at every change that a client can see
    created_at: float
    started_at: float | None
    finished_at: float | None
    lease_until: float | None
    used_s: float = field(compare=False)  # by workers, in all attempts until this was read: it grows without a change
    retry_of: str | None  # the job whose spec this one repeats, which may be gone
    metadata: dict[str, str]
    progress: JSON | None  # the latest epoch's row
    best: JSON | None  # of the best epoch so far: {"epoch", "loss", "validation_loss", "metrics"}
    is_validated: bool
    name: str | None
    result: JSON | None
    error: JSON | None  # {"fault": …, "code": …, "message": …}
    fingerprint: JSON | None
    spec: JSON
    plan: JSON


@dataclass(frozen=True, slots=True)
class JobSummary:
    """A job as lists show it: nothing of it is large, whatever was asked for."""

    id: str
    state: State
    attempt: int
    epoch: int
    epochs_total: int | None
    cancel_requested: bool
    pause_requested: bool
    dataset_id: str
    priority: int
    created_at: float
    started_at: float | None
    finished_at: float | None
    used_s: float = field(compare=False)
    retry_of: str | None
    metadata: dict[str, str]
    progress: JSON | None
    best: JSON | None
    is_validated: bool
    name: str | None
    error: JSON | None
    result: JSON | None  # without its confusion matrix
    has_weights: bool  # it ended with some


@dataclass(frozen=True, slots=True)
class Claim:
    """One attempt's right to write, as long as the job's fence is this one."""

    job: Job
    fence: int
    owner: str


@dataclass(frozen=True, slots=True)
class Signals:
    cancel_requested: bool = False
    pause_requested: bool = False


@dataclass(frozen=True, slots=True)
class EpochRow:
    epoch: int  # from 1
    loss: float
    validation_loss: float | None
    metrics: dict[str, float]
    learning_rate: float
    gradient_norm: float
    seconds: float
    rows_per_second: float


@dataclass(frozen=True, slots=True)
class Event:
    seq: int  # from 1, without gaps, per job
    at: float
    type: str
    data: JSON
    epoch: int  # the job's last recorded one at that time


@dataclass(frozen=True, slots=True)
class FeedEvent(Event):
    number: int  # from 1, per tenant, in an order that agrees with each job's own
    job_id: str
    name: str | None  # of the job


@dataclass(frozen=True, slots=True)
class Webhook:
    """Without its secrets."""

    id: str
    tenant: str
    url: str
    events: list[str]
    is_enabled: bool
    created_at: float
    paused_until: float | None  # after an attempt that failed nothing is sent for a while
    failing_since: float | None  # when the first of the attempts failed since which none has succeeded
    disabled_at: float | None  # by the service itself, as all that follows
    disabled_reason: str | None  # failing: for too long; gone: the receiver said so


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message to one webhook; `id` is its `webhook-id`, the same in every attempt."""

    id: str
    webhook_id: str
    number: int | None  # of the event; None of a test
    type: str
    state: str  # pending, delivered, or failed: given up
    attempts: int
    created_at: float
    due_at: float | None
    attempted_at: float | None
    status: int | None  # of the last answer
    error: str | None  # why there was none
    body: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The right to send to one webhook, until the lease runs out or another has it."""

    webhook_id: str
    fence: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try at a message, already counted; where it goes, and what signs it, is read anew for each."""

    delivery: Delivery
    url: str
    secrets: tuple[str, ...]  # good now, the newest first


@dataclass(frozen=True, slots=True)
class DatasetSummary:
    """A dataset as lists show it."""

    id: str
    tenant: str
    sha256: str  # of the bytes that the client sent; of inline data, of the table and its schema
    format: str
    name: str | None
    source_kind: str
    size_bytes: int  # of what the client sent; of inline data, of the table
    table_sha256: str
    table_bytes: int  # of the stored table
    blob_id: str
    created_at: float
    row_count: int
    column_count: int


@dataclass(frozen=True, slots=True)
class Dataset(DatasetSummary):
    schema: JSON


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a dataset, and how many it has."""

    row_count: int
    rows: list[JSON]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The weights of one epoch of a job."""

    job_id: str
    epoch: int  # 0: before the first step
    sha256: str
    size_bytes: int
    blob_id: str


@dataclass(frozen=True, slots=True)
class Weights(Snapshot):
    """Those that the job ended with."""

    which: Which


@dataclass(frozen=True, slots=True)
class SentWeightsSummary:
    """Weights that a client sent, as lists show them."""

    id: str
    tenant: str
    sha256: str
    size_bytes: int
    blob_id: str
    created_at: float


@dataclass(frozen=True, slots=True)
class SentWeights(SentWeightsSummary):
    """`tensors` are name → {"dtype", "shape"}, in the order of the file."""

    tensors: JSON


@dataclass(frozen=True, slots=True)
class ApiKey:
    """All that is known of a key; the key itself is not."""

    id: str
    tenant: str
    name: str
    scopes: tuple[str, ...]
    created_at: float
    expires_at: float | None
    revoked_at: float | None
    last_used_at: float | None


@dataclass(frozen=True, slots=True)
class Caller:
    """Whom a key speaks for."""

    key_id: str
    tenant: str
    scopes: frozenset[str]
    refusal: str | None = None  # why the key is good for nothing any more
    is_stale: bool = False  # it was not written down lately that the key is used


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """`next_cursor` asks for the next page; None says that this is the last."""

    items: tuple[T, ...]
    next_cursor: str | None
