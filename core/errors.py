"""Every error that Gradmill raises on purpose.

CoreError
├── UserError            the request or its data is at fault; fault = "user"
│   ├── InvalidSpec      a spec that cannot be trained: every problem at once
│   ├── InvalidData      bytes that cannot be read as a dataset, or rows that cannot be trained on
│   ├── NotFound         no such job, dataset or weights, or another tenant's
│   ├── Conflict         the state of the thing forbids it
│   ├── IdempotencyMismatch  the key was used before, with another request
│   ├── TooLarge         more bytes, rows or columns than the service takes
│   ├── Unexportable     a network that the wanted form cannot hold
│   ├── QuotaExceeded    more than the tenant may have
│   │   └── TooManyJobs  as many of its jobs wait as may
│   └── Diverged         the loss became NaN or infinite
├── Unavailable          the database does not answer; the same call may succeed later
│   ├── StorageFull      its disk has no room left
│   └── TookTooLong      a query took longer than it may
├── UnfitDatabase        the database is none that this version can use, now or later
├── UnfitCheckpoint      nothing that this training could go on from: another version took it
├── CapacityError        within the rules, but more than this machine gives: memory, time; fault = "capacity"
└── LostLease            another worker owns the job now: stop, write nothing more

Raised where the fact is known, caught once at each boundary: the API makes a problem answer of it, the worker a failed job.
A message names the thing, the value and what is allowed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong, and where: `pointer` is a JSON pointer (RFC 6901) into the request."""

    pointer: str
    message: str


def escaped(part: str | int) -> str:
    """One step of a JSON pointer, cut where it is long."""
    return str(part)[:200].replace("~", "~0").replace("/", "~1")


class CoreError(Exception):
    """The root. `code` is stable and meant for programs, `fault` says whose it is, the message is meant for people."""

    code: ClassVar[str] = "internal"
    fault: ClassVar[str] = "system"

    def __init__(self, message: str, problems: Sequence[Problem] = ()) -> None:
        super().__init__(message)
        self.message = message
        self.problems = tuple(problems)


class UserError(CoreError):
    code = "invalid"
    fault = "user"


class InvalidSpec(UserError):
    """Carries every problem of the spec; the message sums them up."""

    code = "invalid_spec"

    def __init__(self, problems: Sequence[Problem]) -> None:
        count = len(problems)
        super().__init__(problems[0].message if count == 1 else f"{count} problems; the first: {problems[0].message}", problems)


class InvalidData(UserError):
    code = "invalid_data"


class NotFound(UserError):
    code = "not_found"


class Conflict(UserError):
    code = "conflict"


class IdempotencyMismatch(UserError):
    code = "idempotency_mismatch"


class TooLarge(UserError):
    code = "too_large"


class Unexportable(UserError):
    """The message names the layer and why; pointers lead into the job."""

    code = "unexportable"


class QuotaExceeded(UserError):
    """The message names the quota, its value and what is used."""

    code = "quota_exceeded"
    fault = "capacity"


class TooManyJobs(QuotaExceeded):
    """Waiting helps."""

    code = "too_many_jobs"


class Diverged(UserError):
    """`epoch` counts from 1: the epoch in which the loss stopped being a finite number."""

    code = "diverged"

    def __init__(self, message: str, epoch: int) -> None:
        super().__init__(message)
        self.epoch = epoch


class UnfitDatabase(CoreError):
    """The message names the database, what is wrong with it and what to do."""


class UnfitCheckpoint(CoreError):
    """The message says what the checkpoint holds and what it should."""


class Unavailable(CoreError):
    """Transient: nothing is known about a write that ended so, except that repeating it does no harm."""

    code = "unavailable"


class StorageFull(Unavailable):
    code = "storage_full"


class TookTooLong(Unavailable):
    pass


class CapacityError(CoreError):
    code = "capacity"
    fault = "capacity"


class DeadlinePassed(CapacityError):
    code = "deadline"


class LostLease(CoreError):
    code = "lost_lease"
