"""A job that is looked at until it has ended."""

import sys

from rich.console import Console, Group
from rich.live import Live
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskProgressColumn, TextColumn
from rich.text import Text

from gradmill.answers import JobSummaryAnswer
from gradmill.progress import Telling, best, headline_of, is_terminal, last
from gradmill.synchronous.job import Job

BARS = "▁▂▃▄▅▆▇█"
WIDTH = 40


def watched(job: Job, timeout_s: float | None = None, *, tells_end: bool = True) -> Job:
    """The job when it has ended. On a terminal its progress is drawn anew, elsewhere told in lines, the last one if it is told
    nowhere else."""
    if not is_terminal(sys.stderr):
        return job.wait(timeout_s=timeout_s, progress=Telling(tells_end=tells_end))
    drawing = _Drawing(job)
    with Live(drawing.drawn(), console=Console(stderr=True), transient=False, refresh_per_second=8) as live:

        def draw(job: Job) -> None:
            drawing.take(job)
            live.update(drawing.drawn())

        return job.wait(timeout_s=timeout_s, progress=draw)


def sparkline(values: list[float], width: int = WIDTH) -> str:
    """The last values, or where there are more a share of them at equal distances, each as high as it is among them."""
    if len(values) > width:
        values = [values[i * (len(values) - 1) // (width - 1)] for i in range(width)]
    low, high = min(values, default=0.0), max(values, default=0.0)
    span = high - low or 1.0
    return "".join(BARS[round((value - low) / span * (len(BARS) - 1))] for value in values)


class _Drawing:
    def __init__(self, job: Job) -> None:
        self._losses = [loss for epoch in job.epochs(points=WIDTH) if (loss := headline_of(epoch)) is not None]
        self._job: JobSummaryAnswer = job
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TaskProgressColumn(),
            TextColumn("{task.fields[eta]}"),
        )
        self._task = self._progress.add_task(job.status, total=job.progress.epochs, eta="")

    def take(self, job: Job) -> None:
        progress, self._job = job.progress, job
        if (loss := headline_of(progress)) is not None:
            self._losses.append(loss)
        eta = f"{progress.eta_seconds:.0f} s left" if progress.eta_seconds is not None else ""
        total = job.result.epochs if job.result else progress.epochs
        self._progress.update(self._task, description=job.status, total=total, completed=progress.epoch, eta=eta)

    def drawn(self) -> Group:
        reached = best(self._job)
        lines = [
            f"{sparkline(self._losses)}  best: {reached}" if reached else "",
            f"last: {last(self._job)}" if reached else "",
        ]
        return Group(Text(self._job.id), self._progress, *map(Text, lines))
