"""Epochs and events: nothing is lost or thinned by being read."""

import csv
import time
from collections.abc import Callable
from io import StringIO
from threading import Thread

import pytest
from starlette.testclient import TestClient

from api.answers import EpochList, EventList
from api.routes import history
from tests.api.conftest import JSON, Worker


@pytest.fixture
def path(submitted: Callable[..., JSON], worker: Worker) -> str:
    """A running job with 20 recorded epochs."""
    job = submitted(training={"loss": "mean_squared_error", "epochs": 100})
    worker.record(worker.claim(), range(1, 21))
    return f"/v1/jobs/{job['id']}"


def test_pages_of_epochs_follow_each_other(client: TestClient, path: str) -> None:
    seen, after = [], "0"
    while after is not None:
        page = client.get(f"{path}/epochs", params={"after": after, "limit": 7}).json()
        EpochList.model_validate(page)
        seen += [epoch["epoch"] for epoch in page["data"]]
        after = page["next_cursor"]
    assert seen == list(range(1, 21))


def test_points_thin_the_history_and_keep_its_ends(client: TestClient, path: str) -> None:
    epochs = [epoch["epoch"] for epoch in client.get(f"{path}/epochs", params={"points": 5}).json()["data"]]
    assert len(epochs) == 5
    assert (epochs[0], epochs[-1]) == (1, 20)


def test_points_and_pages_exclude_each_other(client: TestClient, path: str) -> None:
    assert client.get(f"{path}/epochs", params={"points": 5, "after": 3}).status_code == 422


def test_epochs_are_a_table_for_those_who_like_csv(client: TestClient, path: str) -> None:
    answer = client.get(f"{path}/epochs", headers={"Accept": "text/csv"})
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(StringIO(answer.text)))
    listed = client.get(f"{path}/epochs").json()["data"]
    assert [float(row["loss"]) for row in rows] == [epoch["loss"] for epoch in listed]
    assert [float(row["accuracy"]) for row in rows] == [epoch["metrics"]["accuracy"] for epoch in listed]


