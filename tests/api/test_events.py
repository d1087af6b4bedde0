"""Streams of events that come to an end: what they hold, where they begin, what is refused."""

import json
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf, nan
from threading import Thread
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from starlette.testclient import TestClient

from api import streams
from api.answers import EpochAnswer, EventAnswer, FeedEventList
from api.app import create_app
from api.openapi import document
from api.routes import events
from core.store import Store
from tests.api.conftest import JSON, Worker, row
from tests.keys import issued

STREAM = {"Accept": "text/event-stream"}


def parsed(text: str) -> list[tuple[str | None, str | None, str | None]]:
    """(id, event, data) of each event, by the rules of the standard; comments and `retry` left out."""
    found = []
    for block in text.removesuffix("\n\n").split("\n\n"):
        fields = dict(line.split(": ", 1) for line in block.split("\n") if not line.startswith(":"))
        if fields.keys() - {"retry"}:
            found.append((fields.get("id"), fields.get("event"), fields.get("data")))
    return found


def told(client: TestClient, job: JSON, **headers: str) -> list[tuple[str | None, str | None]]:
    answer = client.get(f"/v1/jobs/{job['id']}/events", headers={**STREAM, **headers})
    assert answer.status_code == 200, answer.text
    return [(id, event) for id, event, _ in parsed(answer.text)]


WHOLE = [
    ("1.0", "submitted"),
    ("2.0", "claimed"),
    ("2.1", "epoch"),
    ("2.2", "epoch"),
    ("2.3", "epoch"),
    ("3.3", "succeeded"),
]


