"""The wish that running jobs be handed back, shared by a worker's processes.

The parent sets one byte of memory that its children inherit. A child that is sent SIGTERM itself, as systemd does to every
process of a service, hands its job back first and ends then.
"""

import mmap
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

_everyone = mmap.mmap(-1, 1)
_myself = False


def ask_all() -> None:
    _everyone[0] = 1


def asked() -> bool:
    return _myself or _everyone[0] == 1


@contextmanager
def after_this() -> Iterator[None]:
    """Inside, SIGTERM only asks; it takes its usual effect afterwards."""
    global _myself

    def ask(_signum: int, _frame: FrameType | None) -> None:
        global _myself
        _myself = True

    usual = signal.signal(signal.SIGTERM, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, usual)
        if _myself:
            _myself = False
            if _everyone[0] == 0:
                os.kill(os.getpid(), signal.SIGTERM)
