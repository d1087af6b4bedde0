"""`python -m service.health api|worker|sweeper`: the health check of a container, in which that part is process 1."""

import http.client
import sys
from collections.abc import Callable
from pathlib import Path

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


def has_threads() -> bool:
    """The sweeper's two loops run beside its main thread."""
    return len(list(_PROCESS.iterdir())) >= 3


CHECKS: dict[str, Callable[[], bool]] = {"api": answers_ready, "worker": has_children, "sweeper": has_threads}

if __name__ == "__main__":
    sys.exit(not CHECKS[sys.argv[1]]())
