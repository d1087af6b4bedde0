"""jobs, show, epochs, weights, predict, cancel, pause, resume, retry, delete."""

import shutil
import sys
from collections.abc import Iterable
from contextlib import closing
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, TextIO, get_args

import typer

from gradmill.answers import WarningAnswer
from gradmill.cli.context import client_of, say, warn
from gradmill.cli.following import doubted
from gradmill.cli.making import AsJson, pairs
from gradmill.cli.output import check_free, into, put, put_csv, put_fields, put_json, put_table
from gradmill.cli.refusals import in_options
from gradmill.cli.request import HOW_A_FILE_IS_READ, Decimal, Encoding, MissingValues, Numbers, Texts
from gradmill.cli.showing import fields_of
from gradmill.errors import BadInput, NotFound
from gradmill.predictions import Predictions
from gradmill.progress import headline_of
from gradmill.spec import Form
from gradmill.synchronous.client import Client
from gradmill.synchronous.job import Job, JobSummary
from gradmill.synchronous.jobs import Status
from gradmill.tables import is_id

SUFFIXES = {
    "torch": "torch.zip",
    "keras": "keras.zip",
    "python": "py",
    "javascript": "mjs",
}  # of files, where the format is called otherwise

Id = Annotated[str, typer.Argument(metavar="JOB", help="The id of a job.", show_default=False)]
Whose = Annotated[
    str | None, typer.Option(metavar="best|last|N", help="Whose weights; a number is an epoch that was kept. Default: best.")
]
Force = Annotated[bool, typer.Option("--force", help="Write over a file that is there.")]
Ids = Annotated[list[str], typer.Argument(metavar="JOB…", help="Ids of jobs.", show_default=False)]


def jobs(
    context: typer.Context,
    status: Annotated[Status | None, typer.Option(help="Only these. Default: all.")] = None,
    metadata: Annotated[list[str] | None, typer.Option(metavar="KEY=TEXT", help="Only those with it; may be repeated.")] = None,
    limit: Annotated[int, typer.Option(metavar="N", min=1, help="How many at most.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Lists jobs, newest first."""
    listed = client_of(context).jobs.list(status=status, metadata=pairs(metadata), page_size=min(limit, 100))
    found = list(islice(listed, limit))
    if as_json:
        put_json(found)
        return
    names = ("job", "name", "status", "epoch", "of", "stopped", "best epoch", "its loss", "on rows of", "created", "metadata")
    put_table(names, [_row(job) for job in found])


def _row(job: JobSummary) -> tuple[object, ...]:
    progress, best = job.progress, job.progress.best
    reached = (best.epoch, headline_of(best), job.measured_on) if best else (None, None, None)
    stopped = job.result.stopped if job.result and job.result.stopped != "epochs" else None  # before all of them
    return (job.id, job.name, job.status, progress.epoch, progress.epochs, stopped, *reached, job.created_at, job.metadata)


def show(context: typer.Context, id: Id, as_json: AsJson = False) -> None:
    """Tells how a job is, its best epoch, whose weights are delivered, before its last, what it learns, from which columns and
    how: also what the service chose, and what it warns of."""
    client = client_of(context)
    job = client.jobs.get(id)
    if as_json:
        put_json(job)
        return
    put_fields(fields_of(job, _columns(client, job)))
    for warning in job.warnings:
        warn(warning.message)
    doubted(job)


def _columns(client: Client, job: Job) -> list[str]:
    """Those of its dataset, where it takes them all and that is there."""
    id = job.dataset.get("id")
    if job.dataset.get("features") or id is None:
        return []
    try:
        return [column.name for column in client.datasets.get(id).columns]
    except NotFound:
        return []


def epochs(
    context: typer.Context,
    id: Id,
    after: Annotated[int, typer.Option(metavar="EPOCH", min=0, help="Only those behind this one.")] = 0,
    points: Annotated[int | None, typer.Option(metavar="N", min=2, help="So many at equal distances. Default: all.")] = None,
    as_json: AsJson = False,
) -> None:
    """Writes what every epoch reached, as CSV."""
    found = list(client_of(context).jobs.get(id).epochs(after=after, points=points))
    if as_json:
        put_json(found)
        return
    metrics = sorted({name for epoch in found for name in epoch.metrics})
    names = ("epoch", "loss", "validation_loss", *metrics, "learning_rate", "gradient_norm", "seconds", "rows_per_second")
    rows = [[epoch.metrics.get(name) if name in metrics else getattr(epoch, name) for name in names] for epoch in found]
    put_csv(names, rows)


def weights(
    context: typer.Context,
    id: Id,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="- is the standard output. Default: the job's id and the format."),
    ] = None,
    format: Annotated[Form, typer.Option(metavar="FORM", help=f"One of {', '.join(get_args(Form))}.")] = "safetensors",
    epoch: Whose = None,
    force: Force = False,
) -> None:
    """Downloads weights, and tells the file. One that is there is refused, unless --force is given."""
    path = output or f"{id}.{SUFFIXES.get(format, format)}"
    check_free(path, force=force)
    job = client_of(context).jobs.get(id)
    if output == "-":
        with TemporaryDirectory(prefix="gradmill") as folder:
            whole = job.download(Path(folder, "weights"), format=format, epoch=epoch)  # type: ignore[arg-type]
            with whole.open("rb") as file:
                shutil.copyfileobj(file, sys.stdout.buffer)
    else:
        put(str(job.download(path, format=format, epoch=epoch)))  # type: ignore[arg-type]


def predict(
    context: typer.Context,
    id: Id,
    data: Annotated[str, typer.Argument(metavar="DATA", help="A file, or the id of a dataset.", show_default=False)],
    number: Numbers = None,
    text: Texts = None,
    missing_value: MissingValues = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    probabilities: Annotated[bool, typer.Option(help="Of each class, beside what is likeliest.")] = True,
    epoch: Whose = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Default: -, the standard output.", show_default=False)
    ] = None,
    force: Force = False,
    as_json: AsJson = False,
) -> None:
    """Writes what a job's network says of each row, as CSV as it comes. A file is read as the data were that the job learned
    from. An --output that is there is refused, unless --force is given."""
    if output is not None:
        check_free(output, force=force)
    said = {"numbers": number, "texts": text, "missing_values": missing_value, "decimal": decimal, "encoding": encoding}
    if is_id(data) and any(said.values()):
        raise BadInput(HOW_A_FILE_IS_READ)
    rows = data if is_id(data) else Path(data)
    with in_options({"/dataset": "DATA"}), into(output) as file:
        job = client_of(context).jobs.get(id)
        if as_json:
            found = job.predict(rows, probabilities=probabilities, epoch=epoch, **said)  # type: ignore[arg-type]
            put_json(asdict(found) | {"warnings": [warning.model_dump() for warning in found.warnings]}, file)
            warnings = found.warnings
        else:
            with closing(job.predict_in_pieces(rows, probabilities=probabilities, epoch=epoch, **said)) as pieces:  # type: ignore[arg-type]
                warnings = _written(pieces, file)
    for warning in warnings:
        warn(warning.message)


