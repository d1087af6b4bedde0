"""Waiting for what other processes do, and no longer than a test may."""

import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_S = 60.0
PAUSE_S = 0.01

T = TypeVar("T")


def until(look: Callable[[], T], patience_s: float = PATIENCE_S, told: Callable[[], str] = str) -> T:
    """The first true answer of `look`; TimeoutError with what is `told` where there is none."""
    give_up_at = time.monotonic() + patience_s
    while not (answer := look()):
        if time.monotonic() > give_up_at:
            raise TimeoutError(f"not so within {patience_s} s\n{told()}")
        time.sleep(PAUSE_S)
    return answer
