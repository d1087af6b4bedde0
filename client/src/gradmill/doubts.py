"""What the service doubts of a job that succeeded: that anything was learned."""

import os
import sys
import warnings
from collections.abc import Sequence

from gradmill.answers import JobSummaryAnswer

_PACKAGE = os.path.join(os.path.dirname(__file__), "")


class GradmillWarning(UserWarning):
    """Of `gradmill.train` and the estimators: the network may not be what it looks like."""


def doubts(job: JobSummaryAnswer) -> Sequence[str]:
    return (job.result.warnings if job.result else None) or ()


def warn_of(job: JobSummaryAnswer) -> None:
    """At the line that called this package."""
    for doubt in doubts(job):
        warnings.warn(f"job {job.id}: {doubt}", GradmillWarning, stacklevel=_callers_level())


def _callers_level() -> int:
    """As `stacklevel` for who calls this: that of the first frame outside of the package."""
    frame, level = sys._getframe(1), 1
    while frame.f_back is not None and frame.f_code.co_filename.startswith(_PACKAGE):
        frame, level = frame.f_back, level + 1
    return level