@pytest.mark.parametrize("at_once", [1, 2, 200])
def test_a_stream_tells_events_and_epochs_in_order_and_ends_with_the_job(
    client: TestClient, trained: JSON, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(events, "AT_ONCE", at_once)
    assert told(client, trained) == WHOLE


def test_it_goes_on_behind_any_of_its_events(client: TestClient, trained: JSON) -> None:
    for count, (id, _) in enumerate(WHOLE[:-1], 1):
        assert told(client, trained, **{"Last-Event-ID": id}) == WHOLE[count:]
        answer = client.get(f"/v1/jobs/{trained['id']}/events", params={"after": id}, headers=STREAM)
        assert [each[:2] for each in parsed(answer.text)] == WHOLE[count:]


def test_the_header_counts_more_than_the_query(client: TestClient, trained: JSON) -> None:
    """A client that comes again asks for the address that it asked for first."""
    answer = client.get(f"/v1/jobs/{trained['id']}/events?after=1", headers={**STREAM, "Last-Event-ID": "2.2"})
    assert [each[:2] for each in parsed(answer.text)] == WHOLE[4:]


def test_a_client_that_has_all_of_an_ended_job_is_told_not_to_come_again(client: TestClient, trained: JSON) -> None:
    answer = client.get(f"/v1/jobs/{trained['id']}/events", headers={**STREAM, "Last-Event-ID": "3.3"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_its_data_are_what_the_lists_answer(client: TestClient, trained: JSON) -> None:
    answer = client.get(f"/v1/jobs/{trained['id']}/events", headers=STREAM)
    lists = {name: client.get(f"/v1/jobs/{trained['id']}/{name}").json()["data"] for name in ("events", "epochs")}
    told: dict[str, list[Any]] = {"events": [], "epochs": []}
    for _, event, data in parsed(answer.text):
        model = EpochAnswer if event == "epoch" else EventAnswer
        model.model_validate_json(data or "")
        told["epochs" if event == "epoch" else "events"].append(client_json(data))
    assert told == lists


def client_json(data: str | None) -> Any:
    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is no JSON")

    return json.loads(data or "", parse_constant=refuse)


def test_what_is_no_number_is_null_as_in_the_lists(
    client: TestClient, submitted: Callable[..., JSON], store: Store, worker: Worker
) -> None:
    job = submitted()
    claim = worker.claim()
    store.jobs.record_epochs(claim, [replace(row(1), gradient_norm=inf, metrics={"r2": nan})], None)
    store.jobs.fail(claim, {"fault": "user", "code": "diverged", "message": "the loss became NaN", "epoch": 2})
    answer = client.get(f"/v1/jobs/{job['id']}/events", headers=STREAM)
    assert "NaN" not in answer.text.replace("the loss became NaN", "")
    assert "Infinity" not in answer.text
    (epoch,) = [client_json(data) for _, event, data in parsed(answer.text) if event == "epoch"]
    assert epoch == client.get(f"/v1/jobs/{job['id']}/epochs").json()["data"][0]
    assert epoch["gradient_norm"] is None


def test_nothing_between_keeps_a_stream_for_itself(client: TestClient, trained: JSON) -> None:
    answer = client.get(f"/v1/jobs/{trained['id']}/events", headers=STREAM)
    assert answer.headers["content-type"] == "text/event-stream; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-accel-buffering"] == "no"
    assert "content-length" not in answer.headers
    assert (
        client.head(f"/v1/jobs/{trained['id']}/events", headers=STREAM).headers["content-type"].startswith(streams.MEDIA_TYPE)
    )


def test_it_begins_and_ends_with_when_to_come_again(client: TestClient, trained: JSON) -> None:
    blocks = client.get(f"/v1/jobs/{trained['id']}/events", headers=STREAM).text.split("\n\n")
    for block in (blocks[0], blocks[-2]):
        assert 1000 <= int(block.removeprefix("retry: ")) <= 2000


@pytest.mark.parametrize("accept", [None, "*/*", "application/json", "text/html", "application/json, text/event-stream"])
def test_who_does_not_ask_for_a_stream_gets_a_list(client: TestClient, trained: JSON, accept: str | None) -> None:
    for path in (f"/v1/jobs/{trained['id']}/events", "/v1/events"):
        answer = client.get(path, headers={} if accept is None else {"Accept": accept})
        assert answer.headers["content-type"] == "application/json"
        assert len(answer.json()["data"]) == 3


@pytest.mark.parametrize("given", ["", "x", "-1", "1.", ".1", "1.2.3", "1.x", "1 ", "٣", "1" * 16, "NaN", "null"])
@pytest.mark.parametrize("headers", [STREAM, {}])
def test_what_is_no_place_is_refused(client: TestClient, trained: JSON, given: str, headers: dict[str, str]) -> None:
    for path in (f"/v1/jobs/{trained['id']}/events", "/v1/events"):
        for parameters, name in (({"after": given}, "after"), ({}, "Last-Event-ID")):
            header = {} if parameters else {b"Last-Event-ID": given.encode()}
            sent = {**{key.encode(): value.encode() for key, value in headers.items()}, **header}
            answer = client.get(path, params=parameters, headers=sent)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter"), (path, given)
            assert answer.json()["errors"][0]["parameter"] == name


def test_a_place_that_does_not_exist_yet_is_refused(client: TestClient, trained: JSON) -> None:
    for path, place in (
        (f"/v1/jobs/{trained['id']}/events", "4.3"),
        (f"/v1/jobs/{trained['id']}/events", "3.4"),
        ("/v1/events", "4"),
    ):
        answer = client.get(path, headers={**STREAM, "Last-Event-ID": place})
        assert (answer.status_code, answer.json()["code"]) == (422, "invalid_parameter")
        assert f"is {place}, which lies behind the last event" in answer.json()["detail"]


def test_a_stream_takes_no_limit(client: TestClient, trained: JSON) -> None:
    for path in (f"/v1/jobs/{trained['id']}/events", "/v1/events"):
        assert client.get(path, params={"limit": 5}, headers=STREAM).status_code == 422


def test_a_stream_of_no_job_is_not_begun(client: TestClient, trained: JSON, store: Store) -> None:
    for id, headers in ((f"job_{'0' * 32}", {}), (trained["id"], issued(store, "other", "read"))):
        answer = client.get(f"/v1/jobs/{id}/events", headers={**STREAM, **headers})
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("of", ["job", "tenant"])
def test_a_stream_beats_while_nothing_happens_and_ends_when_its_key_is_revoked(
    client: TestClient, submitted: Callable[..., JSON], store: Store, monkeypatch: pytest.MonkeyPatch, of: str
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 0.02)
    headers = {**STREAM, **issued(store, "default", "read")}
    path = f"/v1/jobs/{submitted()['id']}/events" if of == "job" else "/v1/events"
    answers: list[Any] = []
    asking = Thread(target=lambda: answers.append(client.get(path, headers=headers)))
    asking.start()
    asking.join(0.3)
    assert asking.is_alive()
    store.keys.revoke(headers["Authorization"].removeprefix("Bearer ").rpartition("_")[0])
    asking.join(30)
    assert answers[0].text.count(": alive\n\n") > 1
    assert client.get(path, headers=headers).status_code == 401


def test_a_stream_that_always_has_something_to_tell_ends_when_its_key_is_revoked(
    client: TestClient, submitted: Callable[..., JSON], store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(streams, "HEARTBEAT_S", 3600.0)
    monkeypatch.setattr(streams, "LOOK_S", 0.05)
    headers = {**STREAM, **issued(store, "default", "read")}
    job = submitted(training={"loss": "mean_squared_error", "epochs": 100_000})["id"]
    claim = store.jobs.claim("tests", 600)
    assert claim is not None
    answers: list[Any] = []
    asking = Thread(target=lambda: answers.append(client.get(f"/v1/jobs/{job}/events", headers=headers)))
    asking.start()
    epochs = iter(range(1, 100_000))

    def goes_on(seconds: float) -> bool:
        """Records epochs as long as the stream goes on, so that its next piece is always there."""
        end = time.monotonic() + seconds
        while asking.is_alive() and time.monotonic() < end:
            store.jobs.record_epochs(claim, [row(next(epochs))], None)
        return asking.is_alive()

    assert goes_on(0.5)
    store.keys.revoke(headers["Authorization"].removeprefix("Bearer ").rpartition("_")[0])
    is_still_told = goes_on(20)
    client.post(f"/v1/jobs/{job}/cancel")
    Worker(store).succeed(claim)
    asking.join(30)
    assert not is_still_told
    assert "event: epoch" in answers[0].text


def test_all_events_are_listed_in_pages(client: TestClient, trained: JSON, submitted: Callable[..., JSON]) -> None:
    other = submitted()
    whole = client.get("/v1/events").json()
    FeedEventList.model_validate(whole)
    assert [(event["number"], event["job"], event["type"]) for event in whole["data"]] == [
        (1, trained["id"], "submitted"),
        (2, trained["id"], "claimed"),
        (3, trained["id"], "succeeded"),
        (4, other["id"], "submitted"),
    ]
    first = client.get("/v1/events", params={"limit": 3}).json()
    assert first["next_cursor"] == "3"
    second = client.get("/v1/events", params={"limit": 3, "after": first["next_cursor"]}).json()
    assert first["data"] + second["data"] == whole["data"]
    assert client.get("/v1/events", params={"after": 99}).json()["data"] == []


def test_the_document_shows_both_forms() -> None:
    openapi = document(create_app())
    for path in ("/v1/jobs/{job_id}/events", "/v1/events"):
        operation = openapi["paths"][path]["get"]
        content = operation["responses"]["200"]["content"]
        assert set(content) == {"application/json", "text/event-stream"}
        assert set(content["text/event-stream"]) == {"schema", "example"}  # itemSchema is of OpenAPI 3.2
        for parameter in operation["parameters"]:
            if parameter["name"].lower() in ("after", "last-event-id"):
                schema = parameter["schema"]
                text = next(each for each in schema.get("anyOf", [schema]) if each["type"] == "string")
                assert parameter["in"] == "query" or schema == text  # no header is null
                for id, _, _ in parsed(content["text/event-stream"]["example"]):
                    Draft202012Validator({**text, "pattern": parameter["schema"]["pattern"]}).validate(id)
