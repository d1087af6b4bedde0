"""Attempts at jobs that the kernel ended because the machine was out of memory.

Such a process can tell nobody. But while it trains, a note lies on the disk: how many processes the kernel has ended so far.
Whoever tries the job next on this machine finds the note, and may find that the kernel has ended more.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.errors import CapacityError
from core.store import Job

MOST_DEATHS = 2  # the kernel may take a neighbour of the one who takes too much: once may be bad luck
FORGOTTEN_AFTER_S = 86_400.0

# Of this container where it is one, else of the machine.
_COUNTERS = (Path("/sys/fs/cgroup/memory.events"), Path("/proc/vmstat"))


def kernel_kills() -> int | None:
    """How many processes the kernel has ended for want of memory; None where it does not tell."""
    for counter in _COUNTERS:
        with suppress(OSError):
            if found := re.search(r"^oom_kill (\d+)$", counter.read_text(), re.MULTILINE):
                return int(found[1])
    return None


class Attempts:
    def __init__(self, directory: Path, kills: Callable[[], int | None] = kernel_kills) -> None:
        self._directory = directory
        self._kills = kills

    @contextmanager
    def noted(self, job: Job) -> Iterator[int]:
        """How many attempts in a row, without progress between them, ended on this machine while it was out of memory. Inside
        lies the note of this one."""
        kills = self._kills()
        if kills is None:
            yield 0
            return
        note = self._directory / job.id
        deaths = min(self._deaths(note, kills), job.stuck)
        with suppress(OSError):  # a full disk: it goes without
            self._directory.mkdir(parents=True, exist_ok=True)
            self._forget()
            note.write_text(f"{deaths} {kills}")
        try:
            yield deaths
        finally:
            note.unlink(missing_ok=True)

    def _deaths(self, note: Path, kills: int) -> int:
        try:
            deaths, before = map(int, note.read_text().split())
        except (OSError, ValueError):  # there is none, or only the beginning of one
            return 0
        return deaths + 1 if kills > before else 0

    def _forget(self) -> None:
        """Notes of jobs that went on elsewhere."""
        for note in self._directory.iterdir():
            with suppress(OSError):
                if time.time() - note.stat().st_mtime > FORGOTTEN_AFTER_S:
                    note.unlink()


def ended_by_the_kernel(deaths: int) -> CapacityError:
    return CapacityError(
        f"the machine ran out of memory in each of the last {deaths} attempts at this job, and the kernel ended them; take a "
        "smaller batch_size, network or dataset"
    )
