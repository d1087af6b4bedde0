"""Pausing, resuming, repeating and deleting jobs, as their clients see it."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

from api.answers import JobAnswer
from api.app import create_app
from core.quotas import Quotas
from core.settings import Settings
from core.store import Store
from tests.api.conftest import JSON, Worker, pointers, xor
from tests.keys import AUTHORIZED

ERROR = {"fault": "user", "code": "diverged", "message": "the loss became NaN in epoch 2"}


def test_a_queued_job_is_paused_and_resumed_and_twice_is_no_error(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker
) -> None:
    path = f"/v1/jobs/{submitted()['id']}"
    for _ in range(2):
        paused = client.post(f"{path}/pause")
        assert (paused.status_code, paused.json()["status"]) == (200, "paused")
    JobAnswer.model_validate(paused.json())
    assert [job["id"] for job in client.get("/v1/jobs?status=paused").json()["data"]] == [paused.json()["id"]]
    for _ in range(2):
        assert client.post(f"{path}/resume").json()["status"] == "queued"
    assert worker.claim().job.id == paused.json()["id"]


def test_a_running_job_is_pausing_until_its_worker_has_let_go(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    path = f"/v1/jobs/{submitted()['id']}"
    claim = worker.claim()
    assert client.post(f"{path}/pause").json()["status"] == "pausing"
    store.jobs.release(claim)
    assert client.get(path).json()["status"] == "paused"
    assert client.get(path).json()["used_seconds"] >= 0
    assert client.post(f"{path}/cancel").json()["status"] == "cancelled"


@pytest.mark.parametrize("verb", ["pause", "resume", "retry"])
def test_a_job_that_has_succeeded_forbids_it_and_says_why(client: TestClient, trained: JSON, verb: str) -> None:
    answer = client.post(f"/v1/jobs/{trained['id']}/{verb}")
    assert answer.status_code == 409
    assert "succeeded" in answer.json()["detail"]


def test_a_job_that_failed_is_repeated_once_for_each_key(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    job = submitted(metadata={"customer": "42"}, name="a first try")
    store.jobs.fail(worker.claim(), ERROR)
    path, key = f"/v1/jobs/{job['id']}/retry", {"Idempotency-Key": "again"}
    first, second = client.post(path, headers=key), client.post(path, headers=key)
    assert (first.status_code, second.status_code) == (202, 202)
    assert first.json() == second.json()
    assert second.headers["idempotency-replayed"] == "true"
    again = first.json()
    assert again["retry_of"] == job["id"] != again["id"]
    for name in ("network", "dataset", "training", "name", "metadata", "plan", "status"):
        assert again[name] == job[name], name
    assert first.headers["location"] == f"/v1/jobs/{again['id']}"
    assert client.post("/v1/jobs", json=xor(), headers=key).status_code == 422


def test_a_job_that_is_too_large_by_now_is_not_repeated(
    client: TestClient, submitted: Callable[..., JSON], store: Store, settings: Settings
) -> None:
    job = submitted()["id"]
    path, key = f"/v1/jobs/{job}/retry", {"Idempotency-Key": "again"}
    assert client.post(f"/v1/jobs/{job}/cancel").status_code == 200
    first = client.post(path, headers=key)
    store.quotas.set("default", Quotas(parameters=8, rows=3))
    refused = client.post(path)
    assert (refused.status_code, refused.json()["code"]) == (422, "quota_exceeded")
    told = "parameters: the network has 9, your quota is 8; rows: the job looks at 4, your quota is 3"
    assert refused.json()["detail"] == told
    assert client.post(path, headers=key).json()["id"] == first.json()["id"]
    store.quotas.set("default", Quotas())
    for limit, words in (
        ({"max_parameters": 8}, "it has 9 parameters; this service takes 8 or fewer now"),
        ({"max_training_bytes": 100}, "bytes for its training; this service takes 100 or fewer now"),
    ):
        with TestClient(create_app(settings.model_copy(update=limit)), headers=AUTHORIZED) as smaller:
            refused = smaller.post(path)
        assert (refused.status_code, refused.json()["code"]) == (409, "conflict")
        assert f"job {job} cannot be retried: it has" in refused.json()["detail"]
        assert words in refused.json()["detail"]
    assert client.post(path).status_code == 202


def test_a_job_is_deleted_when_it_has_ended(client: TestClient, submitted: Callable[..., JSON]) -> None:
    path = f"/v1/jobs/{submitted()['id']}"
    refused = client.delete(path)
    assert refused.status_code == 409
    assert "queued" in refused.json()["detail"]
    client.post(f"{path}/cancel")
    assert client.delete(path).status_code == 204
    for answer in (client.get(path), client.get(f"{path}/epochs"), client.delete(path)):
        assert answer.status_code == 404


def test_a_budget_that_does_not_fit_into_the_deadline_is_refused(client: TestClient) -> None:
    answer = client.post("/v1/jobs", json=xor(training={**xor()["training"], "budget_s": 10, "max_seconds": 5}))
    assert answer.status_code == 422
    assert pointers(answer) == ["/training/max_seconds"]
    assert "max_seconds is 5, less than budget_s, 10" in answer.json()["detail"]