@pytest.mark.parametrize("piece", [6, 7, 10, 2000])
def test_a_table_holds_all_epochs_unless_a_limit_is_given(
    client: TestClient, path: str, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(history, "PIECE", piece)
    monkeypatch.setattr(history, "USUAL_EPOCHS", 5)

    def table(**parameters: int) -> tuple[list[int], str | None]:
        answer = client.get(f"{path}/epochs", params=parameters, headers={"Accept": "text/csv"})
        assert answer.status_code == 200, answer.text
        return [int(row["epoch"]) for row in csv.DictReader(StringIO(answer.text))], answer.headers.get("link")

    assert table() == (list(range(1, 21)), None)
    assert table(after=6) == (list(range(7, 21)), None)
    assert table(after=20) == ([], None)
    assert table(limit=4) == ([1, 2, 3, 4], f'<{path}/epochs?limit=4&after=4>; rel="next"')
    assert table(points=2) == ([1, 20], None)


def test_a_link_leads_through_the_pages(client: TestClient, path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(history, "USUAL_EPOCHS", 8)
    answer = client.get(f"{path}/epochs")
    seen = answer.json()["data"]
    while link := answer.links.get("next"):
        answer = client.get(link["url"])
        seen += answer.json()["data"]
    assert [epoch["epoch"] for epoch in seen] == list(range(1, 21))


def test_a_table_of_no_job_is_not_begun(client: TestClient) -> None:
    answer = client.get(f"/v1/jobs/job_{'0' * 32}/epochs", headers={"Accept": "text/csv"})
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


def test_a_form_that_epochs_do_not_have_is_refused(client: TestClient, path: str) -> None:
    answer = client.get(f"{path}/epochs", headers={"Accept": "image/png"})
    assert answer.status_code == 406
    assert "text/csv" in answer.json()["detail"]


def test_every_transition_is_an_event(client: TestClient, trained: JSON) -> None:
    page = client.get(f"/v1/jobs/{trained['id']}/events").json()
    EventList.model_validate(page)
    assert [event["seq"] for event in page["data"]] == list(range(1, len(page["data"]) + 1))
    assert [event["type"] for event in page["data"]] == ["submitted", "claimed", "succeeded"]
    rest = client.get(f"/v1/jobs/{trained['id']}/events", params={"after": 1, "limit": 1}).json()
    assert [event["type"] for event in rest["data"]] == ["claimed"]
    assert rest["next_cursor"] == "2"


def test_a_job_without_epochs_has_an_empty_history(client: TestClient, submitted: Callable[..., JSON]) -> None:
    path = f"/v1/jobs/{submitted()['id']}/epochs"
    assert client.get(path).json() == {"object": "list", "data": [], "has_more": False, "next_cursor": None}
    assert client.get(path, params={"points": 10}).json()["data"] == []
    assert client.get(path, headers={"Accept": "text/csv"}).text.startswith("epoch,loss,")


def waited(client: TestClient, path: str, **parameters: float) -> tuple[list[int], float]:
    """The epochs of the answer, and the seconds that it took."""
    began = time.monotonic()
    answer = client.get(f"{path}/epochs", params=parameters)
    assert answer.status_code == 200, answer.text
    return [epoch["epoch"] for epoch in answer.json()["data"]], time.monotonic() - began


def test_who_waits_for_epochs_that_are_there_is_answered_at_once(client: TestClient, path: str) -> None:
    epochs, seconds = waited(client, path, after=18, wait=60)
    assert (epochs, seconds < 30) == ([19, 20], True)


def test_who_waits_is_answered_with_the_next_epoch(client: TestClient, submitted: Callable[..., JSON], worker: Worker) -> None:
    job = submitted(training={"loss": "mean_squared_error", "epochs": 100})
    claim = worker.claim()
    answers: list[tuple[list[int], float]] = []
    path = f"/v1/jobs/{job['id']}"
    asking = [Thread(target=lambda name=name: answers.append(waited(client, path, **{name: 0, "wait": 60}))) for name in NAMES]
    for thread in asking:
        thread.start()
    asking[0].join(0.2)
    assert all(thread.is_alive() for thread in asking)
    worker.record(claim, [1, 2])
    for thread in asking:
        thread.join(30)
    assert [epochs for epochs, _ in answers] == [[1, 2]] * len(NAMES)


NAMES = ("after", "since_epoch")


def test_who_waits_hears_of_the_end(client: TestClient, trained: JSON) -> None:
    epochs, seconds = waited(client, f"/v1/jobs/{trained['id']}", after=3, wait=60)
    assert (epochs, seconds < 30) == ([], True)


def test_who_waits_in_vain_is_answered_after_the_time(client: TestClient, path: str) -> None:
    epochs, seconds = waited(client, path, after=20, wait=0.1)
    assert (epochs, seconds >= 0.1) == ([], True)


@pytest.mark.parametrize(
    ("parameters", "named"),
    [
        ({"wait": 61}, "wait"),
        ({"wait": -1}, "wait"),
        ({"wait": "NaN"}, "wait"),
        ({"wait": 1, "points": 5}, "points"),
        ({"since_epoch": 3, "points": 5}, "points"),
        ({"since_epoch": 3, "after": 3}, "since_epoch"),
    ],
)
def test_waits_that_make_no_sense_are_refused(client: TestClient, path: str, parameters: JSON, named: str) -> None:
    answer = client.get(f"{path}/epochs", params=parameters)
    assert (answer.status_code, answer.json()["errors"][0]["parameter"]) == (422, named)


def test_links_go_on_from_either_name(client: TestClient, path: str) -> None:
    answer = client.get(f"{path}/epochs", params={"since_epoch": 4, "limit": 8})
    assert answer.headers["link"] == f'<{path}/epochs?limit=8&after=12>; rel="next"'
    assert [epoch["epoch"] for epoch in client.get(answer.links["next"]["url"]).json()["data"]] == list(range(13, 21))
