"""Webhooks by the Standard Webhooks specification 1.0: secrets, signatures, what is sent and when it is sent again.

https://github.com/standard-webhooks/standard-webhooks
"""

import base64
import binascii
import hashlib
import hmac
import secrets
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal, Protocol, get_args

import orjson

# What a webhook may be told: that a job came into this state, or something else that is worth knowing.
EventType = Literal[
    "job.submitted",
    "job.claimed",
    "job.epochs_fixed",
    "job.fingerprint_changed",
    "job.begun_anew",
    "job.released",
    "job.reaped",
    "job.pause_requested",
    "job.paused",
    "job.resumed",
    "job.cancel_requested",
    "job.succeeded",
    "job.failed",
    "job.cancelled",
]
EVENTS: tuple[EventType, ...] = get_args(EventType)
TEST = "webhook.test"
PREFIX = "whsec_"
SECRET_BYTES = 32
GONE = 410  # by which a receiver says that it wants nothing any more
OLD_SECRET_S = 86_400.0  # after a rotation the old secret signs too
# Seconds after each attempt that failed: at once, then ever more rarely, for three days in all.
SCHEDULE_S = (5.0, 30.0, 120.0, 600.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0, 43_200.0, 86_400.0, 86_400.0)


def new_secret() -> str:
    """256 random bits, as `whsec_` and base64."""
    return PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signature(secret: str, id: str, timestamp: int, body: bytes) -> str:
    """`v1,` and the base64 of HMAC-SHA256 over id, timestamp and body, joined by full stops. ValueError for no secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        raise ValueError("the secret is no base64") from None
    digest = hmac.new(key, b"%b.%d.%b" % (id.encode(), timestamp, body), hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}"


def headers(valid_secrets: Sequence[str], id: str, timestamp: int, body: bytes) -> Mapping[str, str]:
    """Signed with each secret that is good now; a receiver takes any of them."""
    return {
        "content-type": "application/json",
        "user-agent": "gradmill-webhooks",
        "webhook-id": id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signature(secret, id, timestamp, body) for secret in valid_secrets),
    }


def payload(type: str, timestamp: str, data: Mapping[str, Any]) -> bytes:
    """`timestamp` is when it happened, not when it is sent."""
    return orjson.dumps({"type": type, "timestamp": timestamp, "data": data})


def message(event: "Happened") -> tuple[str, str]:
    """The type and the body of the message that tells of an event."""
    at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
    type = f"job.{event.type}"
    data = {
        "job": event.job_id,
        "name": event.name,
        "number": event.number,
        "seq": event.seq,
        "epoch": event.epoch,
        "data": event.data,
    }
    return type, payload(type, at, data).decode()


class Happened(Protocol):
    """An event as it is told."""

    @property
    def at(self) -> float: ...
    @property
    def type(self) -> str: ...
    @property
    def job_id(self) -> str: ...
    @property
    def name(self) -> str | None: ...
    @property
    def number(self) -> int: ...
    @property
    def seq(self) -> int: ...
    @property
    def epoch(self) -> int: ...
    @property
    def data(self) -> Mapping[str, Any]: ...


def pause_s(attempts: int, schedule_s: Sequence[float] = SCHEDULE_S) -> float | None:
    """How long to wait after so many attempts have failed; None where that was the last."""
    return schedule_s[attempts - 1] if attempts <= len(schedule_s) else None
