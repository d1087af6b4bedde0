"""Ids that tell their kind and sort by their age: a prefix, an underscore, a UUIDv7 (RFC 9562) in hexadecimal.

`job_0199f1c2a6b87d3e9c4412ab34cd56ef`: 48 bits of Unix milliseconds, 12 bits of the fraction of that millisecond, 62 random
bits.
"""

import math
import os
import re
import threading
import time

_ID = re.compile(r"([a-z]+)_[0-9a-f]{12}7[0-9a-f]{3}[89ab][0-9a-f]{15}")


_LAST_MS = (1 << 48) - 1  # in the year 10889


def new_id(prefix: str, at: float | None = None) -> str:
    """An id that no other process makes and that sorts after all that this process made before; or, of the time `at` in seconds
    since 1970, among those of that time."""
    tick = _clock.tick() if at is None else int(at * 1000 * (1 << 12))
    milliseconds, fraction = divmod(tick, 1 << 12)
    tail = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
    return f"{prefix}_{milliseconds << 80 | 7 << 76 | fraction << 64 | 2 << 62 | tail:032x}"


def earliest_id(prefix: str, at: float) -> str:
    """A text that sorts before all ids of this time, in seconds since 1970, and of later ones, and behind all earlier ones."""
    return f"{prefix}_{min(max(math.floor(at * 1000), 0), _LAST_MS) << 80:032x}"


def time_of(id: str) -> float:
    """When it was made, in seconds since 1970, to the millisecond."""
    return int(id.rpartition("_")[2][:12], 16) / 1000


def is_id(prefix: str, text: str) -> bool:
    """Whether `text` could be an id of that kind; it says nothing about whether the thing exists."""
    match = _ID.fullmatch(text)
    return match is not None and match[1] == prefix


class _Clock:
    """Counts 2⁻¹² milliseconds since 1970 and never gives one number twice."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def tick(self) -> int:
        with self._lock:
            self._last = max((time.time_ns() << 12) // 1_000_000, self._last + 1)
            return self._last

    def renew(self) -> None:
        """A fork may have copied the lock while another thread held it."""
        self._lock = threading.Lock()


_clock = _Clock()
os.register_at_fork(after_in_child=_clock.renew)
