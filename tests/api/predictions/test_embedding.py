"""Predictions by an embedding, whose inputs are rows of a table: what is none is told before the answer begins."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from api import predictions as blocks
from core.nn.preparation.features import Boolean, Number
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.targets import Target
from core.nn.saving.model import Card
from core.nn.saving.weights import to_safetensors
from core.nn.spec import NetworkSpec, TrainingSpec
from tests.api.conftest import JSON, RESULT, Worker, messages

ALLOWED = "the embedding takes whole numbers from 0 to 3"
GOOD = {"a": 3, "b": True, "c": 1}


@pytest.fixture
def path(submitted: Callable[..., JSON], worker: Worker) -> str:
    """y = the sum of the three columns, by a table of four rows."""
    features = (Number("a", 0.0, 1.0, 1.5), Boolean("b", 0.25), Number("c", 0.0, 1.0, 2.0))
    layers = [{"type": "embedding", "vocabulary": 4, "dimension": 1}, {"units": 1}]
    loss = TrainingSpec.model_validate({"loss": "mean_squared_error"}).loss
    card = Card(NetworkSpec.model_validate({"layers": layers}), loss, Preprocessing(features, (Target("y", "number"),)))
    weights = {
        "0.weight": np.arange(4, dtype=np.float32)[:, None],
        "1.weight": np.ones((1, 3), np.float32),
        "1.bias": np.zeros(1, np.float32),
    }
    job = submitted()
    worker.store.jobs.succeed(worker.claim(), RESULT, {"best": to_safetensors(weights, card.to_json())})
    return f"/v1/jobs/{job['id']}/predict"


@pytest.fixture
def in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blocks, "PIECE_CELLS", 256)


def uploaded(client: TestClient, rows: Any, media_type: str = "application/json") -> str:
    body = {"content": rows} if isinstance(rows, str) else {"json": rows}
    answer = client.post("/v1/datasets", **body, headers={"Content-Type": media_type})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_rows_of_the_table_are_predicted(client: TestClient, path: str) -> None:
    rows = [GOOD, {"a": 0, "b": False, "c": None}]
    for body in ({"rows": rows}, {"dataset": uploaded(client, rows)}):
        answer = client.post(path, json=body)
        assert [each["values"] for each in answer.json()["predictions"]] == [{"y": 5.0}, {"y": 2.0}]


@pytest.mark.usefixtures("in_pieces")
def test_what_is_no_row_of_the_table_has_its_pointer_wherever_it_stands(client: TestClient, path: str) -> None:
    rows: list[Any] = [GOOD] * 1000
    rows[700] = {**GOOD, "a": 9, "c": -1}
    rows[900] = [2.5, None, None]
    answer = client.post(path, json={"rows": rows})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data")
    assert messages(answer) == {
        "/rows/700/a": f'rows[700]: column "a" is 9; {ALLOWED}',
        "/rows/700/c": f'rows[700]: column "c" is -1; {ALLOWED}',
        "/rows/900/0": f'rows[900]: column "a" is 2.5; {ALLOWED}',
        "/rows/900/1": f'rows[900]: column "b" has no value, which counts as 0.25; {ALLOWED}',
    }


@pytest.mark.usefixtures("in_pieces")
@pytest.mark.parametrize(
    ("cell", "is_"),
    [("4", "is 4"), ("-1", "is -1"), ("2.5", "is 2.5"), ("", "has no value, which counts as 1.5"), ("3.99999999", "is 4")],
)
def test_a_dataset_with_such_a_row_is_refused_before_the_answer_begins(
    client: TestClient, path: str, cell: str, is_: str
) -> None:
    lines = ["a,b,c", *(f"{i % 4},true,1" for i in range(1000)), f"{cell},true,1"]
    answer = client.post(path, json={"dataset": uploaded(client, "\n".join(lines), "text/csv")})
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_data")
    assert messages(answer) == {"/dataset": f'row 1000 (line 1002 of the file): column "a" {is_}; {ALLOWED}'}


def test_fractions_are_found_among_more_values_than_are_listed(client: TestClient, path: str) -> None:
    rows = [{**GOOD, "a": i / 1000} for i in range(3000)]
    answer = client.post(path, json={"dataset": uploaded(client, rows)})
    assert messages(answer) == {"/dataset": f'row 1: column "a" is 0.001; {ALLOWED}'}


def test_a_column_without_any_value_is_refused_where_training_had_none_that_could_stand_for_it(
    client: TestClient, path: str
) -> None:
    answer = client.post(path, json={"dataset": uploaded(client, [{**GOOD, "a": None}] * 3)})
    assert messages(answer) == {"/dataset": f'column "a" has no value, which counts as 1.5; {ALLOWED}'}
    answer = client.post(path, json={"dataset": uploaded(client, [{**GOOD, "c": None}] * 3)})
    assert [each["values"] for each in answer.json()["predictions"]] == [{"y": 3.0 + 1 + 2}] * 3
