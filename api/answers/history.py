"""What became of a job, epoch by epoch and event by event."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from api.answers.base import JSON, Answer, List, rfc3339
from core.store import EpochRow, Event, FeedEvent


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


def feed_answer(event: FeedEvent) -> JSON:
    return {**event_answer(event), "number": event.number, "job": event.job_id, "name": event.name}


class EpochAnswer(Answer):
    epoch: int
    loss: float | None
    validation_loss: float | None
    metrics: dict[str, float | None]
    learning_rate: float
    gradient_norm: float | None
    seconds: float
    rows_per_second: float


class EpochList(List):
    data: list[EpochAnswer]


class EventAnswer(Answer):
    object: Literal["event"]
    seq: int = Field(description="From 1, without gaps, of the job.")
    at: datetime
    type: str
    epoch: int = Field(description="The last one that the job had recorded then.")
    data: JSON


class EventList(List):
    data: list[EventAnswer]


class FeedEventAnswer(EventAnswer):
    number: int = Field(description="Its place in the order of all events; those of deleted jobs are missing.")
    job: str
    name: str | None = Field(description="Of the job.")


class FeedEventList(List):
    data: list[FeedEventAnswer]
