"""From arrays or a table to a trained network, in one call."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from gradmill import address
from gradmill.doubts import warn_of
from gradmill.errors import BadInput
from gradmill.predictions import Predictions
from gradmill.progress import Telling
from gradmill.requests import Network
from gradmill.spec import TrainingRequest
from gradmill.synchronous.client import Client
from gradmill.synchronous.jobs import Job, Which
from gradmill.tables import columns, is_array, plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

TARGET = "target"  # the column that y becomes
INLINE_CELLS = 20_000  # numbers that are sent with the job; more become a dataset


class Model:
    """A trained network on its service."""

    def __init__(self, client: Client, job: Job) -> None:
        self.client = client
        self.job = job

    @property
    def history(self) -> dict[str, list[float | None]]:
        """By name: the loss of every epoch, the validation loss, the metrics."""
        found: dict[str, list[float | None]] = {}
        for epoch in self.job.epochs():
            for name, value in {"loss": epoch.loss, "validation_loss": epoch.validation_loss, **epoch.metrics}.items():
                found.setdefault(name, []).append(value)
        return found

    def weights(self, *, epoch: Which | None = None) -> "dict[str, NDArray[Any]]":
        """By the names of `torch.nn.Sequential`."""
        return self.job.weights(epoch=epoch)

    def save(self, path: str | Path, *, format: str = "safetensors") -> Path:
        return self.job.download(path, format=format)

    def predictions(self, X: Any) -> Predictions:
        return self.job.predict(X)

    def predict(self, X: Any) -> "NDArray[Any]":
        """A number or a label for each row: (N,), or (N, targets) where there are several."""
        return self.job.predict(X, probabilities=False).array()

    def predict_proba(self, X: Any) -> "NDArray[Any]":
        """(N, classes), in the order of the job's classes."""
        return self.predictions(X).probability_array()

    def __repr__(self) -> str:
        return f"Model({self.job.id!r})"


def train(
    network: Network,
    X: Any,
    y: Any,
    *,
    data: Mapping[str, Any] | None = None,
    metadata: Mapping[str, str] | None = None,
    client: Client | None = None,
    progress: bool | Callable[[Job], None] = False,
    timeout_s: float | None = None,
    **training: Unpack[TrainingRequest],
) -> Model:
    """Trains the network, `"auto"` or a list of layers, to tell y from X, and returns when it has; JobFailed where it does not
    succeed, a GradmillWarning where the service says that it learned nothing.

    X is an array (N, n) of numbers or a table with names; y has a number, a label or a row of numbers for each row of X, or is
    a table of targets, or it is the name of a column of X, or a list of such names. Features are standardised unless `data`
    says otherwise, as it may of all that a request says of its data: `scaling`, `missing`, `categories`, `class_weights`, ….
    All else is the training: `epochs=100, optimizer="adam", validation={"fraction": 0.2}`; what is left out is chosen from the
    data.
    """
    service = client or default_client()
    dataset = dataset_of(service, X, y, {"scaling": "standard", **(data or {})})
    job = service.jobs.create(network, dataset, training, metadata=metadata)
    return Model(service, ended(job, progress, timeout_s))


def ended(job: Job, progress: bool | Callable[[Job], None] = False, timeout_s: float | None = None) -> Job:
    """The job when it has succeeded; warns of what the service doubts."""
    tell = Telling() if progress is True else progress  # which leaves the doubts to `warn_of`
    job.wait(timeout_s=timeout_s, progress=tell).check()
    warn_of(job)
    return job


def default_client() -> Client:
    """That of the environment; one for each address and key."""
    url = address.address(None)
    return _client(url, address.key(None, url))


@cache
def _client(url: str, key: str | None) -> Client:
    return Client(url, key)


def dataset_of(client: Client, X: Any, y: Any, options: dict[str, Any]) -> dict[str, Any]:
    """That of a job to tell y from X, uploaded where it is a table or large."""
    named = columns(X)
    if y is None:
        raise BadInput("y is None; it must have a target for each row of X, or name a column of X")
    if isinstance(y, str) or (named is not None and _are_names(y, named)):
        if named is None:
            raise BadInput(f"y is {y!r}, the name of a column, but X is a {type(X).__name__} without names")
        return {"id": client.datasets.upload(named).id, "target": y, **options}
    if named is not None:
        return _table(client, named, y, options)
    return _arrays(client, X, y, options)


