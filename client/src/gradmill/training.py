"""From arrays or a table to a trained network, in one call."""

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack

from gradmill import address
from gradmill.doubts import doubts, strangeness, warn
from gradmill.predictions import Predictions
from gradmill.progress import Telling
from gradmill.readings import Decimal
from gradmill.requests import Network
from gradmill.spec import TrainingRequest
from gradmill.synchronous.client import Client
from gradmill.synchronous.job import Job
from gradmill.synchronous.learned import Which
from gradmill.training_data import Sender

if TYPE_CHECKING:
    from numpy.typing import NDArray


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
        return self._told(self.job.predict(X, probabilities=False)).array()

    def predict_proba(self, X: Any) -> "NDArray[Any]":
        """(N, classes), in the order of the job's classes."""
        return self._told(self.predictions(X)).probability_array()

    def _told(self, found: Predictions) -> Predictions:
        """Warns of what the service warns of, which an array cannot hold."""
        warn(self.job, (warning.message for warning in found.warnings))
        return found

    def __repr__(self) -> str:
        return f"Model({self.job.id!r})"


def train(
    network: Network,
    X: Any,
    y: Any,
    *,
    data: Mapping[str, Any] | None = None,
    name: str | None = None,
    numbers: Sequence[str] = (),
    texts: Sequence[str] = (),
    missing_values: Sequence[str] = (),
    decimal: Decimal | None = None,
    encoding: str | None = None,
    metadata: Mapping[str, str] | None = None,
    client: Client | None = None,
    progress: bool | Callable[[Job], None] = False,
    timeout_s: float | None = None,
    **training: Unpack[TrainingRequest],
) -> Model:
    """Trains the network, `"auto"` or a list of layers, to tell y from X, and returns when it has; JobFailed where it does not
    succeed. A GradmillWarning tells at once what the service finds strange in the data, such as a column that is left out, and
    at the end that nothing was learned.

    X is an array (N, n) of numbers, a table with names, the path of a file, or a dataset or its id; y has a number, a label or
    a row of numbers for each row of X, or is a table of targets, or it is the name of a column of X, or a list of such names.
    `numbers`, `texts`, `missing_values`, `decimal` and `encoding` say how a file or the cells of a table are read, as in
    `datasets.upload`.
    Features are standardised unless `data` says otherwise, as it may of all that a request says of its data: `scaling`,
    `missing`, `categories`, `class_weights`, …. All else is the training: `epochs=100, optimizer="adam",
    validation={"fraction": 0.2}`; what is left out is chosen from the data.

    `name` is that of the job, and of the dataset that a table or large arrays become; a file keeps its own.
    """
    service = client or default_client()
    reading = {
        "numbers": numbers,
        "texts": texts,
        "missing_values": missing_values,
        "decimal": decimal,
        "encoding": encoding,
    }
    sender = Sender(service, name, {part: said for part, said in reading.items() if said})
    dataset = sender.dataset(X, y, {"scaling": "standard", **(data or {})})
    called = name or ("train()" if "id" not in dataset else None)  # the service calls it by its targets and its dataset
    job = service.jobs.create(network, dataset, training, name=called, metadata=metadata)
    return Model(service, ended(job, progress, timeout_s))


def ended(job: Job, progress: bool | Callable[[Job], None] = False, timeout_s: float | None = None) -> Job:
    """The job when it has succeeded; warns of what the service doubts, of the data before they are learned."""
    warn(job, strangeness(job))
    tell = Telling() if progress is True else progress  # which leaves the doubts to `warn`
    job.wait(timeout_s=timeout_s, progress=tell).check()
    warn(job, doubts(job))
    return job


def default_client() -> Client:
    """That of the environment; one for each address and key."""
    url = address.address(None)
    return _client(url, address.key(None, url))


@cache
def _client(url: str, key: str | None) -> Client:
    return Client(url, key)
