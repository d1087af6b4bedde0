"""The options that make a job, and the job that they make."""

import inspect
from collections.abc import Callable, Mapping
from copy import deepcopy
from dataclasses import dataclass
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from gradmill import readings
from gradmill.answers import DatasetAnswer
from gradmill.cli import parsing
from gradmill.cli.parsing import JSON
from gradmill.cli.refusals import in_options
from gradmill.cli.words import OPTIONS
from gradmill.errors import BadInput
from gradmill.synchronous.client import Client
from gradmill.tables import is_id

LEAST_ROWS_TO_SPLIT = 20  # as the service has it
DEFAULT = "Default:"
CHOSEN = "Default: chosen from the data."
HOW_A_FILE_IS_READ = (
    "--number, --text, --missing-value, --decimal and --encoding say how a file is read; there is none to upload"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """A job, and its data, as they were asked for, and what is said of the cells of their file; by the place in the job, which
    option says what stands there."""

    job: JSON
    data: str | None
    said: readings.Said
    options: Mapping[str, str]


Numbers = Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="A column of numbers; may be repeated.")]
Texts = Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="A column of texts; may be repeated.")]
MissingValues = Annotated[
    list[str] | None, typer.Option(metavar="TEXT", help="A text in the file that means a missing value; may be repeated.")
]
Decimal = Annotated[
    readings.Decimal | None,
    typer.Option(help="The sign before decimals in CSV; the other one groups thousands. Default: as the file shows."),
]
Encoding = Annotated[
    str | None, typer.Option(metavar="NAME", help="How a text file is written that is not UTF-8, such as windows-1252.")
]


def request(
    data: Annotated[
        str | None, typer.Argument(metavar="DATA", help="A file to upload, or the id of a dataset, ds_….", show_default=False)
    ] = None,
    target: Annotated[list[str] | None, typer.Option(metavar="COLUMN", help="The column to learn; may be repeated.")] = None,
    feature: Annotated[
        list[str] | None, typer.Option(metavar="COLUMN", help=f"A column to learn from; may be repeated. {DEFAULT} all others.")
    ] = None,
    number: Numbers = None,
    text: Texts = None,
    missing_value: MissingValues = None,
    decimal: Decimal = None,
    encoding: Encoding = None,
    layers: Annotated[
        str | None, typer.Option(metavar="LAYERS", help=f"Units and activations: 64:relu,32:relu,3. {CHOSEN}")
    ] = None,
    loss: Annotated[str | None, typer.Option(metavar="NAME", help=f"Such as softmax_cross_entropy. {CHOSEN}")] = None,
    optimizer: Annotated[str | None, typer.Option(metavar="NAME", help=f"Such as adam. {CHOSEN}")] = None,
    learning_rate: Annotated[float | None, typer.Option(metavar="NUMBER", help=f"Of the optimizer. {CHOSEN}")] = None,
    epochs: Annotated[int | None, typer.Option(metavar="N", help=f"How many times all rows are trained on. {CHOSEN}")] = None,
    batch_size: Annotated[str | None, typer.Option(metavar="N|full", help=f"Rows of a step. {CHOSEN}")] = None,
    validation: Annotated[
        str | None,
        typer.Option(
            metavar="SHARE|none",
            help=f"The share of rows that is held out. {DEFAULT} a fifth, unless they are few.",
        ),
    ] = None,
    patience: Annotated[
        int | None,
        typer.Option(
            metavar="N", help=f"Stop after so many epochs without improvement. {DEFAULT} chosen too, where the epochs are."
        ),
    ] = None,
    metric: Annotated[list[str] | None, typer.Option(metavar="NAME", help="Such as accuracy; may be repeated.")] = None,
    seed: Annotated[int | None, typer.Option(metavar="N", help=f"Equal seeds give equal weights. {DEFAULT} 0.")] = None,
    budget_s: Annotated[
        float | None, typer.Option(metavar="SECONDS", help=f"As many epochs as fit into them. {DEFAULT} no bound.")
    ] = None,
    spec: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A job as JSON or TOML; the other options change it.", exists=True, dir_okay=False),
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Any field: training.threads=2; may be repeated.")
    ] = None,
) -> Asked:
    """What these options say. Nothing is uploaded yet."""
    document = parsing.read(spec) if spec else {}
    job = deepcopy(document)
    changed: dict[str, JSON] = {"network": {}, "dataset": {}, "training": {}}
    if layers is not None:
        changed["network"]["layers"] = parsing.layers(layers)
    if target:
        changed["dataset"]["target"] = target[0] if len(target) == 1 else target
    if feature:
        changed["dataset"]["features"] = feature
    training = changed["training"]
    if optimizer is not None:
        training["optimizer"] = {"type": optimizer}
    if learning_rate is not None:
        before = training.get("optimizer") or parsing.optimizer(job.get("training"))
        training["optimizer"] = {**before, "learning_rate": learning_rate}
    if batch_size is not None:
        rows = parsing.count(batch_size)
        training["batch_size"] = batch_size if rows is None else rows
    if validation is not None:
        training["validation"] = parsing.validation(validation)
    if patience is not None:
        training["early_stopping"] = {"patience": patience}
    for name, value in {"loss": loss, "epochs": epochs, "metrics": metric, "seed": seed, "budget_s": budget_s}.items():
        if value not in (None, []):
            training[name] = value
    for name, fields in changed.items():
        if fields:
            job[name] = {**parsing.part(job, name), **fields}
    for assignment in set_ or ():
        parsing.assign(job, assignment)
    given = {
        "--layers": layers,
        "DATA": data,
        "--target": target,
        "--feature": feature,
        "--loss": loss,
        "--optimizer": optimizer,
        "--learning-rate": learning_rate,
        "--epochs": epochs,
        "--batch-size": batch_size,
        "--validation": validation,
        "--patience": patience,
        "--metric": metric,
        "--seed": seed,
        "--budget-s": budget_s,
    }
    # What the file says is told by its place there.
    options = {
        place: option
        for place, option in OPTIONS.items()
        if given.get(option) not in (None, []) or not parsing.holds(document, place)
    }
    for assignment in set_ or ():
        path = assignment.partition("=")[0]
        options["/" + path.replace(".", "/")] = f"--set {path}"
    said = {"numbers": number, "texts": text, "missing_values": missing_value, "decimal": decimal, "encoding": encoding}
    return Asked(job, data, {name: words for name, words in said.items() if words}, options)


