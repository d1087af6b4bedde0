"""Jobs at the edge of what makes sense: either a clear problem when they are submitted, or a plan."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import messages

X = [[0.0, 1.0, 2.0, float(i)] for i in range(12)]
T = [float(i) for i in range(12)]
ONE = {"units": 1}
IMAGE = {"type": "reshape", "shape": [1, 2, 2]}
BATCH = "batch_normalisation"
CODES = {"type": "embedding", "vocabulary": 12, "dimension": 2}
SOFTMAX, BINARY = "softmax_cross_entropy", "binary_cross_entropy"
APART = {"validation": {"fraction": 0.2}, "early_stopping": {"patience": 1}}


def convolution(**window: Any) -> dict[str, Any]:
    return {"type": "convolution_2d", "filters": 2, **window}


def residual(*layers: Any) -> dict[str, Any]:
    return {"type": "residual", "layers": list(layers)}


def answer(client: TestClient, layers: list[Any], inputs: Any, targets: Any, **training: Any) -> Any:
    return client.post(
        "/v1/jobs",
        json={
            "dataset": {"inputs": inputs, "targets": targets},
            "network": {"layers": layers},
            "training": {"loss": "mean_squared_error", **training},
        },
    )


REFUSED: dict[str, tuple[list[Any], Any, Any, dict[str, Any], str, str]] = {
    "no epochs": ([ONE], X, T, {"epochs": 0}, "/training/epochs", "epochs is 0; it must be 1 or more"),
    "one row, and rows to validate on": ([ONE], X[:1], T[:1], APART, "/training/validation/fraction", "leaves none of"),
    "one class": ([ONE], X, ["a"] * 12, {"loss": SOFTMAX}, "/dataset/targets", "rows of at least 2 classes are needed"),
    "one flag": ([ONE], X, [1] * 12, {"loss": BINARY}, "/dataset/targets", "rows of at least 2 classes are needed"),
    "only an activation": (["relu"], X, T, {}, "/network/layers", "no weights to learn; add a layer that has some"),
    "only flattened": ([IMAGE, "flatten"], X, X, {}, "/network/layers", "no weights to learn"),
    "a residual block of activations": ([residual("gelu", residual("tanh"))], X, X, {}, "/network/layers", "no weights"),
    "a window beyond the image": ([IMAGE, convolution(kernel=3), "flatten", ONE], X, T, {}, "/network/layers/1", "1 × 2 × 2"),
    "a window beyond the image, inside": (
        [residual(IMAGE, {"type": "max_pooling_2d", "size": 3}), ONE], X, T, {}, "/network/layers/0/layers/1", "larger than"
    ),
    "images of another size": (
        [{"type": "reshape", "shape": [3, 2]}, "flatten", ONE], X, T, {}, "/network/layers/0/shape", "6 values, 4 come in"
    ),
    "a block that changes its width": ([residual({"units": 3}), ONE], X, T, {}, "/network/layers/0", "turn 4 into 3"),
    "a last dropout": ([ONE, {"type": "dropout", "rate": 0.5}], X, T, {}, "/network/layers/1", "put it before the last layer"),
    "all dropped": ([{"type": "dropout", "rate": 1.0}, ONE], X, T, {}, "/network/layers/0/rate", "below 1"),
    "no norm at all": ([{"units": 1, "max_norm": 0}], X, T, {}, "/network/layers/0/max_norm", "above 0"),
    "codes beyond the vocabulary": (
        [CODES | {"vocabulary": 11}, ONE], X, T, {}, "/network/layers/0/vocabulary", "goes up to 11; a vocabulary of 11 takes"
    ),
    "codes below 0": ([CODES, ONE], [[-1.0], [0.0]], T[:2], {}, "/network/layers/0/vocabulary", "goes down to -1"),
    "codes between whole numbers": (
        [CODES, ONE], [[1.0], [0.5]], T[:2], {}, "/network/layers/0/vocabulary", "holds 0.5; a vocabulary of 12 takes whole"
    ),
    "an embedding after a flatten": (
        ["flatten", CODES, ONE], X, T, {}, "/network/layers/1", "it must be the first layer"
    ),
    "a sigmoid before a flatten": (
        [{"units": 1, "activation": "tanh"}, "flatten"], X, [0, 1] * 6, {"loss": BINARY}, "/network/layers/0/activation", "tanh"
    ),
    "more than any memory holds": (
        [{"type": "reshape", "shape": [1, 2, 2]}, convolution(kernel=1, padding=10_000) | {"filters": 100_000}, "flatten",
         {"units": 1_000_000}, ONE], X, T, {}, "/network/layers", "beyond any computer's memory"
    ),
    "a thousand layers and one": (
        [residual(*[residual(*["relu"] * 20)] * 10)] * 5 + [ONE], X, T, {}, "/network/layers", "has 1,056 layers"
    ),
    "a later embedding": ([{"units": 4}, CODES, ONE], X, T, {}, "/network/layers/1", "it must be the first layer"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trained_is_a_clear_problem_at_once(client: TestClient, name: str) -> None:
    layers, inputs, targets, training, pointer, words = REFUSED[name]
    found = answer(client, layers, inputs, targets, **training)
    assert found.status_code == 422, found.text
    assert list(messages(found)) == [pointer]
    assert words in messages(found)[pointer]


def test_codes_that_are_missing_are_a_clear_problem_at_once(client: TestClient) -> None:
    table = "code,price\n0,1\n,2\n3,4\n"
    dataset = client.post("/v1/datasets", content=table, headers={"Content-Type": "text/csv"}).json()["id"]
    request = {
        "dataset": {"id": dataset, "target": "price", "scaling": "none"},
        "network": {"layers": [CODES, ONE]},
        "training": {"loss": "mean_squared_error"},
    }
    assert messages(client.post("/v1/jobs", json=request)) == {
        "/network/layers/0/vocabulary": 'column "code" misses 1 value; a vocabulary of 12 takes whole numbers from 0 to 11'
    }


TAKEN: dict[str, tuple[list[Any], Any, Any, dict[str, Any]]] = {
    "one row": ([{"units": 4}, BATCH, "relu", ONE], X[:1], T[:1], {}),
    "two rows, one to validate on": ([BATCH, ONE], X[:2], T[:2], APART),
    "two rows that are the same": ([ONE], [X[0]] * 2, [1.0, 1.0], {}),
    "only constant columns": ([ONE], [[1.0, 2.0]] * 3, T[:3], {}),
    "a batch larger than the data": ([ONE], X, T, {"batch_size": 1_000_000}),
    "a hundred layers": ([{"units": 4, "activation": "tanh"}] * 99 + [ONE], X, T, {}),
    "a window as large as the image": ([IMAGE, {"type": "average_pooling_2d", "size": 2}, "flatten", ONE], X, T, {}),
    "a window of one place": ([IMAGE, convolution(kernel=1), "flatten", ONE], X, T, {}),
    "steps longer than the window": ([IMAGE, convolution(kernel=1, stride=2), "flatten", ONE], X, T, {}),
    "an activation first": (["tanh", ONE], X, T, {}),
    "blocks inside blocks": ([residual({"units": 4}, residual(BATCH, residual("gelu"))), ONE], X, T, {}),
    "codes": ([CODES, ONE], X, T, {}),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_unusual_but_can_be_trained_is_planned(client: TestClient, name: str) -> None:
    layers, inputs, targets, training = TAKEN[name]
    found = answer(client, layers, inputs, targets, **training)
    assert found.status_code == 202, found.text
    plan = found.json()["plan"]
    assert plan["outputs"] == 1
    assert plan["memory_bytes"] > 0
    assert 0 < plan["estimated_seconds"] < 10


@pytest.mark.parametrize("layer", [b"{}", b'{"units": 1}', b'{"\\"{": "\\\\"}'])
def test_layers_by_the_ten_thousands_are_refused_before_anything_is_made_of_them(client: TestClient, layer: bytes) -> None:
    body = b'{"network": {"layers": [' + b",".join([layer] * 50_000) + b"]}}"
    found = client.post("/v1/jobs", content=body, headers={"Content-Type": "application/json"})
    assert found.status_code == 422, found.text
    assert messages(found) == {
        "": "the request has more than 10000 objects; no network needs so many, and a row of data is a list"
    }


def test_braces_in_texts_are_no_objects(client: TestClient) -> None:
    labels = ["{", '{"', "{\\"] * 4000
    found = answer(client, [{"units": 3}], [[float(row)] for row in range(12_000)], labels, loss="softmax_cross_entropy")
    assert found.status_code == 202, found.text
