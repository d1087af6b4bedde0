"""Requests that leave things open: the answers say what was chosen, and where it is still the author's fault."""

from typing import Any

import pytest
from starlette.testclient import TestClient

from api.answers import CheckAnswer, JobAnswer
from tests.api.conftest import JSON, messages, pointers, xor

FLOWERS = "length,width,species\n" + "".join(f"{i % 7}.5,{i % 5}.25,{'abc'[i % 3]}\n" for i in range(60))


@pytest.fixture
def flowers(client: TestClient) -> str:
    answer = client.post("/v1/datasets", content=FLOWERS, headers={"Content-Type": "text/csv"})
    return str(answer.json()["id"])


def at(document: Any, pointer: str) -> Any:
    for part in pointer.split("/")[1:]:
        document = document[part]
    return document


def agree(stored: Any, chosen: Any) -> bool:
    """The stored value is the chosen one with the defaults of what it leaves out."""
    if isinstance(chosen, dict):
        return all(agree(stored[name], value) for name, value in chosen.items())
    if isinstance(chosen, list):
        return len(stored) == len(chosen) and all(map(agree, stored, chosen))
    return bool(chosen == (stored["type"] if isinstance(stored, dict) else stored))


@pytest.mark.parametrize("rest", [{}, {"network": "auto", "training": {}}, {"network": {"layers": "auto"}}])
def test_the_data_alone_make_a_job_and_the_answer_shows_all_that_was_chosen(
    client: TestClient, flowers: str, rest: JSON
) -> None:
    answer = client.post("/v1/jobs", json={"dataset": {"id": flowers, "target": "species"}, **rest})
    assert answer.status_code == 202, answer.text
    job = JobAnswer.model_validate(answer.json()).model_dump(mode="json")
    assert job["chosen"].keys() == {
        "/network/layers",
        "/training/loss",
        "/training/metrics",
        "/training/validation",
        "/training/optimizer",
        "/training/batch_size",
        "/training/epochs",
        "/training/early_stopping",
    }
    for pointer, value in job["chosen"].items():
        assert agree(at(job, pointer), value), pointer
    assert job["progress"]["epochs"] == job["chosen"]["/training/epochs"]
    assert client.get(f"/v1/jobs/{job['id']}").json()["chosen"] == job["chosen"]


def test_the_dry_run_chooses_what_the_job_will_be(client: TestClient, flowers: str) -> None:
    request = {"dataset": {"id": flowers, "target": "species"}}
    checked = client.post("/v1/networks/check", json=request).json()
    CheckAnswer.model_validate(checked)
    assert checked["chosen"] == client.post("/v1/jobs", json=request).json()["chosen"]
    assert checked["plan"]["outputs"] == 3


def test_rows_in_the_request_are_enough_too(client: TestClient) -> None:
    data = {"inputs": [[i, i % 3] for i in range(40)], "targets": [i * 2.5 for i in range(40)]}
    job = client.post("/v1/jobs", json={"dataset": data}).json()
    assert job["training"]["loss"]["type"] == "mean_squared_error"
    assert job["dataset"]["scaling"] == job["chosen"]["/dataset/scaling"] == "standard"


def test_texts_that_hardly_repeat_are_left_out_and_the_answer_says_how_to_take_them_in(client: TestClient) -> None:
    content = "name,length,when,species\n" + "".join(
        f"name {i},{i % 7}.5,{i % 28 + 1}.05.2024,{'abc'[i % 3]}\n" for i in range(60)
    )
    dataset = client.post("/v1/datasets", content=content, headers={"Content-Type": "text/csv"}).json()
    assert dataset["left_out"] == ["name"]
    data: JSON = {"id": dataset["id"], "target": "species"}
    job = client.post("/v1/jobs", json={"dataset": data}).json()
    assert job["chosen"]["/dataset/features"] == job["dataset"]["features"] == ["length"]
    assert job["plan"]["inputs"] == 1
    name, when = [warning["message"] for warning in job["warnings"]]
    assert name.startswith('column "name" is left out: it has 60 different texts in 60 rows')
    assert when.startswith('column "when" is left out: dates and times are not used')
    named = client.post("/v1/networks/check", json={"dataset": {**data, "features": ["name", "length"]}}).json()
    assert (named["plan"]["inputs"], "/dataset/features" in named["chosen"]) == (61, False)


def test_numbers_of_the_rows_are_left_out_and_the_answer_says_how_to_take_them_in(client: TestClient) -> None:
    lines = "".join(f"{10000 + i},{900 + i * 7919 % 1009},{i % 7}.5,{i % 5 * 100}\n" for i in range(60))
    content = f"Objekt-Nr,Kundennummer,area,rent\n{lines}"
    dataset = client.post("/v1/datasets", content=content, headers={"Content-Type": "text/csv"}).json()
    assert dataset["left_out"] == ["Objekt-Nr", "Kundennummer"]
    assert [column["numbering"] for column in dataset["columns"]] == ["rising", "named", None, None]
    data: JSON = {"id": dataset["id"], "target": "rent"}
    job = client.post("/v1/jobs", json={"dataset": data}).json()
    assert job["chosen"]["/dataset/features"] == job["dataset"]["features"] == ["area"]
    told = [warning["message"] for warning in job["warnings"]]
    assert [message.split(" is ")[0] for message in told] == [f'column "{name}"' for name in dataset["left_out"]]
    assert all(message.endswith("; to take it in, name the column in features") for message in told)
    named = {**data, "features": ["Objekt-Nr", "area"]}
    taken = client.post("/v1/networks/check", json={"dataset": named}).json()
    assert (taken["plan"]["inputs"], "/dataset/features" in taken["chosen"]) == (2, False)
    assert [warning["pointer"] for warning in taken["warnings"]] == ["/dataset/features/0"]


