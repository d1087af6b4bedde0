"""The application in this process, on each kind of database, and a worker that the tests play through the store."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from api.app import create_app
from core.nn.preparation.features import Number
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.targets import Target
from core.nn.saving.model import Card
from core.nn.saving.weights import to_safetensors
from core.nn.spec import MeanSquaredError, NetworkSpec
from core.settings import Settings
from core.store import Claim, EpochRow, Store
from tests.keys import AUTHORIZED

JSON = dict[str, Any]

ARRAYS = {
    "0.weight": np.array([[0.5, -1.25], [2.0, 3.5]], np.float32),
    "0.bias": np.array([0.0, 1.0], np.float32),
}
CARD = Card(
    NetworkSpec.model_validate({"layers": [{"type": "dense", "units": 2}]}),
    MeanSquaredError(),
    Preprocessing((Number("a", 0.0, 1.0, 0.0), Number("b", 1.0, 2.0, 1.5)), (Target("y", "number"), Target("z", "number"))),
)
METADATA = CARD.to_json()


@pytest.fixture
def database_url(sqlite_url: str) -> str:
    """What depends on the database is tested on both kinds; the rest need not be."""
    return sqlite_url


@pytest.fixture
def settings(database_url: str, tmp_path: Path) -> Settings:
    return Settings(
        data_dir=tmp_path / "data",
        database_url=database_url,
        redis_url="",
        webhook_private_addresses=True,
        max_request_bytes=2**20,
        max_dataset_bytes=2**20,
    )


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings), headers=AUTHORIZED) as client:
        yield client


@pytest.fixture
def quiet_client(settings: Settings) -> Iterator[TestClient]:
    """Shows a 500 as a client sees it, where `client` raises its cause."""
    with TestClient(create_app(settings), raise_server_exceptions=False, headers=AUTHORIZED) as client:
        yield client


def xor(**changes: Any) -> JSON:
    return {
        "network": {
            "layers": [
                {"type": "dense", "units": 2, "activation": "sigmoid"},
                {"type": "dense", "units": 1, "activation": "sigmoid"},
            ]
        },
        "dataset": {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [0, 1, 1, 0]},
        "training": {"loss": "mean_squared_error", "optimizer": {"type": "sgd", "learning_rate": 2.0}, "epochs": 3},
        **changes,
    }


@pytest.fixture
def submitted(client: TestClient) -> Callable[..., JSON]:
    """A job that the API accepted."""

    def submit(**changes: Any) -> JSON:
        answer = client.post("/v1/jobs", json=xor(**changes))
        assert answer.status_code == 202, answer.text
        job: JSON = answer.json()
        return job

    return submit


class Worker:
    """What a worker says to the store, without training anything."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def claim(self) -> Claim:
        claim = self.store.jobs.claim("tests", 60)
        assert claim is not None
        return claim

    def record(self, claim: Claim, epochs: Sequence[int]) -> None:
        self.store.jobs.record_epochs(claim, [row(epoch) for epoch in epochs], None, best_epoch=epochs[-1])

    def succeed(self, claim: Claim) -> None:
        weights = {which: to_safetensors(ARRAYS, {**METADATA, "which": which}) for which in ("best", "last")}
        self.store.jobs.succeed(claim, RESULT, weights)


REACHED: JSON = {"loss": 0.25, "validation_loss": 0.5, "metrics": {"accuracy": 0.5}}
RESULT: JSON = {
    "epochs": 3,
    "stopped": "epochs",
    "best_epoch": 3,
    "best": REACHED,
    "last": REACHED,
    "confusion_matrix": {"classes": ["cat", "dog"], "counts": [[1, 0], [1, 2]]},
}


def row(epoch: int) -> EpochRow:
    return EpochRow(epoch, 1 / epoch, 2 / epoch, {"accuracy": 0.5}, 0.01, 0.1, 0.5, 1000.0)


@pytest.fixture
def worker(store: Store) -> Worker:
    return Worker(store)


@pytest.fixture
def trained(submitted: Callable[..., JSON], worker: Worker) -> JSON:
    """A job that has succeeded after three epochs."""
    job = submitted()
    claim = worker.claim()
    worker.record(claim, [1, 2, 3])
    worker.succeed(claim)
    return job


def pointers(answer: Any) -> list[str]:
    return [error["pointer"] for error in answer.json()["errors"]]


def messages(answer: Any) -> dict[str, str]:
    return {error["pointer"]: error["message"] for error in answer.json()["errors"]}
