"""What the service answers, as models. What a newer service tells beyond them is kept.

Made from the OpenAPI document of the service by `python -m client.generate`; not to be edited.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Answer(BaseModel):
    model_config = ConfigDict(extra="allow", populate_by_name=True, protected_namespaces=())


class BestAnswer(Answer):
    """The epoch of the lowest validation loss, or of the best value of what early stopping monitors; without validation
    the last."""

    loss: float
    validation_loss: float | None
    metrics: dict[str, float]
    epoch: int


class ProgressAnswer(Answer):
    epoch: int
    """The last one that is recorded."""
    epochs: int | None
    """Null until the worker knows how many fit into the budget."""
    loss: float | None
    validation_loss: float | None
    metrics: dict[str, float | None]
    eta_seconds: float | None
    """Until all epochs are done; early stopping may come sooner."""
    best: BestAnswer | None
    """The best epoch so far: the one whose weights are delivered."""


class ReachedAnswer(Answer):
    """What an epoch reached."""

    loss: float
    validation_loss: float | None
    metrics: dict[str, float]


class ConfusionAnswer(Answer):
    """`counts[i][j]` of the measured rows are of the i-th class, and taken for the j-th."""

    classes: list[str | bool | int | float]
    """The labels, in the order of rows and columns."""
    counts: list[list[int]]


class ResultAnswer(Answer):
    epochs: int
    """How many were trained."""
    stopped: Literal["epochs", "budget", "early", "converged"] | str
    """Why it trained no longer: all `epochs` that were asked for are done, or all that the `budget` had room for; or,
    before that, what early stopping monitors improved no more (`early`) or L-BFGS found no lower loss (`converged`)."""
    best_epoch: int
    best: ReachedAnswer
    last: ReachedAnswer
    warnings: list[str] | None = None
    """That the best weights are no better than always the same answer: the mean, by `r2`, or the most frequent class,
    by `accuracy`."""
    confusion_matrix: ConfusionAnswer | None = None
    """Of the best weights, where the metrics ask for it."""


class FaultAnswer(Answer):
    """Whose fault it was, and what happened; some codes add fields, such as the `epoch` in which a job diverged."""

    fault: Literal["user", "capacity", "system"] | str
    code: str
    message: str


class WarningAnswer(Answer):
    """What is probably not meant; the data are used all the same."""

    pointer: str
    """The place in the request (RFC 6901)."""
    message: str


class JobAnswer(Answer):
    """A job, and all that it was asked for."""

    id: str
    object: Literal["job"] | str
    name: str | None
    status: Literal["queued", "running", "cancelling", "pausing", "paused", "succeeded", "failed", "cancelled"] | str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int
    """How many times a worker has taken it up."""
    used_seconds: float
    """That workers have spent on it until now, in all attempts; that it grows is no change of the job."""
    retry_of: str | None
    """The job that this one repeats; it may be deleted by now."""
    progress: ProgressAnswer
    measured_on: Literal["validation", "training"] | str
    """Which rows `metrics` are of."""
    dataset: dict[str, Any]
    """As accepted; data sent along has become a dataset of its own."""
    priority: int
    metadata: dict[str, str]
    result: ResultAnswer | None
    """Once it has succeeded; in lists without its confusion matrix."""
    error: FaultAnswer | None
    weights_path: str | None = Field(..., alias="weights")
    """Where the weights are, once it has ended with some."""
    network: dict[str, Any]
    """As accepted, with every default filled in."""
    training: dict[str, Any]
    """As accepted, with every default filled in."""
    chosen: dict[str, Any]
    """What the request left out or called auto: the value that was chosen, by JSON pointers."""
    warnings: list[WarningAnswer]
    plan: dict[str, Any]
    """What the dry run found: widths, parameters, memory, rows."""


class JobSummaryAnswer(Answer):
    """A job as lists tell it, without what may be large; `GET /v1/jobs/{id}` tells the rest."""

    id: str
    object: Literal["job"] | str
    name: str | None
    status: Literal["queued", "running", "cancelling", "pausing", "paused", "succeeded", "failed", "cancelled"] | str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempt: int
    """How many times a worker has taken it up."""
    used_seconds: float
    """That workers have spent on it until now, in all attempts; that it grows is no change of the job."""
    retry_of: str | None
    """The job that this one repeats; it may be deleted by now."""
    progress: ProgressAnswer
    measured_on: Literal["validation", "training"] | str
    """Which rows `metrics` are of."""
    dataset: dict[str, Any]
    """Its `id` alone."""
    priority: int
    metadata: dict[str, str]
    result: ResultAnswer | None
    """Once it has succeeded; in lists without its confusion matrix."""
    error: FaultAnswer | None
    weights_path: str | None = Field(..., alias="weights")
    """Where the weights are, once it has ended with some."""


class Cell(Answer):
    row: int
    text: str


class NumberLike(Answer):
    """Of a text column most of whose distinct values look like numbers: how many `cells` do, `of` how many that are
    there. `strange` is how many are no plain numbers: those that look like numbers only, such as "1,200", "12,5 m" and
    "$5", and those that do not. `examples` are the first of them, those that look like none before others. `words` are
    what an upload is to say, so that those that look like numbers are; None where that does not do it."""

    cells: int
    of: int
    strange: int
    examples: list[Cell] = []
    words: str | None = None


class Column(Answer):
    """One column and its statistics over all rows; no number in it is NaN or infinite. `values` are the sorted distinct
    values: always of a boolean or text column, of a number column where they are few (at most 1,000; fewer in a very
    wide table), else None. `distinct` is None where it was not counted. `deviation` is the population's standard
    deviation. The four statistics are None where there is no number. `warning` says where the column looks like
    something else than it was read as, or costs many inputs; it changes nothing. `missing_rows` are the first
    FIRST_ROWS of those that miss it. `numbering` says how whole numbers show that they probably only number the rows:
    they are `rising` by 1 from row to row, or hardly ever the same and `named` as ids are. `doubtful` is the first of
    its cells with a point or comma where all of these may begin decimals or separate thousands, and at most other
    columns tell which; `decimal` is the sign with which they were read."""

    name: str
    kind: Literal["number", "boolean", "text", "ignored"] | str
    missing: int = 0
    distinct: int | None = None
    values: list[bool | int | float | str] | None = None
    min: float | None = None
    max: float | None = None
    mean: float | None = None
    deviation: float | None = None
    reason: str | None = None
    warning: str | None = None
    number_like: NumberLike | None = None
    missing_rows: list[int] = []
    numbering: Literal["rising", "named"] | str | None = None
    doubtful: str | None = None
    decimal: Literal["comma", "point"] | str | None = None


class Reading(Answer):
    """Columns that are `numbers` or `texts` whatever they look like, and which texts mean that a value is missing,
    beside those of the format. `decimal` is the sign that decimals begin with; the other one then separates thousands.
    A CSV file may show it where nobody says it. `encoding` is how text is written that is not UTF-8."""

    numbers: list[str] = []
    texts: list[str] = []
    missing_values: list[str] = []
    decimal: Literal["comma", "point"] | str | None = None
    encoding: (
        Literal[
            "windows-1250",
            "windows-1251",
            "windows-1252",
            "windows-1253",
            "windows-1254",
            "windows-1255",
            "windows-1256",
            "windows-1257",
            "windows-1258",
            "iso-8859-1",
            "iso-8859-2",
            "iso-8859-15",
            "koi8-r",
            "macintosh",
            "gb18030",
        ]
        | str
        | None
    ) = None


class DatasetAnswer(Answer):
    id: str
    object: Literal["dataset"] | str
    name: str | None
    format: str
    source: Literal["upload", "inline"] | str
    sha256: str
    """Of the bytes that were sent, and where the upload said how cells are read, of that too; of data that came with a
    job, of the table that they became."""
    bytes: int
    """How many were sent; of data that came with a job, the size of their table."""
    created_at: datetime
    rows: int
    column_count: int
    columns: list[Column]
    """`values` are the first 20 of the `distinct` ones, unless `?values=all` asks for all."""
    left_out: list[str] | None = None
    """Columns that tell rows apart: whole numbers that only number them, and texts that hardly repeat, each of which
    would be an input. A job takes them only where its `features` name them, or where there is nothing else to take, and
    then the numbers before the texts."""
    shapes: dict[str, list[int]]
    """Of arrays of more than two dimensions: what one row of `a` was before it became the columns a0, a1, … in C order,
    for a `reshape` layer."""
    first_line: int | None = None
    """Of CSV and JSON lines: the line of the file in which row 0 stands; row i stands i lines below. Null where rows
    are not one line each."""
    reading: Reading | None = None
    """What the upload said of its cells, and the decimal sign that the file showed; null where it was neither."""


class DatasetSummaryAnswer(Answer):
    id: str
    object: Literal["dataset"] | str
    name: str | None
    format: str
    source: Literal["upload", "inline"] | str
    sha256: str
    """Of the bytes that were sent, and where the upload said how cells are read, of that too; of data that came with a
    job, of the table that they became."""
    bytes: int
    """How many were sent; of data that came with a job, the size of their table."""
    created_at: datetime
    rows: int
    column_count: int


class TensorAnswer(Answer):
    dtype: Literal["F16", "F32", "F64", "I32", "I64", "U8"] | str
    """A float's, but for the batches that a `batch_normalisation` has counted."""
    shape: list[int]