def test_rows_in_the_request_have_no_names_and_are_taken_as_they_are(client: TestClient) -> None:
    data = {"inputs": [[i, i % 3] for i in range(40)], "targets": [i * 2.5 for i in range(40)]}
    checked = client.post("/v1/networks/check", json={"dataset": data}).json()
    assert (checked["plan"]["inputs"], checked["warnings"]) == (2, [])


def test_what_is_chosen_can_be_sent_as_it_stands(client: TestClient, flowers: str) -> None:
    data = {"id": flowers, "target": "species"}
    chosen = client.post("/v1/networks/check", json={"dataset": data}).json()["chosen"]
    request: JSON = {"dataset": data, "network": {}, "training": {}}
    for pointer, value in chosen.items():
        _, part, field = pointer.split("/")
        request[part][field] = value
    answer = client.post("/v1/networks/check", json=request).json()
    assert answer["chosen"] == {}


def test_a_wrong_target_is_the_only_problem_of_a_job_that_leaves_the_rest_open(client: TestClient, flowers: str) -> None:
    answer = client.post(
        "/v1/jobs", json={"dataset": {"id": flowers, "target": "specie"}, "training": {"metrics": ["accuracy"]}}
    )
    assert answer.status_code == 422
    assert messages(answer) == {"/dataset/target": 'there is no column "specie"; near it: "species"'}


@pytest.mark.parametrize("part", ["network", "training"])
@pytest.mark.parametrize("value", [None, 7, [], "automatic"])
def test_something_else_in_the_place_of_a_part_is_refused(client: TestClient, part: str, value: Any) -> None:
    answer = client.post("/v1/jobs", json=xor(**{part: value}))
    assert (answer.status_code, pointers(answer)) == (422, [f"/{part}"])


def dirty(client: TestClient, query: str = "") -> str:
    """The id of 300 houses of which one has no price that could be read, and another no size."""
    rows = [f"{i}.25,{i % 7},{2 * i}.5\n" for i in range(300)]
    rows[56], rows[99] = "56.25,2,n/a?\n", "12 qm,2,198.5\n"
    answer = client.post(
        f"/v1/datasets{query}", content="size,rooms,price\n" + "".join(rows), headers={"Content-Type": "text/csv"}
    )
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


@pytest.mark.parametrize("path", ["/v1/networks/check", "/v1/jobs"])
@pytest.mark.parametrize("training", [{}, {"loss": "auto"}, {"loss": "mean_squared_error"}])
def test_columns_of_numbers_with_a_dirty_cell_are_refused_with_that_cell(client: TestClient, path: str, training: JSON) -> None:
    answer = client.post(path, json={"dataset": {"id": dirty(client), "target": "price"}, "training": training})
    assert (answer.status_code, pointers(answer)) == (422, ["/dataset/target", "/dataset/features"]), answer.text
    price, size = messages(answer).values()
    assert (
        'column "price" is text, though 299 of its 300 cells look like numbers; '
        'the other is "n/a?" in row 56 (line 58 of the file)' in price
    )
    assert '"12 qm" in row 99 (line 101 of the file); as a feature it would become 300 inputs: ' in size
    assert "upload the data with numbers=size" in size


def test_dirty_numbers_are_learnt_from_once_the_upload_says_that_they_are_numbers(client: TestClient) -> None:
    data = dirty(client, "?numbers=size&missing_values=12+qm&missing_values=n/a?")
    request: JSON = {"dataset": {"id": data, "target": "price"}}
    answer = client.post("/v1/jobs", json=request)
    assert messages(answer) == {
        "/dataset/target": 'column "price" misses 1 of 300 values, in row 56 (line 58 of the file); a target must have all of '
        "them: fill them in, or leave these rows out"
    }
    request["dataset"] = {"id": data, "target": "rooms", "missing": "indicator"}
    job = JobAnswer.model_validate(client.post("/v1/jobs", json=request).json())
    assert (job.warnings, job.plan["inputs"]) == ([], 2 * 2)


