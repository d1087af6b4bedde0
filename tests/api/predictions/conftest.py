"""Jobs that ended with small networks, whose predictions can be reckoned by hand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from core.nn.preparation.features import Boolean, Number, Text
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.reading import AS_IT_LOOKS, Reading
from core.nn.preparation.targets import Target
from core.nn.saving.model import Card
from core.nn.saving.weights import to_safetensors
from core.nn.spec import NetworkSpec, TrainingSpec
from tests.api.conftest import JSON, RESULT, Worker

FEATURES = (Number("age", 30.0, 10.0, 30.0), Boolean("member", 0.5), Text("city", ("Bern", "Oslo")))


WEIGHTS = {
    "0.weight": np.array([[1.0, 0.5, 2.0, -2.0], [-1.0, 0.25, 1.0, 0.0]], np.float32),
    "0.bias": np.array([0.5, 0.0], np.float32),
}


ROW = {"age": 40, "member": True, "city": "Bern"}  # inputs 1, 1, 1, 0


def model(
    loss: str, targets: tuple[Target, ...], classes: Any = None, scale: float = 1.0, reading: Reading = AS_IT_LOOKS
) -> bytes:
    network = NetworkSpec.model_validate({"layers": [{"units": 2}]})
    card = Card(network, TrainingSpec.model_validate({"loss": loss}).loss, Preprocessing(FEATURES, targets, classes), reading)
    return to_safetensors({name: array * np.float32(scale) for name, array in WEIGHTS.items()}, card.to_json())


REGRESSION = (Target("price", "number", 100.0, 10.0), Target("weight", "number"))


CLASSES = ("cat", "dog")


@pytest.fixture
def trained(submitted: Callable[..., JSON], worker: Worker) -> Callable[..., str]:
    """A job that ended with these weights: its path."""

    def train(best: bytes, last: bytes | None = None) -> str:
        job = submitted()
        worker.store.jobs.succeed(worker.claim(), RESULT, {"best": best, "last": last or best})
        return f"/v1/jobs/{job['id']}"

    return train


@pytest.fixture
def regression(trained: Callable[..., str]) -> str:
    return trained(model("mean_squared_error", REGRESSION), model("mean_squared_error", REGRESSION, scale=2.0)) + "/predict"


@pytest.fixture
def classifier(trained: Callable[..., str]) -> str:
    return trained(model("softmax_cross_entropy", (Target("pet", "text"),), CLASSES)) + "/predict"


def people(count: int) -> list[JSON]:
    rng = np.random.default_rng(3)
    cities = ["Bern", "Oslo", "Rome", None]
    return [
        {"age": float(rng.normal(30, 10)), "member": bool(i % 2), "city": cities[rng.integers(4)], "name": f"n{i}"}
        for i in range(count)
    ]


@pytest.fixture
def uploaded(client: TestClient) -> Callable[..., str]:
    def upload(rows: list[JSON]) -> str:
        answer = client.post("/v1/datasets", json=rows)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    return upload
