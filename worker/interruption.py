"""Before a job trains its data are fetched and made into arrays. That may take long, and meanwhile it may be wanted no more."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from numpy.typing import NDArray

from worker.allowance import Allowance
from worker.heartbeat import Lease

T = TypeVar("T")
Check = Callable[[], None]  # called again and again; it raises what is to end the work


class Interrupted(Exception):
    """The job is to be given back, or to be ended, before it trains."""


def never() -> None:
    """Nothing interrupts this work."""


def check(lease: Lease, allowance: Allowance, stopping: Callable[[], bool]) -> Check:
    """Raises Interrupted, or what tells that the time is over.

    A job with epochs behind it is prepared although it is cancelled or out of time: what it has learned is stored at its end,
    and stands in a checkpoint that only a training can read.
    """
    has_learned = lease.claim.job.epoch > 0

    def look() -> None:
        if lease.lost:
            raise Interrupted
        if lease.cancelled and has_learned:
            return
        if lease.ended or stopping():
            raise Interrupted
        if allowance.is_over and not has_learned:
            raise allowance.exceeded()

    return look


def checked(pieces: Iterable[T], check: Check) -> Iterator[T]:
    """The same pieces; before each, `check` is called."""
    for piece in pieces:
        check()
        yield piece


class Checked(Mapping[str, NDArray[Any]]):
    """The columns of a table; each time that one is asked for, `check` is called."""

    def __init__(self, columns: Mapping[str, NDArray[Any]], check: Check) -> None:
        self._columns = columns
        self._check = check

    def __getitem__(self, name: str) -> NDArray[Any]:
        self._check()
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)