def test_a_job_that_is_told_to_take_dirty_numbers_as_texts_is_warned_of_them(client: TestClient) -> None:
    data = {"id": dirty(client), "target": "price", "categories": "embedding"}
    request = {"dataset": data, "training": {"loss": "softmax_cross_entropy"}}
    checked = CheckAnswer.model_validate(client.post("/v1/networks/check", json=request).json())
    job = JobAnswer.model_validate(client.post("/v1/jobs", json=request).json())
    assert job.warnings == checked.warnings
    assert [warning.pointer for warning in job.warnings] == ["/dataset/target", "/dataset/features"]
    assert '"n/a?" in row 56 (line 58 of the file); each of its 300 texts is a class' in job.warnings[0].message
    assert '"12 qm" in row 99 (line 101 of the file); they become codes for an embedding' in job.warnings[1].message
    told = JobAnswer.model_validate(client.get(f"/v1/jobs/{job.id}").json())
    assert told.warnings == job.warnings


def test_clean_data_are_not_warned_of(client: TestClient, flowers: str) -> None:
    request = {"dataset": {"id": flowers, "target": "species"}}
    assert client.post("/v1/networks/check", json=request).json()["warnings"] == []
    assert client.post("/v1/jobs", json=xor()).json()["warnings"] == []


@pytest.mark.parametrize("path", ["/v1/networks/check", "/v1/jobs"])
@pytest.mark.parametrize(
    ("training", "rows", "is_told"),
    [
        ({"epochs": 3}, 50, True),
        ({"epochs": 3, "loss": "mean_squared_error"}, 60, True),
        ({"epochs": 3}, 49, False),
        ({}, 50, False),  # validation is chosen
        ({"epochs": "auto"}, 50, False),
        ({"epochs": 3, "validation": None}, 50, False),
        ({"epochs": 3, "validation": {"fraction": 0.2}}, 50, False),
    ],
)
def test_a_job_that_validates_nothing_without_saying_so_is_warned(
    client: TestClient, path: str, training: JSON, rows: int, is_told: bool
) -> None:
    data = {"inputs": [[i / rows] for i in range(rows)], "targets": [i * 0.5 for i in range(rows)]}
    answer = client.post(path, json={"dataset": data, "training": training})
    assert answer.status_code in (200, 202), answer.text
    warned = answer.json()["warnings"]
    assert [warning["pointer"] for warning in warned] == ["/training/validation"] * is_told
    assert all('{"fraction": 0.2}' in warning["message"] and "null" in warning["message"] for warning in warned)


def test_an_empty_request_lacks_its_data_alone(client: TestClient) -> None:
    assert pointers(client.post("/v1/jobs", json={})) == ["/dataset"]


def test_a_job_with_a_budget_has_no_number_of_epochs_before_it_runs(client: TestClient, flowers: str) -> None:
    data = {"id": flowers, "target": "species"}
    job = client.post("/v1/jobs", json={"dataset": data, "training": {"budget_s": 30}}).json()
    assert job["progress"]["epochs"] is None
    assert job["chosen"]["/training/epochs"] == 10_000_000
    assert job["training"]["early_stopping"] is None
    assert job["plan"]["estimated_seconds"] <= 30
    JobAnswer.model_validate(job)


TOO_FEW = "12 rows are too few to hold some out: what is measured is measured on the rows that the network learned from"


@pytest.mark.parametrize(
    ("rows", "training", "told"),
    [
        (12, {}, [TOO_FEW]),
        (12, {"budget_s": 30}, [TOO_FEW]),
        (20, {}, []),
        (12, {"validation": None}, []),
        (12, {"validation": {"fraction": 0.25}}, []),
        (12, {"epochs": 5}, []),
    ],
)
def test_that_few_rows_are_measured_as_they_are_learned_is_told(
    client: TestClient, rows: int, training: JSON, told: list[str]
) -> None:
    data = {"inputs": [[i % 5, i % 3] for i in range(rows)], "targets": [i % 2 for i in range(rows)]}
    for path in ("/v1/networks/check", "/v1/jobs"):
        warned = client.post(path, json={"dataset": data, "training": training}).json()["warnings"]
        assert [(each["pointer"], each["message"]) for each in warned] == [("/training/validation", each) for each in told]


def test_a_text_that_differs_in_each_of_a_few_rows_is_left_out(client: TestClient) -> None:
    lines = "".join(f"customer {i},{i % 5 * 10},{'yes' if i % 2 else 'no'}\n" for i in range(12))
    content = f"customer,months,leaves\n{lines}"
    dataset = client.post("/v1/datasets", content=content, headers={"Content-Type": "text/csv"}).json()
    assert dataset["left_out"] == ["customer"]
    job = client.post("/v1/jobs", json={"dataset": {"id": dataset["id"], "target": "leaves"}}).json()
    assert (job["plan"]["inputs"], job["dataset"]["features"]) == (1, ["months"])
    left_out = (
        'column "customer" is left out: it has 12 different texts in 12 rows, each of which would be an input; to take the '
        "texts in, name the column in features"
    )
    assert [warning["message"] for warning in job["warnings"]] == [left_out, TOO_FEW]


@pytest.mark.parametrize("budget", [0, 0.5, 86_401, "30", True, 1e300])
def test_a_budget_is_a_number_of_seconds_from_one_to_a_day(client: TestClient, budget: Any) -> None:
    answer = client.post("/v1/jobs", json=xor(training={"loss": "mean_squared_error", "budget_s": budget}))
    assert (answer.status_code, pointers(answer)) == (422, ["/training/budget_s"]), answer.text
