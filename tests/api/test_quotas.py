"""Quotas of a tenant: each refusal names the quota, its value and what is used."""

from collections.abc import Iterator

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.types import Message

from api.app import create_app
from core.nn.saving.weights import to_safetensors
from core.quotas import Quotas
from core.settings import Settings
from core.store import Store
from tests.api.conftest import JSON, messages, xor
from tests.keys import AUTHORIZED, issued

CSV = {"Content-Type": "text/csv"}


@pytest.fixture
def limited(settings: Settings) -> Iterator[TestClient]:
    few = {"tenant_queued_jobs": 2, "tenant_parameters": 9, "tenant_rows": 4, "tenant_job_s": 10.0}
    with TestClient(create_app(settings.model_copy(update=few)), headers=AUTHORIZED) as client:
        yield client


def problem(answer: object) -> JSON:
    assert answer.status_code == 422, answer.text  # type: ignore[attr-defined]
    told: JSON = answer.json()  # type: ignore[attr-defined]
    assert told["code"] == "quota_exceeded"
    return told


def test_a_job_within_all_quotas_is_taken_until_as_many_wait_as_may(limited: TestClient, store: Store) -> None:
    for _ in range(2):
        assert limited.post("/v1/jobs", json=xor()).status_code == 202
    refused = limited.post("/v1/jobs", json=xor(), headers={"Idempotency-Key": "third"})
    assert (refused.status_code, refused.json()["code"]) == (429, "too_many_jobs")
    assert "queued_jobs: 2 of your jobs wait already, your quota is 2" in refused.json()["detail"]
    assert int(refused.headers["retry-after"]) > 0
    assert limited.post("/v1/jobs", json=xor(), headers=issued(store, "other")).status_code == 202
    assert store.jobs.claim("worker", 60) is not None
    assert store.jobs.claim("worker", 60) is not None
    assert limited.post("/v1/jobs", json=xor(), headers={"Idempotency-Key": "third"}).status_code == 202


def test_a_job_that_was_made_before_is_answered_though_the_queue_is_full(limited: TestClient) -> None:
    first, again = (limited.post("/v1/jobs", json=xor(), headers={"Idempotency-Key": "one"}) for _ in range(2))
    limited.post("/v1/jobs", json=xor())
    replayed = limited.post("/v1/jobs", json=xor(), headers={"Idempotency-Key": "one"})
    assert [answer.json()["id"] for answer in (again, replayed)] == [first.json()["id"]] * 2


@pytest.mark.parametrize("path", ["/v1/jobs", "/v1/networks/check"])
def test_everything_that_is_too_much_for_a_job_is_told_at_once(limited: TestClient, path: str) -> None:
    rows = {"inputs": [[0, 0]] * 5, "targets": [0] * 5}
    training = {**xor()["training"], "budget_s": 11}
    network = {"layers": [{"units": 3}, {"units": 1}]}
    answer = limited.post(path, json=xor(network=network, dataset=rows, training=training))
    problem(answer)
    assert messages(answer) == {
        "/network": "parameters: the network has 13, your quota is 9",
        "/dataset": "rows: the job looks at 5, your quota is 4",
        "/training/budget_s": "job_s: it would take about 11 seconds, your quota is 10",
    }


def test_a_training_that_would_take_too_long_is_refused_by_its_estimate(client: TestClient, store: Store) -> None:
    store.quotas.set("default", Quotas(job_s=0.01))
    answer = client.post("/v1/networks/check", json=xor(training={**xor()["training"], "epochs": 1_000_000}))
    problem(answer)
    assert messages(answer)["/training"].endswith("seconds, your quota is 0.01")


def test_a_dataset_with_too_many_rows_is_refused(limited: TestClient) -> None:
    told = problem(limited.post("/v1/datasets", content=b"a\n" + b"1\n" * 5, headers=CSV))
    assert told["detail"] == "rows: the dataset has 5, your quota is 4"
    assert limited.post("/v1/datasets", content=b"a\n" + b"1\n" * 4, headers=CSV).status_code == 201


def test_more_bytes_than_may_be_stored_are_refused_from_wherever_they_come(client: TestClient, store: Store) -> None:
    theirs = issued(store, "small")
    store.quotas.set("small", Quotas(stored_bytes=1000))
    rows = b"a,b\n" + b"1,2\n" * 1000
    file = to_safetensors({"0.weight": np.ones((20, 20), np.float32)}, {})
    inline = xor(dataset={"inputs": [[0, 0]] * 1000, "targets": [0] * 1000})
    for answer in (
        client.post("/v1/datasets", content=rows, headers={**CSV, **theirs}),
        client.post("/v1/weights", content=file, headers={"Content-Type": "application/x-safetensors", **theirs}),
        client.post("/v1/jobs", json=inline, headers=theirs),
    ):
        assert "your quota is 1,000" in problem(answer)["detail"]
    assert client.get("/v1/datasets", headers=theirs).json()["data"] == []
    assert client.post("/v1/datasets", content=rows, headers=CSV).status_code == 201


@pytest.mark.parametrize(("path", "kind"), [("/v1/datasets", "text/csv"), ("/v1/weights", "application/octet-stream")])
def test_a_file_for_which_there_is_no_room_is_refused_before_it_comes(
    client: TestClient, store: Store, path: str, kind: str
) -> None:
    theirs = issued(store, "small")
    store.quotas.set("small", Quotas(stored_bytes=1000))

    async def asked() -> list[Message]:
        sent: list[Message] = []
        given = {**theirs, "Host": "localhost", "Content-Type": kind, "Content-Length": "1001"}
        headers = [(name.lower().encode(), value.encode()) for name, value in given.items()]
        scope = {"type": "http", "method": "POST", "path": path, "query_string": b"", "headers": headers, "server": None}

        async def receive() -> Message:
            raise AssertionError("the body was asked for")

        async def send(message: Message) -> None:
            sent.append(message)

        await client.app(scope, receive, send)
        return sent

    assert client.portal is not None
    start, body = client.portal.call(asked)
    assert start["status"] == 422
    assert b"the file has 1,001 bytes, 0 are stored, your quota is 1,000" in body["body"]


def test_a_file_that_is_there_may_be_sent_again_although_there_is_no_room_for_it(client: TestClient, store: Store) -> None:
    headers = {**CSV, **issued(store, "small")}
    rows = b"a,b\n" + b"1,2\n" * 100
    first = client.post("/v1/datasets", content=rows, headers=headers)
    store.quotas.set("small", Quotas(stored_bytes=1))
    again = client.post("/v1/datasets", content=rows, headers=headers)
    assert (again.status_code, again.json()["id"]) == (200, first.json()["id"])
    refused = client.post("/v1/datasets", content=rows + b"1,2\n", headers=headers)
    assert problem(refused)["detail"].startswith("stored_bytes: the file has 408 bytes, ")
