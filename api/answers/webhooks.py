"""Webhooks, and the messages that are sent to them."""

from datetime import datetime
from typing import Literal

import orjson
from pydantic import Field

from api.answers.base import JSON, Answer, List, rfc3339
from core.store import Delivery, Webhook


def webhook_answer(webhook: Webhook) -> JSON:
    return {
        "id": webhook.id,
        "object": "webhook",
        "url": webhook.url,
        "events": webhook.events,
        "enabled": webhook.is_enabled,
        "created_at": rfc3339(webhook.created_at),
        "paused_until": rfc3339(webhook.paused_until),
        "failing_since": rfc3339(webhook.failing_since),
        "disabled_at": rfc3339(webhook.disabled_at),
        "disabled_reason": webhook.disabled_reason,
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


class WebhookAnswer(Answer):
    id: str
    object: Literal["webhook"]
    url: str
    events: list[str]
    enabled: bool
    created_at: datetime
    paused_until: datetime | None = Field(description="After an attempt that failed nothing is sent for a while.")
    failing_since: datetime | None = Field(description="The first of the attempts that failed since which none has succeeded.")
    disabled_at: datetime | None = Field(description="By the service itself, for the reason below. Enabling it ends both.")
    disabled_reason: Literal["failing", "gone"] | None = Field(
        description="Why the service disabled it: it has failed for days, or the receiver answered 410 Gone."
    )


class NewWebhookAnswer(WebhookAnswer):
    secret: str = Field(description="For the receiver to verify signatures with. It is never shown again, but to a repetition.")


class WebhookList(List):
    data: list[WebhookAnswer]


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


class DeliveryList(List):
    data: list[DeliveryAnswer]
