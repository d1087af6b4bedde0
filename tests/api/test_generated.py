"""Random JSON at every POST: nothing is answered with a 5xx, and what is refused is refused with reasons."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import orjson
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from api.app import create_app
from api.schemas import JobRequest
from core.nn import spec
from core.settings import Settings
from tests.api.conftest import xor
from tests.databases import SQLite
from tests.keys import AUTHORIZED

SCHEMAS = [JobRequest.model_json_schema(), *JobRequest.model_json_schema()["$defs"].values()]
FIELDS = {name: field for schema in SCHEMAS for name, field in schema.get("properties", {}).items()}
TAGS = {field["const"] for schema in SCHEMAS for field in schema.get("properties", {}).values() if "const" in field}
WORDS = st.sampled_from(sorted(FIELDS.keys() | TAGS))
FLOATS = st.floats(allow_nan=False, allow_infinity=False)
NUMBERS = st.one_of(st.integers(-(2**70), 2**70), st.integers(-2, 5), FLOATS, st.sampled_from([1e308, 1e-308]))
LEAVES = st.one_of(st.none(), st.booleans(), NUMBERS, WORDS, st.text(max_size=5))
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(WORDS | st.text(max_size=4), inner, max_size=4)),
    max_leaves=12,
)
LAYERS = st.fixed_dictionaries(
    {"units": st.integers(1, 4)}, optional={"activation": WORDS | TREES, "bias": LEAVES, "type": st.just("dense")}
)
CELLS = st.integers(-3, 3) | st.floats(-1e300, 1e300) | st.booleans()
ROWS = st.lists(st.lists(CELLS, min_size=1, max_size=2), min_size=1, max_size=4)
LOSSES = st.sampled_from([loss.model_fields["type"].default for loss in get_args(spec.AnyLoss)])
START = ("job", "weights", "epoch", "preprocessing", "optimizer_state")
REQUESTS = st.fixed_dictionaries(
    {
        "network": st.fixed_dictionaries({"layers": st.lists(LAYERS | TREES, max_size=3)}, optional={"dtype": WORDS}),
        "dataset": TREES
        | st.fixed_dictionaries({"inputs": ROWS | TREES, "targets": st.lists(LEAVES, max_size=4) | ROWS | TREES}),
        "training": st.fixed_dictionaries(
            {"loss": LOSSES},
            optional={
                "epochs": st.integers(1, 3) | TREES,
                "optimizer": WORDS | TREES,
                "validation": TREES,
                "batch_size": LEAVES,
                "budget_s": LEAVES,
                "start": TREES | st.fixed_dictionaries({}, optional=dict.fromkeys(START, LEAVES)),
            },
        ),
    },
    optional={"metadata": st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2) | TREES},
)
PATHS = ("/v1/jobs", "/v1/networks/check")


@pytest.fixture(scope="module")
def client(sqlite: SQLite, tmp_path_factory: pytest.TempPathFactory) -> Iterator[TestClient]:
    directory: Path = tmp_path_factory.mktemp("generated")
    url = sqlite.copy(directory / "test.db")
    app = create_app(Settings(data_dir=directory, database_url=url, redis_url=""))
    with TestClient(app, headers=AUTHORIZED) as client:
        yield client


@st.composite
def damaged(draw: st.DrawFn) -> Any:
    """A right request with one place of it changed."""
    document: Any = xor(metadata={"a": "b"})
    place = document
    while True:
        keys = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or not place[key] or draw(st.booleans()):
            place[key] = draw(TREES)
            return document
        place = place[key]


def send(client: TestClient, path: str, body: bytes) -> None:
    answer = client.post(path, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (200, 202, 400, 422), answer.text
    if answer.status_code >= 400:
        problem = answer.json()
        assert problem["detail"]
        assert answer.status_code == 400 or problem["errors"]
        for error in problem.get("errors", []):
            assert error["message"]
            assert "Input should" not in error["message"]


GENERATED = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@GENERATED
@given(path=st.sampled_from(PATHS), document=TREES)
def test_any_json(client: TestClient, path: str, document: Any) -> None:
    send(client, path, _dumped(document))


@GENERATED
@given(path=st.sampled_from(PATHS), document=REQUESTS)
def test_json_that_is_almost_a_request(client: TestClient, path: str, document: Any) -> None:
    send(client, path, _dumped(document))


@GENERATED
@given(path=st.sampled_from(PATHS), document=damaged())
def test_a_request_with_one_wrong_place(client: TestClient, path: str, document: Any) -> None:
    send(client, path, _dumped(document))


@GENERATED
@given(path=st.sampled_from(PATHS), body=st.binary(max_size=200), at=st.integers(0, 400))
def test_a_request_with_wrong_bytes(client: TestClient, path: str, body: bytes, at: int) -> None:
    right = orjson.dumps(xor())
    send(client, path, right[:at] + body + right[at + len(body) :])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(document=TREES | st.lists(TREES), format=st.sampled_from(["json", "jsonl", "csv"]))
def test_any_json_as_a_file(client: TestClient, document: Any, format: str) -> None:
    answer = client.post("/v1/datasets", params={"format": format}, content=_dumped(document))
    assert answer.status_code in (200, 201, 422), answer.text


@settings(max_examples=30, deadline=None)
@given(id=st.text(max_size=40), body=st.binary(max_size=20))
def test_any_id_to_cancel(client: TestClient, id: str, body: bytes) -> None:
    quoted = "".join(f"%{byte:02x}" for byte in id.encode(errors="surrogatepass"))
    assert client.post(f"/v1/jobs/{quoted}/cancel", content=body).status_code in (404, 405)


def _dumped(document: Any) -> bytes:
    """As other languages write it: integers of any size, lone surrogates escaped."""
    return json.dumps(document).encode()