class SentWeightsAnswer(Answer):
    id: str
    object: Literal["weights"] | str
    sha256: str
    """Of the bytes that were sent."""
    bytes: int
    created_at: datetime
    tensors: dict[str, TensorAnswer]


class SentWeightsSummaryAnswer(Answer):
    id: str
    object: Literal["weights"] | str
    sha256: str
    """Of the bytes that were sent."""
    bytes: int
    created_at: datetime


class EpochAnswer(Answer):
    epoch: int
    loss: float | None
    validation_loss: float | None
    metrics: dict[str, float | None]
    learning_rate: float
    gradient_norm: float | None
    seconds: float
    rows_per_second: float


class EventAnswer(Answer):
    object: Literal["event"] | str
    seq: int
    """From 1, without gaps, of the job."""
    at: datetime
    type: str
    epoch: int
    """The last one that the job had recorded then."""
    data: dict[str, Any]


class FeedEventAnswer(Answer):
    object: Literal["event"] | str
    seq: int
    """From 1, without gaps, of the job."""
    at: datetime
    type: str
    epoch: int
    """The last one that the job had recorded then."""
    data: dict[str, Any]
    number: int
    """Its place in the order of all events; those of deleted jobs are missing."""
    job: str
    name: str | None
    """Of the job."""


class WebhookAnswer(Answer):
    id: str
    object: Literal["webhook"] | str
    url: str
    events: list[str]
    enabled: bool
    created_at: datetime
    paused_until: datetime | None
    """After an attempt that failed nothing is sent for a while."""
    failing_since: datetime | None
    """The first of the attempts that failed since which none has succeeded."""
    disabled_at: datetime | None
    """By the service itself, for the reason below. Enabling it ends both."""
    disabled_reason: Literal["failing", "gone"] | str | None
    """Why the service disabled it: it has failed for days, or the receiver answered 410 Gone."""


