"""How far a job is and what it has reached, in words: first its best epoch, whose weights are delivered, then the last one."""

import os
import shutil
import sys
from time import monotonic
from typing import TextIO, TypeAlias

from gradmill.answers import BestAnswer, EpochAnswer, JobSummaryAnswer, ProgressAnswer
from gradmill.doubts import doubts
from gradmill.states import ENDED

Reached: TypeAlias = BestAnswer | ProgressAnswer | EpochAnswer

EVERY_S = 10.0  # a line of a job that gets on, where there is no terminal
_STOPPED = {"early": "no better", "budget": "its time was up", "converged": "no lower loss was found"}
_ROWS = {"validation": "validation rows", "training": "the training rows"}


def line(job: JobSummaryAnswer) -> str:
    progress = job.progress
    parts = [job.status, f"stopped {why}" if (why := stopped(job)) else _epoch(progress)]
    if (reached := best(job)) is not None:
        parts.append(f"best: {reached}")
    is_best = progress.best is not None and progress.best.epoch == progress.epoch
    if not is_best and (figures := _figures(progress)):
        parts.append(f"last: {figures}")
    if progress.eta_seconds is not None:
        parts.append(f"{progress.eta_seconds:.0f} s left")
    return "  ".join(parts)


def best(job: JobSummaryAnswer) -> str | None:
    """epoch 23, validation loss 0.05, accuracy 0.98 on validation rows"""
    found = job.progress.best
    if found is None:
        return None
    figures = {headline(found): headline_of(found), **found.metrics}
    told = ", ".join(f"{name} {value:.4g}" for name, value in figures.items() if value is not None)
    return f"epoch {found.epoch:,}, {told} on {_ROWS.get(job.measured_on, job.measured_on)}"


def last(job: JobSummaryAnswer) -> str:
    """epoch 43 of 200, loss 0.01, validation loss 0.06, accuracy 0.96"""
    epoch = f"epoch {job.progress.epoch:,}" if stopped(job) else _epoch(job.progress)
    return ", ".join(filter(None, [epoch, _figures(job.progress)]))


def stopped(job: JobSummaryAnswer) -> str | None:
    """early at epoch 79: no better for 20 epochs. None where it has not succeeded, or after all epochs."""
    result = job.result
    if result is None or result.stopped == "epochs":
        return None
    told = f"at epoch {result.epochs:,}: {_STOPPED.get(result.stopped, result.stopped)}"
    if result.stopped != "early":
        return told
    stopping = getattr(job, "training", {}).get("early_stopping") or {}  # which a list does not tell
    patience = stopping.get("patience")
    return f"early {told}" + (f" for {patience:,} epoch{'' if patience == 1 else 's'}" if patience else "")


def headline(reached: Reached) -> str:
    """Which loss is looked at first: that of the validation rows where there are some."""
    return "loss" if reached.validation_loss is None else "validation loss"


def headline_of(reached: Reached) -> float | None:
    return reached.loss if reached.validation_loss is None else reached.validation_loss


def _epoch(progress: ProgressAnswer) -> str:
    return f"epoch {progress.epoch:,}" + (f" of {progress.epochs:,}" if progress.epochs is not None else "")


def _figures(progress: ProgressAnswer) -> str:
    found = {"loss": progress.loss, "validation loss": progress.validation_loss, **progress.metrics}
    return ", ".join(f"{name} {value:.4g}" for name, value in found.items() if value is not None)


def is_terminal(stream: TextIO) -> bool:
    """Whether lines may be written over there."""
    return stream.isatty() and os.environ.get("TERM") != "dumb"


class Telling:
    """Tells a job: on a terminal in one line that is written over, elsewhere in a line when its status changes, and now and
    then while it gets on; at its end what is doubted, where that is told nowhere else."""

    def __init__(
        self, into: TextIO | None = None, every_s: float = EVERY_S, *, tells_end: bool = True, tells_doubts: bool = False
    ) -> None:
        self._into = into or sys.stderr
        self._every_s = every_s
        self._tells_end = tells_end
        self._tells_doubts = tells_doubts
        self._status = ""
        self._epoch = 0
        self._at_s = 0.0

    def __call__(self, job: JobSummaryAnswer) -> None:
        if job.status in ENDED and not self._tells_end:
            return
        if is_terminal(self._into):
            width = shutil.get_terminal_size().columns - 1
            self._into.write(f"\r\x1b[K{line(job)[:width]}" + ("\n" if job.status in ENDED else ""))
        elif job.status != self._status or (job.progress.epoch > self._epoch and monotonic() >= self._at_s + self._every_s):
            self._status, self._epoch, self._at_s = job.status, job.progress.epoch, monotonic()
            self._into.write(f"{job.id}  {line(job)}\n")
        if self._tells_doubts:
            self._into.writelines(f"warning: {doubt}\n" for doubt in doubts(job))
        self._into.flush()
