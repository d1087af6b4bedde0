"""What the service doubts: before a job learns that its data were meant so, afterwards that anything was learned."""

import os
import sys
import warnings
from collections.abc import Iterable, Sequence

from gradmill.answers import JobAnswer, JobSummaryAnswer

_PACKAGE = os.path.join(os.path.dirname(__file__), "")


class GradmillWarning(UserWarning):
    """Of `gradmill.train` and the estimators: the data may not be read as they were meant, or the network may not be what it
    looks like."""


def doubts(job: JobSummaryAnswer) -> Sequence[str]:
    """Of a job that succeeded."""
    return (job.result.warnings if job.result else None) or ()


def strangeness(job: JobAnswer) -> Sequence[str]:
    """What a job's data and network may not mean, and not that its training leaves validation out, as many calls do."""
    return [warning.message for warning in job.warnings if not warning.pointer.startswith("/training/validation")]


def warn(job: JobSummaryAnswer, doubts: Iterable[str]) -> None:
    """At the line that called this package."""
    for doubt in doubts:
        warnings.warn(f"job {job.id}: {doubt}", GradmillWarning, stacklevel=_callers_level())


def _callers_level() -> int:
    """As `stacklevel` for who calls this: that of the first frame outside of the package."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