def _written(pieces: Iterable[Predictions], file: TextIO) -> list[WarningAnswer]:
    """Writes each piece as it comes; the warnings, which come with the last."""
    warnings, is_first = [], True
    for piece in pieces:
        warnings += piece.warnings
        if not len(piece):
            continue
        names = [*piece.values, *(f"probability_{label}" for label in piece.probabilities)]
        columns = [*piece.values.values(), *piece.probabilities.values()]
        put_csv(names if is_first else None, zip(*columns, strict=True), file)
        file.flush()
        is_first = False
    return warnings


def cancel(context: typer.Context, ids: Ids) -> None:
    """Cancels jobs; what a running one has learnt is kept."""
    for id in ids:
        _told(client_of(context).jobs.cancel(id))


def pause(context: typer.Context, ids: Ids) -> None:
    """Pauses jobs until they are resumed."""
    for id in ids:
        _told(client_of(context).jobs.pause(id))


def resume(context: typer.Context, ids: Ids) -> None:
    """Lets paused jobs go on."""
    for id in ids:
        _told(client_of(context).jobs.resume(id))


def retry(context: typer.Context, ids: Ids) -> None:
    """Begins jobs that failed or were cancelled anew, and tells their new ids."""
    for id in ids:
        put(client_of(context).jobs.retry(id).id)


def delete(context: typer.Context, ids: Ids) -> None:
    """Removes jobs that have ended, with their epochs and weights, for good."""
    for id in ids:
        client_of(context).jobs.delete(id)
        say(f"{id} is removed")


def _told(job: Job) -> None:
    put(f"{job.id}  {job.status}")


COMMANDS = (jobs, show, epochs, weights, predict, cancel, pause, resume, retry, delete)
