"""`python -m service.health api|worker|sweeper`: the health check of a container, in which that part is process 1.

It imports next to nothing, since it runs every few seconds.
"""

import http.client
import sys
import time
from collections.abc import Callable
from pathlib import Path

PULSE_FILE = Path("/tmp/pulse")  # noqa: S108 - in a container of its own; docker-compose.yml sets it for the others
PULSE_S = 20.0
_PROCESS = Path("/proc/1/task")


def answers_ready() -> bool:
    """The API reaches its database, which is migrated, and the broker."""
    connection = http.client.HTTPConnection("127.0.0.1", 8000, timeout=4)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def has_children() -> bool:
    """The worker has loaded the kernels and forked the processes that train."""
    return bool((_PROCESS / "1" / "children").read_text().split())


def has_pulse(file: Path = PULSE_FILE) -> bool:
    """The database was reached a moment ago. By the wall clock, which the file's time goes by."""
    try:
        return time.time() - file.stat().st_mtime < PULSE_S
    except FileNotFoundError:
        return False


CHECKS: dict[str, Callable[[], bool]] = {
    "api": answers_ready,
    "worker": lambda: has_children() and has_pulse(),
    "sweeper": has_pulse,
}

if __name__ == "__main__":
    sys.exit(not CHECKS[sys.argv[1]]())