def _are_names(y: Any, named: dict[str, Any]) -> bool:
    """Whether the list names columns, and has no label for each row."""
    if not isinstance(y, list | tuple) or not y or not all(isinstance(each, str) and each in named for each in y):
        return False
    if len(set(y)) < len(y):
        return False
    if len(y) == len(next(iter(named.values()))):
        raise BadInput(f"y may be both: {len(y)} names of columns, or as many labels of rows; rename the columns")
    return True


def _table(client: Client, named: dict[str, Any], y: Any, options: dict[str, Any]) -> dict[str, Any]:
    targets = _targets(y)
    rows, given = len(next(iter(named.values()), ())), len(next(iter(targets.values())))
    if rows != given:
        raise BadInput(f"X has {rows} rows, y has {given}; they must be equal")
    if taken := sorted(targets.keys() & named.keys()):
        raise BadInput(f"X has a column {taken[0]!r}, as y is called; rename it, or give its name as y")
    names = list(targets)
    return {"id": client.datasets.upload(named | targets).id, "target": names[0] if len(names) == 1 else names, **options}


def _targets(y: Any) -> dict[str, list[Any]]:
    """The columns that y is: those of a table, those of rows of numbers, or one."""
    if (named := columns(y)) is not None:
        return {name: plain(values) for name, values in named.items()}
    name = str(getattr(y, "name", None) or TARGET)
    values = plain(y)
    if values and isinstance(values[0], list | tuple):
        return {f"{name}{i}": list(column) for i, column in enumerate(zip(*values, strict=True))}
    return {name: values}


def _arrays(client: Client, X: Any, y: Any, options: dict[str, Any]) -> dict[str, Any]:
    import numpy as np

    inputs, targets = np.asarray(X), np.asarray(y)
    if targets.ndim == 1 and (not is_array(y) or targets.dtype == object):
        _check_labels(plain(y))
    for name, array in (("X", inputs), ("y", targets)):
        if array.ndim == 0:
            raise BadInput(f"{name} is a single {type(X if name == 'X' else y).__name__}; it must have rows")
    if inputs.dtype.kind not in "biuf":
        raise BadInput(f"X holds {inputs.dtype} where numbers are needed; give texts as a table with names: {{column: values}}")
    if len(inputs) != len(targets):
        raise BadInput(f"X has {len(inputs)} rows, y has {len(targets)}; they must be equal")
    missing = np.isnan(inputs) if inputs.dtype.kind == "f" else np.zeros(inputs.shape, bool)
    if len(inputs) and (empty := np.flatnonzero(missing.reshape(len(inputs), -1).all(axis=0))).size:
        raise BadInput(f"column {empty[0]} of X has no value at all, so nothing can be learned from it; leave it out")
    if inputs.ndim == 2 and inputs.size + targets.size <= INLINE_CELLS and not missing.any():
        only_stored = {"missing", "categories", "weight", "features"} & options.keys()
        if not only_stored:
            return {"inputs": inputs.tolist(), "targets": targets.tolist(), **options}
    sent = client.datasets.upload({"input": inputs if inputs.ndim > 1 else inputs[:, None], TARGET: targets})
    names = [column.name for column in sent.columns if column.name.startswith(TARGET)]
    return {"id": sent.id, "target": names[0] if len(names) == 1 else names, **options}


def _check_labels(labels: list[Any]) -> None:
    """BadInput for what NumPy would make another label of: one that is missing, one of another kind."""
    if len({_kind(label) for label in labels if label is not None}) > 1:
        raise BadInput("y holds labels of several kinds; they must be all texts, all numbers or all booleans")
    if missing := [row for row, label in enumerate(labels) if label is None]:
        raise BadInput(
            f"y misses {len(missing)} of {len(labels)} values, the first in row {missing[0]}; each row must have one"
        )


def _kind(label: Any) -> str:
    """As NumPy would make one of several."""
    return "text" if isinstance(label, str) else "boolean" if isinstance(label, bool) else "number"
