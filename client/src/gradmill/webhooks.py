"""What a webhook receives, for the receiver: `verify` by the Standard Webhooks specification 1.0.

https://github.com/standard-webhooks/standard-webhooks
"""

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol

from gradmill.answering import model_of
from gradmill.answers import Answer
from gradmill.errors import BadInput, NotVerified, UnexpectedAnswer

PREFIX = "whsec_"
TOLERANCE_S = 300.0  # between the clocks of sender and receiver


class Headers(Protocol):
    """Those of a request, as any library has them; how their names are capitalised does not matter."""

    def items(self) -> Iterable[tuple[str, str]]: ...


class Message(Answer):
    """`data` of a type `job.…` names the job and the event. A message may come more than once, under the same `id`."""

    id: str
    type: str
    timestamp: datetime
    """When it happened."""
    data: dict[str, Any]


def verify(
    payload: bytes | str, headers: Headers, secret: str, *, tolerance_s: float = TOLERANCE_S, now: float | None = None
) -> Message:
    """The message, where it was signed with the secret, within `tolerance_s` of `now`, seconds since 1970; NotVerified else,
    and where it is none of Gradmill's. BadInput where the secret is none.

    `payload` is the body as it came, byte for byte.
    """
    key = _key(secret)
    body = _bytes(payload) if isinstance(payload, str) else payload
    given = {name.lower(): value for name, value in headers.items()}
    id, timestamp, signatures = (_header(given, f"webhook-{name}") for name in ("id", "timestamp", "signature"))
    if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 16):
        raise NotVerified(f"webhook-timestamp is {timestamp!r:.60}; it must be seconds since 1970")
    age_s = (time.time() if now is None else now) - int(timestamp)
    if abs(age_s) > tolerance_s:
        raise NotVerified(f"the message was sent {age_s:.0f} s ago; at most {tolerance_s:g} s, before or after, are allowed")
    expected = hmac.new(key, b"%b.%b.%b" % (_bytes(id), timestamp.encode(), body), hashlib.sha256).digest()
    # After a rotation there are several, of one secret each.
    if not any(hmac.compare_digest(expected, found) for found in map(_signature, signatures.split(" "))):
        raise NotVerified("no signature of the message was made with this secret")
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        content = None
    if not isinstance(content, dict):
        raise NotVerified("the message is no object in JSON")
    try:
        return model_of(Message, {**content, "id": id})
    except UnexpectedAnswer as error:
        raise NotVerified(f"the message is signed, and none of Gradmill's: {error}") from error


def _bytes(text: str) -> bytes:
    """Of any text; one that no bytes can have come as has no signature."""
    return text.encode(errors="surrogatepass")


def _key(secret: str) -> bytes:
    text = secret.removeprefix(PREFIX)
    try:
        key = base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not key:
        raise BadInput(f"the secret of a webhook is {PREFIX} and base64")
    return key


def _header(given: dict[str, str], name: str) -> str:
    if not given.get(name):
        raise NotVerified(f"the message has no {name}")
    return given[name]


def _signature(text: str) -> bytes:
    """Of version 1, else empty, which no signature is."""
    version, _, encoded = text.partition(",")
    try:
        return base64.b64decode(encoded, validate=True) if version == "v1" else b""
    except (binascii.Error, ValueError):
        return b""
