"""What jobs are called: by their clients, or by what they learn."""

from collections.abc import Callable
from typing import Any

import pytest
from starlette.testclient import TestClient

from core.jobs import MOST_NAME
from tests.api.conftest import JSON, pointers, xor

ROWS = "length,width,species,fresh\n5.1,3.5,setosa,true\n6.2,2.9,virginica,false\n4.9,3.0,setosa,true\n"


@pytest.fixture
def named(client: TestClient) -> Callable[..., Any]:
    """The name of a job that learns these columns of a dataset of this name."""

    def name(dataset: str | None, *targets: str, rows: str = ROWS, **job: Any) -> Any:
        params = {"name": dataset} if dataset else {}
        id = client.post("/v1/datasets", content=rows, params=params, headers={"Content-Type": "text/csv"}).json()["id"]
        answer = client.post("/v1/jobs", json={"dataset": {"id": id, "target": list(targets)}, **job})
        assert answer.status_code == 202, answer.text
        assert client.get(f"/v1/jobs/{answer.json()['id']}").json()["name"] == answer.json()["name"]
        return answer.json()["name"]

    return name


def test_a_job_has_the_name_that_it_was_given_wherever_it_is_told_of(
    client: TestClient, submitted: Callable[..., JSON]
) -> None:
    job = submitted(name="цена, wider")
    assert job["name"] == "цена, wider"
    assert client.get(f"/v1/jobs/{job['id']}").json()["name"] == job["name"]
    assert [each["name"] for each in client.get("/v1/jobs").json()["data"]] == [job["name"]]
    assert [event["name"] for event in client.get("/v1/events").json()["data"]] == [job["name"]]


def test_a_job_without_a_name_is_called_by_what_it_learns_where_its_data_have_one(named: Callable[..., Any]) -> None:
    assert named("iris", "species") == "species from iris"
    assert named(None, "species", rows=ROWS + "5.0,3.4,setosa,false\n") is None
    assert named("iris", "species", name="mine") == "mine"
    assert named("iris", "species", name=None) == "species from iris"
    assert named("iris", "length", "width") == "length, width from iris"


def test_the_name_of_many_targets_tells_the_first_and_a_long_one_is_cut(named: Callable[..., Any]) -> None:
    columns = [f"y{i}" for i in range(9)]
    rows = "\n".join([",".join(["x", *columns]), *(",".join(["0.5"] * 10) for _ in range(3))])
    assert named("nine", *columns, rows=rows) == "y0, y1, y2 and 6 more from nine"
    long = named("d" * 200, "species", rows=ROWS + "1,1,setosa,true\n")
    assert (len(long), long[:16], long[-1]) == (MOST_NAME, "species from ddd", "…")


def test_rows_in_the_request_have_no_name(submitted: Callable[..., JSON]) -> None:
    assert submitted()["name"] is None


@pytest.mark.parametrize("name", ["", "n" * (MOST_NAME + 1), 7, ["a"], True])
def test_a_name_that_is_none_is_refused(client: TestClient, name: Any) -> None:
    assert pointers(client.post("/v1/jobs", json=xor(name=name))) == ["/name"]