class NewWebhookAnswer(Answer):
    id: str
    object: Literal["webhook"] | str
    url: str
    events: list[str]
    enabled: bool
    created_at: datetime
    paused_until: datetime | None
    """After an attempt that failed nothing is sent for a while."""
    failing_since: datetime | None
    """The first of the attempts that failed since which none has succeeded."""
    disabled_at: datetime | None
    """By the service itself, for the reason below. Enabling it ends both."""
    disabled_reason: Literal["failing", "gone"] | str | None
    """Why the service disabled it: it has failed for days, or the receiver answered 410 Gone."""
    secret: str
    """For the receiver to verify signatures with. It is never shown again, but to a repetition."""


class DeliveryAnswer(Answer):
    id: str
    """The `webhook-id` of every attempt."""
    object: Literal["delivery"] | str
    webhook: str
    type: str
    status: Literal["pending", "delivered", "failed"] | str
    """Failed ones are not sent again by themselves."""
    attempts: int
    created_at: datetime
    attempted_at: datetime | None
    next_attempt_at: datetime | None
    answer: int | None
    """The status that the receiver answered last."""
    error: str | None
    """Why there was no answer."""
    message: dict[str, Any]


class PreviewAnswer(Answer):
    object: Literal["preview"] | str
    dataset: str
    rows: int
    """Of the whole dataset."""
    data: list[dict[str, Any]]
    """The first rows; null where a value is missing."""


class LayerPlan(Answer):
    """One layer: how many numbers go in and come out, and how many it learns."""

    type: str
    inputs: int
    outputs: int
    shape: list[int]
    """Of the outputs; channels first."""
    activation: str
    parameters: int


