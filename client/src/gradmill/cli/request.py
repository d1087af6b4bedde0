"""The options that make a job, and the job that they make."""

import inspect
import json
import tomllib
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Annotated, Any, get_type_hints

import typer

from gradmill.answers import DatasetAnswer
from gradmill.errors import BadInput
from gradmill.synchronous.client import Client

JSON = dict[str, Any]

LEAST_ROWS_TO_SPLIT = 20  # as the service has it


def request(
    data: Annotated[
        str | None, typer.Argument(metavar="[DATA]", help="A file to upload, or the id of a dataset, ds_…", show_default=False)
    ] = None,
    target: Annotated[list[str] | None, typer.Option(help="The column to learn; may be repeated.")] = None,
    feature: Annotated[
        list[str] | None, typer.Option(help="A column to learn from; may be repeated. Default: all others.")
    ] = None,
    layers: Annotated[str | None, typer.Option(help="Units and activations: 64:relu,32:relu,3.")] = None,
    loss: Annotated[str | None, typer.Option(help="Such as softmax_cross_entropy.")] = None,
    optimizer: Annotated[str | None, typer.Option(help="Such as adam.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Of the optimizer.")] = None,
    epochs: Annotated[int | None, typer.Option(help="How many times all rows are trained on.")] = None,
    batch_size: Annotated[str | None, typer.Option(help='Rows of a step, or "full".')] = None,
    validation: Annotated[
        str | None,
        typer.Option(metavar="SHARE|none", help="The share of rows that is held out. Default: a fifth, unless they are few."),
    ] = None,
    patience: Annotated[int | None, typer.Option(help="Stop after so many epochs without improvement.")] = None,
    metric: Annotated[list[str] | None, typer.Option(help="Such as accuracy; may be repeated.")] = None,
    seed: Annotated[int | None, typer.Option(help="Equal seeds give equal weights.")] = None,
    budget_s: Annotated[float | None, typer.Option(help="As many epochs as fit into so many seconds.")] = None,
    spec: Annotated[
        Path | None, typer.Option(help="A job as JSON or TOML; the other options change it.", exists=True, dir_okay=False)
    ] = None,
    set_: Annotated[
        list[str] | None, typer.Option("--set", metavar="PATH=VALUE", help="Any field: training.threads=2; may be repeated.")
    ] = None,
) -> JSON:
    """What these options say, without the data's upload: `data` stands beside the parts of the job."""
    job = _read(spec) if spec else {}
    parts: dict[str, JSON] = {}
    for name in ("network", "dataset", "training"):
        given = job.get(name, {})
        if not isinstance(given, dict):
            raise BadInput(f"{spec}: {name} is no object")
        parts[name] = given
    if layers is not None:
        parts["network"]["layers"] = _layers(layers)
    if target:
        parts["dataset"]["target"] = target[0] if len(target) == 1 else target
    if feature:
        parts["dataset"]["features"] = feature
    training = parts["training"]
    if optimizer is not None or learning_rate is not None:
        usual = training.get("optimizer", "adam")
        before = {"type": usual} if isinstance(usual, str) else usual
        training["optimizer"] = {**(before if optimizer is None else {"type": optimizer})}
        if learning_rate is not None:
            training["optimizer"]["learning_rate"] = learning_rate
    if batch_size is not None:
        training["batch_size"] = int(batch_size) if batch_size.isdigit() else batch_size
    if validation is not None:
        training["validation"] = _validation(validation)
    if patience is not None:
        training["early_stopping"] = {"patience": patience}
    for name, value in {"loss": loss, "epochs": epochs, "metrics": metric, "seed": seed, "budget_s": budget_s}.items():
        if value not in (None, []):
            training[name] = value
    job |= {name: part for name, part in parts.items() if part}
    for assignment in set_ or ():
        _assign(job, assignment)
    return {**job, "data": data}


def with_request(command: Callable[..., None]) -> Callable[..., None]:
    """Gives the command the options of `request`, and their job as its argument `job`."""
    ours, theirs = inspect.signature(request).parameters, inspect.signature(command).parameters
    hints = {**get_type_hints(request, include_extras=True), **get_type_hints(command, include_extras=True)}
    merged = [*theirs.values(), *ours.values()]
    kept = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in merged if each.name != "job"]

    @wraps(command)
    def called(**given: Any) -> None:
        job = request(**{name: given.pop(name) for name in ours})
        command(job=job, **given)

    called.__signature__ = inspect.Signature(kept)  # type: ignore[attr-defined]
    called.__annotations__ = {each.name: hints[each.name] for each in kept}
    return called


def stored(client: Client, job: JSON, say: Callable[[str], None]) -> JSON:
    """The job with its data uploaded, ready to be sent."""
    data = job.pop("data")
    if data is None:
        return job
    if "target" not in job.get("dataset", {}):
        raise BadInput("--target is missing: it names the column to learn")
    dataset = _dataset(client, data, say)
    job = {**job, "dataset": {**job["dataset"], "id": dataset.id}}
    training = job.get("training", {})
    # Where the epochs are left open too, the service does this by itself.
    if "validation" not in training and training.get("epochs", "auto") != "auto" and dataset.rows >= LEAST_ROWS_TO_SPLIT:
        say("a fifth of the rows is held out to measure on; --validation none trains on all")
        job["training"] = {**training, "validation": {"fraction": 0.2}}
    return job


def _dataset(client: Client, data: str, say: Callable[[str], None]) -> DatasetAnswer:
    """The one that `data` names, or that the file of this name becomes."""
    if is_id(data):
        return client.datasets.get(data)
    sent = client.datasets.upload(Path(data))
    say(f"{data} is {sent.id}: {sent.rows} rows × {sent.column_count} columns")
    return sent


def is_id(data: str) -> bool:
    """Whether it is that of a dataset, and no file."""
    return data.startswith("ds_") and not Path(data).exists()


def _read(path: Path) -> JSON:
    try:
        read = tomllib.loads if path.suffix == ".toml" else json.loads
        job = read(path.read_text())
    except (ValueError, OSError) as error:
        raise BadInput(f"{path} cannot be read as {'TOML' if path.suffix == '.toml' else 'JSON'}: {error}") from error
    if not isinstance(job, dict):
        raise BadInput(f"{path} holds no object; a job has network, dataset and training")
    return job


def _validation(text: str) -> JSON | None:
    if text == "none":
        return None
    try:
        return {"fraction": float(text)}
    except ValueError:
        raise BadInput(f"--validation is {text!r}; it is a share of the rows, such as 0.2, or none") from None


def _layers(text: str) -> list[JSON]:
    found = []
    for part in text.split(","):
        units, _, activation = part.strip().partition(":")
        if not units.isdigit():
            raise BadInput(f"--layers has {part.strip()!r}; a layer is UNITS or UNITS:ACTIVATION, such as 64:relu")
        found.append({"units": int(units), **({"activation": activation} if activation else {})})
    return found


def _assign(job: JSON, assignment: str) -> None:
    path, equals, text = assignment.partition("=")
    *places, last = path.split(".")
    if not equals or not last or not all(places):
        raise BadInput(f"--set {assignment!r} is not PATH=VALUE, such as training.threads=2")
    at: Any = job
    for place in places:
        at = at.setdefault(place, {})
        if not isinstance(at, dict):
            raise BadInput(f"--set {assignment!r}: {place} is no object")
    try:
        at[last] = json.loads(text)
    except ValueError:
        at[last] = text
