"""What streams of events tell."""

import json
from typing import Any, Literal

from gradmill.answering import model_of
from gradmill.answers import EpochAnswer, EventAnswer, FeedEventAnswer
from gradmill.errors import UnexpectedAnswer
from gradmill.eventstream import Message

PATIENCE_S = 600.0  # a service that is started anew is back within minutes


class JobEvent(EventAnswer):
    """What happened to a job. With its `id` as `after` a stream goes on behind it."""

    id: str


class EpochEvent(EpochAnswer):
    """An epoch that was trained. With its `id` as `after` a stream goes on behind it."""

    id: str
    type: Literal["epoch"] = "epoch"


class FeedEvent(FeedEventAnswer):
    """What happened to one of the jobs. With its `id` as `after` a stream goes on behind it."""

    id: str


def job_event(message: Message) -> JobEvent | EpochEvent:
    kind: type[JobEvent | EpochEvent] = EpochEvent if message.type == "epoch" else JobEvent
    return model_of(kind, _content(message))


def feed_event(message: Message) -> FeedEvent:
    return model_of(FeedEvent, _content(message))


def _content(message: Message) -> dict[str, Any]:
    try:
        content = json.loads(message.data)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise UnexpectedAnswer(f"an event {message.type!r:.60} of the stream holds no object in JSON")
    return {**content, "id": message.id}