class Plan(Answer):
    """What a job will be."""

    inputs: int
    """How many numbers each example has once text columns are one-hot."""
    layers: list[LayerPlan]
    outputs: int
    parameters: int
    """Weights and biases in all."""
    training_rows: int
    validation_rows: int
    batch_size: int
    steps_per_epoch: int
    memory_bytes: int
    """The most that training is estimated to need."""
    flops_per_epoch: int
    snapshot_bytes: int = 0
    """What the weights that are kept as it learns take together."""
    estimated_seconds: float
    """Of an attempt that trains all epochs, once its data are read, on a recent processor that has nothing else to do.
    Reckoned, not measured: there mostly right to a factor of two; older or busy machines take longer, and early
    stopping may end sooner."""


class CheckAnswer(Answer):
    object: Literal["check"] | str
    plan: Plan
    """Widths, parameters, rows, memory and estimated time."""
    chosen: dict[str, Any]
    """What the request left out or called auto: the value that was chosen, by JSON pointers."""
    warnings: list[WarningAnswer]
    queue_position: int
    """How many jobs of yours wait before this one."""


class PredictionAnswer(Answer):
    """Of one row."""

    values: dict[str, int | float | bool | str | None]
    """Each target column's number in its own unit, or its likeliest label. Null where there is no finite one."""
    probabilities: dict[str, float | None] | None = None
    """Of each class, by its label as the key of a JSON object; where each of several targets is a flag, of each column
    to be set. Of numbers there are none."""


class PredictionsAnswer(Answer):
    object: Literal["predictions"] | str
    job: str
    epoch: int
    """The one whose weights predict."""
    targets: list[str]
    """The columns that are predicted."""
    classes: list[str | bool | int | float] | None
    """The labels, where the job has learned classes."""
    rows: int
    reading: Reading | None = None
    """Of a file: how its cells were read."""
    predictions: list[PredictionAnswer]
    """In the order of the rows."""
    warnings: list[WarningAnswer] | None = None
    """Columns with texts that training never saw, which count as missing; of rows in the request also columns that the
    training data never had, which are ignored; of a file numbers that may be others than they were read as."""


class SnapshotAnswer(Answer):
    object: Literal["snapshot"] | str
    job: str
    epoch: int
    """0 is before the first step."""
    bytes: int
    weights: str
    """Where they are."""


class TracedInput(Answer):
    name: str
    """The column; of a text `column = text`, of an indicator `column is missing`."""
    value: int | float | bool | str | None
    """As in the data; null where it is missing."""
    input: float
    """The number that goes into the network."""


class TracedParameters(Answer):
    """As in the layer; null where it has none."""

    weights: list[list[float | None]] | None
    bias: list[float | None] | None


class TracedLayer(Answer):
    """`weights[to][from]`; an activation that is a layer of its own has none. Layers that change nothing are left out."""

    type: str
    activation: str
    weights: list[list[float | None]] | None
    bias: list[float | None] | None
    weighted_sums: list[float | None]
    """z = W x + b of each node."""
    activations: list[float | None]
    """f(z), which goes into the next layer."""
    errors: list[float | None]
    """dL/dz: each node's share of the error."""
    gradients: TracedParameters
    """dL/dw of each weight, dL/db of each bias."""
    steps: TracedParameters
    """−learning_rate · gradient: plain gradient descent for this row alone."""


class TracedOutput(Answer):
    name: str
    """The class, or the target column."""
    output: float | None
    target: float
    """What the output should be, in the network's own terms: scaled; of a class 1 or 0."""


class TraceAnswer(Answer):
    object: Literal["trace"] | str
    job: str
    epoch: int
    """The one whose weights are shown; 0 is before the first step."""
    epochs: list[int]
    """All that there are weights of by now."""
    row: int
    """Of the job's dataset, from 0."""
    rows: int
    is_validation: bool
    """The row is only measured; nothing is learned from it."""
    weight: float
    """How much the row counts by its weight and its class; 1 on average."""
    learning_rate: float
    """That of the epoch's last step, of epoch 0 that of the first epoch's, as far as it is recorded; else the
    optimizer's."""
    inputs: list[TracedInput]
    layers: list[TracedLayer]
    outputs: list[TracedOutput]
    target: int | float | bool | str | dict[str, int | float | bool | str]
    """As in the data; of several target columns by their names."""
    prediction: PredictionAnswer
    """As `POST …/predict` gives it."""
    loss: float | None
    """Of this row alone as the training counts it: times its weight, with label smoothing; without dropout and without
    the penalties l1 and l2 and weight decay, which belong to no row."""
