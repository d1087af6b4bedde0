"""What is tried again, and after how long: everything that another time may be answered otherwise.

That is safe: what makes something comes with an idempotency key, by which the service does it once, however often it is sent,
and most orders to what is there may come twice. Where an answer got lost, though, a webhook may be tested, a message delivered
or a secret rotated once more.
"""

import random
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from math import ceil

AGAIN = frozenset({408, 425, 429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Retries:
    """At most `times` more tries, `first_s` after the first failure, then twice as long each time up to `longest_s`, each a
    little shorter by chance, so that clients do not come all at once. `Retry-After` is obeyed where it is longer; what it asks
    for beyond `patience_s` is not waited for. A service that has never answered is given up after `knocking_s`: it is probably
    not there."""

    times: int = 5
    first_s: float = 0.5
    longest_s: float = 10.0
    patience_s: float = 60.0
    knocking_s: float = 1.0

    def pause_s(self, tries: int, told_s: float | None = None) -> float | None:
        """The seconds before the next try, after so many; None where there shall be none."""
        if tries > self.times or (told_s or 0.0) > self.patience_s:
            return None
        backoff_s = min(self.longest_s, self.first_s * 2.0 ** min(tries - 1, 60))
        return max(told_s or 0.0, backoff_s * random.uniform(0.5, 1.0))  # noqa: S311 - no secret


WAITING_S = 600.0  # a service that is started anew is back within minutes


def while_waiting(left_s: float | None) -> Retries:
    """For a job that is waited for, so many seconds more or without a bound."""
    longest_s = 5.0
    times = ceil(min(left_s if left_s is not None else WAITING_S, WAITING_S) / longest_s)
    return Retries(times=times, longest_s=longest_s)


def told_s(headers: Mapping[str, str]) -> float | None:
    """What `Retry-After` says, in seconds from now (RFC 9110, 10.2.3)."""
    value = headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        return max(0.0, (parsedate_to_datetime(value) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError):
        return None


def new_key() -> str:
    """Of one request, for all its tries."""
    return str(uuid.uuid4())
