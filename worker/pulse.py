"""A file that is touched whenever this process has reached the database; health checks look at its age."""

import logging
from threading import Event

from core.errors import CoreError
from core.settings import Settings
from core.store import Store

EVERY_S = 5.0

log = logging.getLogger(__name__)


def beat(options: Settings) -> None:
    """Once; where no file is set, nothing."""
    if options.pulse_file is not None:
        options.pulse_file.touch()


def keep_beating(store: Store, options: Settings, stop: Event, every_s: float = EVERY_S) -> None:
    """For as long as the database answers, until `stop` is set."""
    while not stop.is_set():
        try:
            store.ping()
            beat(options)
        except (CoreError, OSError) as error:
            log.warning("no pulse: %s", error)
        stop.wait(every_s)