def with_request(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command the options of `request`, and what they say as its argument `asked`."""
    ours, theirs = inspect.signature(request).parameters, inspect.signature(command).parameters
    hints = {**get_type_hints(request, include_extras=True), **get_type_hints(command, include_extras=True)}
    merged = [*theirs.values(), *ours.values()]
    kept = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in merged if each.name != "asked"]

    @wraps(command)
    def called(**given: Any) -> None:
        asked = request(**{name: given.pop(name) for name in ours})
        with in_options(asked.options):
            command(asked=asked, **given)

    called.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: hints[each.name] for each in kept}
    return called


def stored(client: Client, asked: Asked, say: Callable[[str], None]) -> JSON:
    """The job with its data uploaded, ready to be sent."""
    job, data, said = asked.job, asked.data, asked.said
    if said and (data is None or is_id(data)):
        raise BadInput(HOW_A_FILE_IS_READ)
    if data is None:
        return job
    about = parsing.part(job, "dataset")
    if "target" not in about:
        raise BadInput("--target is missing: it names the column to learn")
    training = parsing.part(job, "training")
    dataset = _dataset(client, data, said, say)
    job = {**job, "dataset": {**about, "id": dataset.id}}
    # Where the epochs are left open too, the service does this by itself.
    if "validation" not in training and training.get("epochs", "auto") != "auto" and dataset.rows >= LEAST_ROWS_TO_SPLIT:
        say("a fifth of the rows is held out to measure on; --validation none trains on all")
        job["training"] = {**training, "validation": {"fraction": 0.2}}
    return job


def _dataset(client: Client, data: str, said: Mapping[str, Any], say: Callable[[str], None]) -> DatasetAnswer:
    """The one that `data` names, or that the file of this name becomes, with what is `said` of its cells."""
    if is_id(data):
        return client.datasets.get(data)
    sent = client.datasets.upload(Path(data), **said)
    say(f"{data} is {sent.id}: {sent.rows} rows × {sent.column_count} columns")
    return sent
