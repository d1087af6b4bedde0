"""Predictions that are too much: too large, too long, too many at once, or from more networks than the memory holds."""

import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from io import BytesIO
from pathlib import Path

import numpy as np
import orjson
import pytest
from starlette.testclient import TestClient

from api import predictions as blocks
from api.app import create_app
from api.deps import TABLES
from api.limits import predictions as bounds
from api.models import BYTES_PER_NETWORK, Models
from api.predicting import LARGE_BYTES
from core.nn.preparation.features import Number
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.targets import Target
from core.nn.saving.model import Card
from core.nn.saving.weights import to_safetensors
from core.nn.spec import NetworkSpec, TrainingSpec
from core.settings import Settings
from tests.api.conftest import pointers
from tests.api.predictions.conftest import REGRESSION, ROW, model, people
from tests.api.server import Server
from tests.keys import AUTHORIZED, HEADER


def test_an_answer_that_would_be_too_large_is_refused_with_the_limit(
    client: TestClient, classifier: str, uploaded: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = people(11)
    monkeypatch.setattr(bounds, "MOST_CELLS", 30)
    monkeypatch.setattr(bounds, "MOST_CELLS_OF_A_TABLE", 30)
    for body in ({"rows": rows}, {"dataset": uploaded(rows)}):
        answer = client.post(classifier, json=body)
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert "33 values and probabilities, 3 for each of 11 rows; 30 are allowed" in answer.json()["detail"]
        assert client.post(classifier, params={"probabilities": "false"}, json=body).status_code == 200


def test_rows_that_would_take_too_long_are_refused_with_the_limit(
    client: TestClient, classifier: str, uploaded: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MOST_PRODUCTS", 80)
    rows = people(11)
    assert client.post(classifier, json={"rows": rows[:10]}).status_code == 200
    answer = client.post(classifier, json={"rows": rows})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "11 rows take 8 multiplications each; rows in a request may take 80 in all" in answer.json()["detail"]
    assert client.post(classifier, json={"dataset": uploaded(rows)}).status_code == 200


def test_a_dataset_that_would_take_too_long_is_refused_with_the_figures(
    client: TestClient, classifier: str, uploaded: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = people(1000)
    body = {"dataset": uploaded(rows)}
    monkeypatch.setattr(bounds, "MOST_S_OF_A_TABLE", 2e-5)
    answer = client.post(classifier, json=body)
    assert (answer.status_code, answer.json()["code"], pointers(answer)) == (422, "invalid", ["/dataset"])
    detail = answer.json()["detail"]
    assert "the table's 1,000 rows take 8 multiplications each, about " in detail
    most = re.search(
        r"about (\S+) seconds in all; a prediction may take 2e-05: send .* in parts of (\d+) rows or fewer", detail
    )
    assert most is not None
    assert int(most[2]) == pytest.approx(1000 * 2e-5 / float(most[1]), abs=2)
    monkeypatch.setattr(bounds, "MOST_S_OF_A_TABLE", 1e-9)
    assert client.post(classifier, json=body).json()["detail"].endswith("a prediction may take 1e-09")
    assert client.post(classifier, json={"rows": rows}).status_code == 200
    monkeypatch.setattr(bounds, "MOST_S_OF_A_TABLE", 1.0)
    assert client.post(classifier, json=body).status_code == 200


def test_long_labels_are_counted_in_every_row_that_repeats_them(
    client: TestClient, trained: Callable[..., str], uploaded: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    labels = ("c" * 200_000, "d" * 200_000)
    path = trained(model("softmax_cross_entropy", (Target("pet", "text"),), labels)) + "/predict"
    answer = client.post(path, json={"rows": [[40, True, "Bern"]] * 300})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "180,045,300 bytes, 600,151 for each of 300 rows" in answer.json()["detail"]
    assert "67,108,864 are allowed: send fewer rows at once" in answer.json()["detail"]
    answer = client.post(path, json={"rows": [[40, True, "Bern"]]})
    assert answer.status_code == 200
    assert set(answer.json()["predictions"][0]["probabilities"]) == set(labels)

    rows = people(60)
    body = {"dataset": uploaded(rows)}
    whole = client.post(path, json=body, headers={"Accept": "application/x-ndjson"})  # in pieces of a few rows
    assert len(whole.text.splitlines()) == len(rows)
    service = client.app.state.service  # type: ignore[attr-defined]
    monkeypatch.setattr(service.room, "most_of_one", len(rows) * 600_151)
    answer = client.post(path, json=body)
    assert answer.status_code == 200, answer.text[:300]
    monkeypatch.setattr(service.room, "most_of_one", len(rows) * 600_151 - 1)
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "36,009,059 are allowed: leave the probabilities out" in answer.json()["detail"]
    monkeypatch.setattr(service.room, "most_of_one", 1)
    answer = client.post(f"{path}?probabilities=false", json=body)
    assert answer.status_code == 413
    assert "1 are allowed: send the table in parts" in answer.json()["detail"]
    monkeypatch.setattr(bounds, "PIECE_BYTES", 2**19)
    answer = client.post(path, json=body)
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert "a row of the answer may take 600,151 bytes" in answer.json()["detail"]


@pytest.mark.parametrize("form", list(blocks.MEDIA_TYPES.values()))
@pytest.mark.parametrize("probabilities", ["true", "false"])
@pytest.mark.parametrize("kind", ["numbers", "flags", "classes"])
def test_a_row_is_never_longer_than_it_was_taken_for(
    client: TestClient, trained: Callable[..., str], monkeypatch: pytest.MonkeyPatch, form: str, probabilities: str, kind: str
) -> None:
    of = {
        "numbers": model("mean_squared_error", (Target('p"r', "number", 1e-300, 1e-308), Target("wéight", "number"))),
        "flags": model("binary_cross_entropy", (Target("a,b", "boolean"), Target('"\n"', "boolean")), scale=9.0),
        "classes": model("softmax_cross_entropy", (Target("pet", "text"),), ('c"\n\t', "dög" * 9), scale=9.0),
    }
    path = trained(of[kind]) + "/predict"
    measured: list[tuple[int, int]] = []
    make = blocks.Answering.block

    def block(self: blocks.Answering, start: int, stop: int) -> bytes:
        made = make(self, start, stop)
        measured.append((len(made), (stop - start) * self.manner.row_bytes))
        return made

    monkeypatch.setattr(blocks.Answering, "block", block)
    params = {"probabilities": probabilities}
    answer = client.post(path, json={"rows": [ROW] * 50}, params=params, headers={"Accept": form})
    assert answer.status_code == 200, answer.text
    ((is_, most),) = measured
    assert is_ <= most


def test_a_body_that_is_too_large_is_refused(client: TestClient, classifier: str) -> None:
    answer = client.post(classifier, json={"rows": [{**ROW, "name": "x" * 2**20}]})
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")


def test_many_at_once_load_a_network_once(client: TestClient, regression: str, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = []
    read = Models._read
    monkeypatch.setattr(Models, "_read", lambda self, weights: reads.append(weights) or read(self, weights))
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(regression, json={"rows": [ROW]}), range(24)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(reads) == 1


def test_the_least_recently_used_networks_make_room(
    settings: Settings, trained: Callable[..., str], regression: str, classifier: str
) -> None:
    third = trained(model("mean_squared_error", REGRESSION, scale=3.0)) + "/predict"
    size = BYTES_PER_NETWORK + 4000
    with TestClient(create_app(settings.model_copy(update={"max_models_bytes": 2 * size}))) as client:
        models: Models = client.app.state.service.models  # type: ignore[attr-defined]

        def ask(path: str) -> None:
            assert client.post(path, json={"rows": [ROW]}, headers=AUTHORIZED).status_code == 200
            assert 0 < models.size_bytes <= 2 * size

        for path in (regression, classifier, regression, third, classifier, regression):
            ask(path)


def test_a_network_beyond_the_memory_for_networks_is_refused_with_the_limit(settings: Settings, regression: str) -> None:
    with TestClient(create_app(settings.model_copy(update={"max_models_bytes": 2**10})), headers=AUTHORIZED) as client:
        answer = client.post(regression, json={"rows": [ROW]})
        assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert "networks of up to 1,024 (GRADMILL_MAX_MODELS_BYTES)" in answer.json()["detail"]


def asking(server: Server, path: str, dataset: str) -> socket.socket:
    """A connection that has asked for the predictions of a dataset and got the first bytes of them."""
    connection = socket.create_connection(("127.0.0.1", server.port), timeout=60)
    body = orjson.dumps({"dataset": dataset})
    head = f"POST {path} HTTP/1.1\r\nHost: localhost\r\n{HEADER}Content-Type: application/json\r\n"
    connection.sendall(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert connection.recv(12) == b"HTTP/1.1 200"
    return connection


@pytest.mark.parametrize("is_patient", [False, True])
def test_clients_that_hang_up_or_take_nothing_give_their_turns_back(
    database_url: str, tmp_path: Path, trained: Callable[..., str], is_patient: bool
) -> None:
    target, feature = Target("x0", "number"), Number("x0", 0.0, 1.0, 0.0)
    network = NetworkSpec.model_validate({"layers": [{"units": 1}]})
    card = Card(network, TrainingSpec.model_validate({"loss": "huber"}).loss, Preprocessing((feature,), (target,)))
    weights = {"0.weight": np.ones((1, 1), np.float32), "0.bias": np.zeros(1, np.float32)}
    path = trained(to_safetensors(weights, card.to_json())) + "/predict"
    file = BytesIO()
    np.save(file, np.arange(LARGE_BYTES // 8 + 1) / 3)
    times = {"GRADMILL_BODY_TIMEOUT_S": "1", "GRADMILL_BODY_BYTES_PER_S": "1e9"} if is_patient else {}
    server = Server(database_url, tmp_path, **times)
    try:
        with server.client() as client, ExitStack() as connections:
            headers = {"Content-Type": "application/x-npy"}
            dataset = client.post("/v1/datasets", content=file.getvalue(), headers=headers).json()["id"]
            for _ in range(TABLES + 2):
                connection = asking(server, path, dataset)
                if is_patient:
                    connections.enter_context(connection)
                else:
                    connection.close()
    finally:
        server.stop()
