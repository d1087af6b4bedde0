"""One service per data directory.

The lock is the open file, not its presence: it is released when the last process that holds it is gone, however it ends. Beside
the supervisor that is the guard, so a new service waits until every child of a killed one has been ended.
"""

import fcntl
import json
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

_PATIENCE_S = 5.0  # for the guard of a killed service to end its children


class AlreadyRunning(Exception):
    """Another service owns the data directory; the message says which and where."""


class Lock:
    """`fd` is open and locked until the process ends; `announce` tells the others who holds it."""

    def __init__(self, data_dir: Path) -> None:
        self.path = data_dir / "service.lock"
        self.fd = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        patience = time.monotonic() + _PATIENCE_S
        while not self._acquire():
            owner = self._owner()
            if _is_alive(owner.get("pid", 0)) or time.monotonic() > patience:
                os.close(self.fd)
                raise AlreadyRunning(_describe(data_dir, owner))
            time.sleep(0.05)
        self.announce()

    def announce(self, url: str | None = None) -> None:
        """Writes who holds the lock and where it answers."""
        os.ftruncate(self.fd, 0)
        os.pwrite(self.fd, json.dumps({"pid": os.getpid(), "url": url}).encode(), 0)

    def _acquire(self) -> bool:
        try:
            fcntl.flock(self.fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def _owner(self) -> dict[str, Any]:
        with suppress(ValueError):
            owner = json.loads(os.pread(self.fd, 4096, 0))
            if isinstance(owner, dict):
                return owner
        return {}


def _is_alive(pid: int) -> bool:
    if pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def _describe(data_dir: Path, owner: dict[str, Any]) -> str:
    where = f" at {owner['url']}" if owner.get("url") else ""
    return (
        f"a service already runs on {data_dir} (process {owner.get('pid', 'unknown')}{where}); "
        "stop it, or give this one a folder of its own with --data-dir"
    )
