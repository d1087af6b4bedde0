"""How far a job is, in a line."""

import sys
from typing import TextIO

from gradmill.answers import JobSummaryAnswer

_ENDED = ("succeeded", "failed", "cancelled")


def line(job: JobSummaryAnswer) -> str:
    progress = job.progress
    of = f" of {progress.epochs:,}" if progress.epochs is not None else ""
    parts = [job.status, f"epoch {progress.epoch:,}{of}"]
    if progress.loss is not None:
        parts.append(f"loss {progress.loss:.4g}")
    if progress.validation_loss is not None:
        parts.append(f"validation loss {progress.validation_loss:.4g}")
    if progress.eta_seconds is not None:
        parts.append(f"{progress.eta_seconds:.0f} s left")
    return "  ".join(parts)


def shown(job: JobSummaryAnswer, into: TextIO | None = None) -> None:
    """On a terminal one line that is written over; elsewhere only what became of the job."""
    stream = into or sys.stderr
    is_ended = job.status in _ENDED
    if stream.isatty():
        stream.write(f"\r\x1b[K{line(job)}" + ("\n" if is_ended else ""))
    elif is_ended:
        stream.write(f"{line(job)}\n")
    stream.flush()
