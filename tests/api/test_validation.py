"""Data to validate on: other rows, another dataset, or rows in the request."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from tests.api.conftest import JSON, messages, xor

AT = "/training/validation"
INLINE = {"inputs": [[0, 1], [1, 1]], "targets": [1, 0]}


def upload(client: TestClient, text: str) -> str:
    answer = client.post("/v1/datasets", content=text.encode(), headers={"Content-Type": "text/csv"})
    assert answer.status_code in (200, 201), answer.text
    return str(answer.json()["id"])


def validated(validation: Any, dataset: JSON | None = None, loss: str = "mean_squared_error", units: int = 1) -> JSON:
    document = xor(
        network={"layers": [{"type": "dense", "units": units}]}, training={"loss": loss, "epochs": 3, "validation": validation}
    )
    return document if dataset is None else {**document, "dataset": dataset}


def refused(client: TestClient, document: JSON) -> dict[str, str]:
    for path in ("/v1/networks/check", "/v1/jobs"):
        answer = client.post(path, json=document)
        assert answer.status_code == 422, answer.text
    return messages(answer)


@pytest.fixture
def cities(client: TestClient) -> JSON:
    id = upload(client, "size,city\n" + "".join(f"{i},{'Oslo' if i % 3 else 'Bern'}\n" for i in range(12)))
    return {"id": id, "target": "city"}


def test_a_fraction_shows_its_default(client: TestClient) -> None:
    answer = client.post("/v1/jobs", json=validated({"fraction": 0.25}))
    assert answer.json()["training"]["validation"] == {"fraction": 0.25, "stratify": None}
    assert answer.json()["plan"]["validation_rows"] == 1


def test_rows_are_counted_in_the_plan(client: TestClient) -> None:
    plan = client.post("/v1/networks/check", json=validated({"rows": [3, 1]})).json()["plan"]
    assert (plan["training_rows"], plan["validation_rows"]) == (2, 2)


@pytest.mark.parametrize(
    ("validation", "pointer", "message"),
    [
        ({}, AT, 'validation must be an object: {"fraction": 0.2} of the rows'),
        ("half", AT, 'validation is "half"; it must be an object'),
        ({"fraction": 0.99}, f"{AT}/fraction", "fraction is 0.99, which leaves none of the dataset's 4 rows"),
        ({"fraction": 2}, f"{AT}/fraction", "validation.fraction is 2; it must be below 1"),
        ({"fraction": 0.2, "rows": [1]}, f"{AT}/rows", 'validation has no field "rows"; its fields are fraction, stratify'),
        ({"stratify": True}, f"{AT}/fraction", "validation.fraction is missing"),
        ({"fraction": 0.5, "stratify": True}, f"{AT}/stratify", "stratify is true, but there are no classes"),
        ({"rows": []}, f"{AT}/rows", "validation.rows has 0 items; it must have at least 1 item"),
        ({"rows": [0, 4]}, f"{AT}/rows/1", "row 4 is not there; the dataset's 4 rows are 0 to 3"),
        ({"rows": [0, 1, 2, 3]}, f"{AT}/rows", "rows names all of the dataset's 4 rows"),
        ({"rows": [0.5]}, f"{AT}/rows/0", "validation.rows[0] is 0.5; it must be a whole number"),
        ({"rows": [-1]}, f"{AT}/rows/0", "validation.rows[0] is -1; it must be 0 or more"),
        ({"rows": ["x"] * 100_000}, f"{AT}/rows/0", 'validation.rows[0] is "x"; it must be a whole number'),
        ({"rows": [0] * 100_001}, f"{AT}/rows", "validation.rows has 100001 items; it must have at most 100000 items"),
        ({"dataset": "ds_1"}, f"{AT}/dataset", "there is no dataset 'ds_1'"),
        ({"inputs": [[1, "a"]], "targets": [1]}, f"{AT}/inputs/0/1", '"a" is given; a number is expected'),
        ({"inputs": [[1, 2]], "targets": [1, 2]}, f"{AT}/targets", "targets has 2 rows, inputs has 1"),
        ({"inputs": [[1, 2]]}, f"{AT}/targets", "validation.targets is missing"),
        (
            {"inputs": [[1]], "targets": [1]},
            f"{AT}/inputs",
            "validation.inputs holds rows of 1, the dataset's inputs rows of 2",
        ),
        ({"inputs": [[1, 2]], "targets": ["a"]}, f"{AT}/targets", 'validation data: column "target" is text'),
    ],
)
def test_what_is_wrong_is_said_with_its_place(client: TestClient, validation: Any, pointer: str, message: str) -> None:
    [(at, told)] = refused(client, validated(validation)).items()
    assert at == pointer
    assert told.startswith(message)


def test_what_is_wrong_elsewhere_is_said_too(client: TestClient) -> None:
    document = validated({"dataset": "ds_1"}, units=2)
    document["training"]["metrics"] = ["accuracy"]
    assert set(refused(client, document)) == {f"{AT}/dataset", "/training/metrics/0"}


def test_another_dataset_may_have_other_texts_but_no_other_classes(client: TestClient, cities: JSON) -> None:
    more = upload(client, "extra,city,size\nx,Oslo,3\ny,Bern,4\n")
    job = client.post("/v1/jobs", json=validated({"dataset": more}, cities, "softmax_cross_entropy", 2)).json()
    assert (job["plan"]["training_rows"], job["plan"]["validation_rows"]) == (12, 2)
    assert job["training"]["validation"] == {"dataset": more}
    strange = upload(client, "city,size\nOslo,3\nRome,4\n")
    assert refused(client, validated({"dataset": strange}, cities, "softmax_cross_entropy", 2)) == {
        f"{AT}/dataset": 'validation data: column "city" holds "Rome", a class that the training data do not know'
    }


def test_data_in_the_request_go_with_data_in_the_request(client: TestClient, cities: JSON) -> None:
    found = refused(client, validated(INLINE, cities, "softmax_cross_entropy", 2))
    message = 'validation.inputs goes with data in the request; beside a stored dataset give {"dataset": "ds_…"}'
    assert found == {f"{AT}/inputs": message}


def test_data_to_validate_on_become_a_dataset_that_is_kept_while_the_job_needs_it(client: TestClient) -> None:
    job = client.post("/v1/jobs", json=validated(INLINE)).json()
    assert (job["plan"]["training_rows"], job["plan"]["validation_rows"]) == (4, 2)
    [field] = job["training"]["validation"].items()
    assert field[0] == "dataset"
    path = f"/v1/datasets/{field[1]}"
    assert (client.get(path).json()["rows"], client.get(path).json()["source"]) == (2, "inline")
    assert client.delete(path).status_code == 409
    client.post(f"/v1/jobs/{job['id']}/cancel")
    assert client.delete(path).status_code == 204
    again = client.post("/v1/jobs", json=validated(INLINE)).json()
    assert client.get(f"/v1/datasets/{again['training']['validation']['dataset']}").status_code == 200


@pytest.mark.parametrize(
    "validation",
    [
        [],
        0,
        {"rows": {"0": 1}},
        {"rows": [True]},
        {"rows": [2**70]},
        {"rows": [None]},
        {"dataset": None},
        {"dataset": "../ds"},
        {"dataset": "ds_" + "0" * 90},
        {"inputs": {}, "targets": []},
        {"inputs": [[]], "targets": [[]]},
        {"inputs": [[1, 2]], "targets": [[1], [2]], "weights": {}},
        {"inputs": [[1, 2]], "targets": [1], "weights": [None]},
        {"fraction": None},
        {"fraction": 0.5, "stratify": "yes"},
    ],
)
def test_nonsense_is_the_client_s_fault(client: TestClient, validation: Any) -> None:
    for pointer in refused(client, validated(validation)):
        assert pointer.startswith(AT)


@pytest.mark.parametrize(
    "data",
    [
        {"weights": [1]},
        {"weights": []},
        {"weights": {}},
        {"weights": ["1", "1", "1", "1"]},
        {"weights": [0, 0, 0, 0]},
        {"weights": [1, -1, 1, 1]},
        {"class_weights": []},
        {"class_weights": "all"},
        {"class_weights": {}, "scaling": "wide"},
        {"class_weights": {"": 1}},
        {"class_weights": {"0": "1"}},
        {"class_weights": {"0": 0}},
        {"class_weights": {"0": 1e7}},
        {"class_weights": {"0": 1, "0.0": 1}},
        {"class_weights": {"~/" * 5000: 1}},
        {"class_weights": {str(i): 1 for i in range(9_000)}},
        {"class_weights": {str(i): 1 for i in range(10_001)}},
    ],
)
def test_nonsense_about_weights_is_the_client_s_fault(client: TestClient, data: JSON) -> None:
    network = {"layers": [{"type": "dense", "units": 2}]}
    document = xor(network=network, training={"loss": "softmax_cross_entropy"})
    refused(client, {**document, "dataset": {**document["dataset"], **data}})


def test_data_may_be_validated_on_themselves(client: TestClient) -> None:
    data = xor()["dataset"]
    job = client.post("/v1/jobs", json=validated(data)).json()
    assert job["training"]["validation"]["dataset"] == job["dataset"]["id"]
