"""What would not fit is refused when it is submitted, with the figures, before anything of its size is made."""

import tracemalloc
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from tests.api.conftest import messages, xor

JSON = dict[str, Any]
ONE = {"units": 1}
IMAGE = {"type": "reshape", "shape": [1, 1, 2]}
HEADERS = {"Content-Type": "application/json"}
MOST_BYTES = 2**24  # in Python's memory while a request is answered, beside forty times its own size


def network(*layers: Any, **training: Any) -> JSON:
    return xor(network={"layers": list(layers)}, training={"loss": "mean_squared_error", **training})


def convolution(**fields: Any) -> JSON:
    return {"type": "convolution_2d", "filters": 1, "kernel": 1, **fields}


def nested(depth: int) -> JSON:
    layer: JSON = {"units": 2}
    for _ in range(depth):
        layer = {"type": "residual", "layers": [layer]}
    return layer


# name: (request, status, pointer, words)
REQUESTS: dict[str, tuple[JSON, int, str, str]] = {
    "a billion units": (network({"units": 10**9}, ONE), 422, "/network/layers/0/units", "1000000 or less"),
    "a million units, twice": (
        network({"units": 10**6}, {"units": 10**6}, ONE), 422, "/network/layers/1/units", "1,000,005,000,001 parameters"
    ),
    "a hundred wide layers": (
        network(*[{"units": 100_000}] * 99, ONE), 422, "/network/layers/1/units", "980,010,200,001 parameters"
    ),
    "eighty thousand layers": (network(*[ONE] * 80_000), 422, "", "more than 10000 objects"),
    "nine thousand layers": (network(*[ONE] * 9_000), 422, "/network/layers", "9000 items"),
    "blocks in blocks": (network(nested(20), ONE), 422, "/network/layers/0/", "4 deep"),
    "blocks in blocks in blocks": (network(nested(60), ONE), 400, "", "64 levels"),
    "blocks of blocks of blocks": (
        network(*[{"type": "residual", "layers": [{"type": "residual", "layers": ["relu"] * 20}] * 20}] * 100, ONE),
        422, "/network/layers", "layers",
    ),
    "a window of a billion": (
        network(IMAGE, convolution(kernel=10**9), "flatten", ONE), 422, "/network/layers/1/kernel", "10000"
    ),
    "an edge of ten thousand": (
        network(IMAGE, convolution(filters=100, padding=10_000), "flatten", ONE),
        422, "/network/layers/3/units", "parameters",
    ),
    "values that no memory holds": (
        network(IMAGE, *[convolution(filters=100_000, padding=10_000)] * 3, "flatten", ONE, batch_size="full"),
        422, "/network/layers", "memory",
    ),
    "values of a batch": (
        network(IMAGE, convolution(filters=1, padding=7_000), *["tanh"] * 20, {"type": "average_pooling_2d", "size": 1000},
                "flatten", ONE),
        422, "/training/batch_size", "for the values of 4 rows at once",
    ),
    "a thousand convolutions of a wide image": (
        network(IMAGE, convolution(filters=100, padding=500),
                *[{"type": "residual", "layers": [convolution(filters=100)] * 20}] * 45, "flatten", ONE),
        422, "/network/layers/48/units", "parameters",
    ),
    "the vectors of L-BFGS": (
        network({"units": 9000}, {"units": 9000}, ONE, optimizer={"type": "lbfgs", "memory": 100}),
        422, "/network/layers", "for parameters",
    ),
    "a batch of a billion": (network(ONE, batch_size=10**9), 422, "/training/batch_size", "1000000"),
    "epochs without end": (network(ONE, epochs=10**18), 422, "/training/epochs", "10000000 or less"),
    "a table of a billion by a billion": (
        network({"type": "embedding", "vocabulary": 10**9, "dimension": 10**9}, ONE),
        422, "/network/layers/0/dimension", "10000",
    ),
    "an image of a billion by a billion": (
        network({"type": "reshape", "shape": [10**9, 10**9]}, ONE), 422, "/network/layers/0/shape/0", "100000000 or less"
    ),
    "an image of a million dimensions": (
        network({"type": "reshape", "shape": [1] * 10**5}, ONE), 422, "/network/layers/0/shape", "at most 3"
    ),
}  # fmt: skip


@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", ["/v1/networks/check", "/v1/jobs"])
@pytest.mark.parametrize("name", REQUESTS)
def test_what_would_not_fit_is_refused_with_its_figures_and_in_little_memory(client: TestClient, name: str, path: str) -> None:
    request, status, pointer, words = REQUESTS[name]
    body = orjson.dumps(request)
    client.post(path, content=orjson.dumps(xor()), headers=HEADERS)  # what is made once is not the request's
    tracemalloc.start()
    try:
        answer = client.post(path, content=body, headers=HEADERS)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert answer.status_code == status, answer.text
    if status == 422:
        assert any(at.startswith(pointer) and words in message for at, message in messages(answer).items()), answer.text
    assert words in answer.text
    assert peak < MOST_BYTES + 40 * len(body)


def test_a_thousand_convolutions_that_fit_are_planned_with_their_figures(client: TestClient) -> None:
    layers = [IMAGE, *[{"type": "residual", "layers": [convolution()] * 20}] * 47, "flatten", ONE]
    answer = client.post("/v1/networks/check", json=network(*layers))
    assert answer.status_code == 200, answer.text
    plan = answer.json()["plan"]
    assert plan["parameters"] == 47 * 20 * 2 + 3
    assert plan["memory_bytes"] > 4 * 3 * plan["parameters"]
    assert plan["flops_per_epoch"] > 0
