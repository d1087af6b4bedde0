"""Work that a thread does again and again, whatever the database does."""

import logging
from collections.abc import Callable
from threading import Event

log = logging.getLogger(__name__)


def repeat(what: str, work: Callable[[], float], retry_s: float, stop: Event) -> None:
    """Until `stop` is set. `work` returns how many seconds to wait after it; after work that failed they are `retry_s`."""
    is_failing = False
    while not stop.is_set():
        try:
            pause_s = work()
            is_failing = False
        except Exception as error:  # a thread that dies of one bad moment would leave its work to nobody
            if not is_failing:
                log.warning("cannot %s, trying again every %s s: %s", what, retry_s, error)
            pause_s, is_failing = retry_s, True
        stop.wait(pause_s)
