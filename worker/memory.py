"""How much memory a training may take: what its plan says and a margin. Whoever takes more is refused it by the system, so that
a job that was reckoned wrongly fails by itself rather than with its neighbours.

Counted is what a process has of its own and may write to (RLIMIT_DATA): parameters, arenas, data that are mapped to be changed,
stacks of threads; not modules, or tables that are only read.
"""

import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from core.settings import Settings
from core.store import Job

MOST_OF_PLAN = 1.25  # an estimate may be wrong by so much
THREAD_BYTES = 64 * 2**20  # a stack, and what a BLAS keeps for each

_STATUS = Path("/proc/self/status")
_FIRST_TO_GO = Path("/proc/self/oom_score_adj")
_UNTIL_KILLED = "500"  # of 1,000: before any part of the service that does not train


def allowed_bytes(job: Job, settings: Settings) -> int:
    """What the job may take beside what the worker has before it begins."""
    planned: int = job.plan.get("memory_bytes", settings.max_training_bytes)
    threads: int = job.spec["training"].get("threads", 1)
    return int(MOST_OF_PLAN * planned) + threads * THREAD_BYTES + settings.job_margin_bytes


@contextmanager
def limited(most: int) -> Iterator[None]:
    """Inside, this process gets so many bytes beside those that it has, then MemoryError; it is held to them on Linux alone."""
    has = _own_bytes()
    if has is None:
        yield
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_DATA)
    limits = [limit for limit in (soft, hard) if limit != resource.RLIM_INFINITY]
    resource.setrlimit(resource.RLIMIT_DATA, (min([has + most, *limits]), hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_DATA, (soft, hard))


def go_first() -> None:
    """Where the machine itself runs out of memory, the kernel ends a process that trains, and not the rest of the service."""
    with suppress(OSError):
        _FIRST_TO_GO.write_text(_UNTIL_KILLED)


def _own_bytes() -> int | None:
    try:
        found = re.search(r"^VmData:\s+(\d+) kB", _STATUS.read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) * 1024 if found else None
