"""watch, and what a job has become."""

from collections.abc import Callable
from typing import Annotated

import typer

from gradmill.cli import exits
from gradmill.cli.context import client_of, say, warn
from gradmill.cli.output import put, put_json
from gradmill.cli.watching import watched
from gradmill.doubts import doubts
from gradmill.progress import line
from gradmill.synchronous.job import Job


def watch(
    context: typer.Context,
    id: Annotated[str, typer.Argument(metavar="JOB", help="The id of a job.", show_default=False)],
    timeout_s: Annotated[
        float | None, typer.Option(metavar="SECONDS", help="Give up after so long; the job goes on. Default: never.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="The job at its end as JSON.")] = False,
) -> None:
    """Follows a job to its end. Ctrl-C lets go of it; the job goes on."""
    followed(client_of(context).jobs.get(id), timeout_s, as_json=as_json)


def followed(job: Job, timeout_s: float | None = None, *, as_json: bool, tell: Callable[[str], None] = put) -> None:
    """Tells its end, as JSON among the data; exits with 1 where it does not succeed."""
    try:
        watched(job, timeout_s, tells_end=as_json)
    except KeyboardInterrupt:
        say(f"\njob {job.id} goes on; gradmill watch {job.id} comes back to it, gradmill cancel {job.id} ends it")
        raise typer.Exit(exits.INTERRUPTED) from None
    if as_json:
        put_json(job)
    else:
        tell(f"{job.id}  {line(job)}")
    doubted(job)
    job.check()


def doubted(job: Job) -> None:
    """Says where nothing was learned."""
    for doubt in doubts(job):
        warn(doubt)


COMMANDS = (watch,)
