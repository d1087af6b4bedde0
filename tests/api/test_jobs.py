"""Jobs, from the request to the end, as their clients see them."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from api.answers import JobAnswer, JobList
from api.app import create_app
from core.settings import Settings
from core.store import Job, NewJob, Store, connect
from tests.api.conftest import JSON, RESULT, Worker, pointers, xor
from tests.keys import AUTHORIZED


def test_a_submitted_job_is_queued_and_says_where_it_is(client: TestClient) -> None:
    answer = client.post("/v1/jobs", json=xor(metadata={"customer": "42"}))
    job = answer.json()
    assert answer.status_code == 202
    assert job["status"] == "queued"
    assert answer.headers["location"] == f"/v1/jobs/{job['id']}"
    assert answer.headers["retry-after"] == "1"
    assert client.get(answer.headers["location"]).json() == job


def test_an_answer_is_what_its_model_says(client: TestClient, trained: JSON) -> None:
    JobAnswer.model_validate(client.get(f"/v1/jobs/{trained['id']}").json())
    JobList.model_validate(client.get("/v1/jobs").json())


def test_a_job_shows_its_spec_with_the_defaults_filled_in(submitted: Callable[..., JSON]) -> None:
    job = submitted(network={"layers": [{"type": "dense", "units": 1}]})
    assert job["network"]["layers"][0]["bias"] is True
    assert job["training"]["optimizer"]["momentum"] == 0
    assert job["dataset"]["id"].startswith("ds_")
    assert job["dataset"]["target"] == "target"
    assert job["dataset"]["scaling"] == "none"


def test_data_sent_twice_are_stored_once(client: TestClient, submitted: Callable[..., JSON]) -> None:
    assert submitted()["dataset"]["id"] == submitted()["dataset"]["id"]
    assert len(client.get("/v1/datasets").json()["data"]) == 1


def test_data_that_differ_in_a_text_alone_are_other_data(submitted: Callable[..., JSON]) -> None:
    change = {"network": {"layers": [{"units": 2}]}, "training": {"loss": "softmax_cross_entropy"}}
    made = [
        submitted(dataset={"inputs": [[1], [2]], "targets": targets}, **change)["dataset"]["id"]
        for targets in (["a", "b"], ["a", "c"], [0, 1], [False, True], [0.0, 1.0])
    ]
    assert len(set(made[:4])) == 4
    assert made[4] == made[2]


def test_rows_of_targets_become_columns(submitted: Callable[..., JSON]) -> None:
    network = {"layers": [{"type": "dense", "units": 2}]}
    job = submitted(network=network, dataset={"inputs": [[0], [1]], "targets": [[0, 1], [1, 0]]})
    assert job["dataset"]["target"] == ["target0", "target1"]


def test_a_job_goes_from_queued_over_running_to_succeeded(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker
) -> None:
    path = f"/v1/jobs/{submitted()['id']}"
    claim = worker.claim()
    assert client.get(path).json()["status"] == "running"
    worker.record(claim, [1, 2])
    job = client.get(path).json()
    assert job["progress"] == {
        "epoch": 2,
        "epochs": 3,
        "loss": 0.5,
        "validation_loss": 1.0,
        "metrics": {"accuracy": 0.5},
        "eta_seconds": 0.5,
        "best": {"epoch": 2, "loss": 0.5, "validation_loss": 1.0, "metrics": {"accuracy": 0.5}},
    }
    assert job["weights"] is None
    worker.record(claim, [3])
    worker.succeed(claim)
    job = client.get(path).json()
    assert job["status"] == "succeeded"
    assert job["weights"] == f"{path}/weights"
    assert job["result"] == RESULT
    assert job["finished_at"] >= job["started_at"] >= job["created_at"]


@pytest.mark.parametrize(
    ("validation", "rows"), [(None, "training"), ({"fraction": 0.25}, "validation"), ({"rows": [3]}, "validation")]
)
def test_a_job_says_which_rows_its_metrics_are_of(validation: JSON | None, rows: str, submitted: Callable[..., JSON]) -> None:
    job = submitted(training={**xor()["training"], "validation": validation})
    assert (job["measured_on"], job["progress"]["best"]) == (rows, None)


def test_a_failed_job_says_whose_fault_it_was(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    job = submitted()
    error = {"fault": "user", "code": "diverged", "message": "the loss is infinite in epoch 2", "epoch": 2}
    store.jobs.fail(worker.claim(), error)
    job = client.get(f"/v1/jobs/{job['id']}").json()
    assert (job["status"], job["error"]) == ("failed", error)
    JobAnswer.model_validate(job)


def test_an_unchanged_job_is_answered_with_304(client: TestClient, submitted: Callable[..., JSON], worker: Worker) -> None:
    path = f"/v1/jobs/{submitted()['id']}"
    etag = client.get(path).headers["etag"]
    same = client.get(path, headers={"If-None-Match": etag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    worker.claim()
    changed = client.get(path, headers={"If-None-Match": etag})
    assert changed.status_code == 200
    assert changed.headers["etag"] != etag


def while_waiting(client: TestClient, path: str, headers: dict[str, str], change: Callable[[], None]) -> Any:
    """The answer to a request that began to wait before `change` was made."""
    answers: list[Any] = []
    waiting = threading.Thread(target=lambda: answers.append(client.get(path, params={"wait": 60}, headers=headers)))
    waiting.start()
    while not client.app.state.service.watcher.questions:  # type: ignore[attr-defined]
        waiting.join(0.002)
    change()
    waiting.join(30)
    assert answers[0].headers["preference-applied"] == "wait=60"
    return answers[0]


def test_waiting_ends_when_the_job_has_ended_whatever_changes_before(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker
) -> None:
    def train() -> None:
        claim = worker.claim()
        worker.record(claim, [1, 2, 3])
        worker.succeed(claim)

    answer = while_waiting(client, f"/v1/jobs/{submitted()['id']}", {}, train)
    assert answer.json()["status"] == "succeeded"


def test_waiting_with_a_known_version_ends_as_soon_as_there_is_another(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker
) -> None:
    path = f"/v1/jobs/{submitted()['id']}"
    known = client.get(path).headers["etag"]
    answer = while_waiting(client, path, {"If-None-Match": known}, lambda: worker.claim() and None)
    assert answer.json()["status"] == "running"


def test_waiting_for_another_version_than_the_present_one_does_not_wait(
    client: TestClient, submitted: Callable[..., JSON]
) -> None:
    answer = client.get(f"/v1/jobs/{submitted()['id']}", headers={"Prefer": "wait=60", "If-None-Match": '"0"'})
    assert answer.status_code == 200


def test_waiting_ends_with_304_when_nothing_happens(client: TestClient, submitted: Callable[..., JSON]) -> None:
    path = f"/v1/jobs/{submitted()['id']}"
    etag = client.get(path).headers["etag"]
    answer = client.get(path, params={"wait": 0.05}, headers={"If-None-Match": etag})
    assert answer.status_code == 304
    assert answer.headers["preference-applied"] == "wait=0.05"


def test_a_job_that_has_ended_is_not_waited_for(client: TestClient, trained: JSON) -> None:
    answer = client.get(f"/v1/jobs/{trained['id']}", headers={"Prefer": "respond-async, wait=60"})
    assert answer.json()["status"] == "succeeded"


def test_a_longer_wait_than_the_services_is_refused_and_as_a_preference_cut(
    client: TestClient, trained: JSON, settings: Settings
) -> None:
    path = f"/v1/jobs/{trained['id']}"
    for wait, shown in ((60.5, "60.5"), (120, "120"), (1e6, "1000000")):
        answer = client.get(path, params={"wait": wait})
        assert answer.status_code == 422
        message = f"wait is {shown}; it must be a number of seconds from 0 to 60"
        assert answer.json()["errors"] == [{"parameter": "wait", "message": message}]
        assert client.get(path, headers={"Prefer": f"wait={wait:.0f}"}).headers["preference-applied"] == "wait=60"
    assert client.get(path, params={"wait": 60}).status_code == 200
    with TestClient(create_app(settings.model_copy(update={"max_wait_s": 5.0})), headers=AUTHORIZED) as other:
        assert "from 0 to 5" in other.get(path, params={"wait": 6}).json()["detail"]
        parameters = other.get("/openapi.json").json()["paths"]["/v1/jobs/{job_id}"]["get"]["parameters"]
    (wait,) = (parameter for parameter in parameters if parameter["name"] == "wait")
    assert wait["schema"]["anyOf"][0] == {"type": "number", "minimum": 0, "maximum": 5}
    assert wait["example"] == 5


def test_a_paused_job_is_waited_for_only_by_who_knows_that_it_is_paused(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    path = f"/v1/jobs/{submitted()['id']}"
    claim = worker.claim()

    def pause() -> None:
        assert client.post(f"{path}/pause").json()["status"] == "pausing"
        store.jobs.release(claim)

    answer = while_waiting(client, path, {}, pause)
    assert answer.json()["status"] == "paused"
    assert while_waiting(client, path, {}, lambda: None).json()["status"] == "paused"
    known = {"If-None-Match": answer.headers["etag"]}
    assert client.get(path, params={"wait": 0.05}, headers=known).status_code == 304
    resumed = while_waiting(client, path, known, lambda: client.post(f"{path}/resume") and None)
    assert resumed.json()["status"] == "queued"


def test_a_queued_job_is_cancelled_at_once_and_twice_is_no_error(client: TestClient, submitted: Callable[..., JSON]) -> None:
    path = f"/v1/jobs/{submitted()['id']}/cancel"
    first, second = client.post(path), client.post(path)
    assert first.json()["status"] == second.json()["status"] == "cancelled"
    assert first.json() == second.json()


def test_a_running_job_is_cancelling_until_its_worker_stops(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker, store: Store
) -> None:
    path = f"/v1/jobs/{submitted()['id']}"
    claim = worker.claim()
    assert client.post(f"{path}/cancel").json()["status"] == "cancelling"
    store.jobs.stop(claim)
    assert client.get(path).json()["status"] == "cancelled"


def test_a_job_that_has_succeeded_cannot_be_cancelled(client: TestClient, trained: JSON) -> None:
    answer = client.post(f"/v1/jobs/{trained['id']}/cancel")
    assert answer.status_code == 409
    assert "succeeded" in answer.json()["detail"]


def test_pages_hold_every_job_once_newest_first(client: TestClient, submitted: Callable[..., JSON]) -> None:
    ids = [submitted()["id"] for _ in range(5)]
    seen: list[str] = []
    cursor = None
    while True:
        page = client.get("/v1/jobs", params={"limit": 2} | ({"cursor": cursor} if cursor else {})).json()
        seen += [job["id"] for job in page["data"]]
        cursor = page["next_cursor"]
        assert page["has_more"] == (cursor is not None)
        if cursor is None:
            break
    assert seen == ids[::-1]


def test_jobs_are_listed_by_status_metadata_and_time(
    client: TestClient, submitted: Callable[..., JSON], worker: Worker
) -> None:
    first = submitted(metadata={"customer": "a", "weird": '"$.x'})
    second = submitted(metadata={"customer": "b"})
    worker.claim()

    def ids(**wanted: str) -> list[str]:
        answer = client.get("/v1/jobs", params=wanted)
        assert answer.status_code == 200, answer.text
        return [job["id"] for job in answer.json()["data"]]

    assert ids(status="running") == [first["id"]]
    assert ids(status="queued") == [second["id"]]
    assert ids(**{"metadata[customer]": "a"}) == [first["id"]]
    assert ids(**{"metadata[customer]": "a", "metadata[weird]": '"$.x'}) == [first["id"]]
    assert ids(**{"metadata[customer]": "c"}) == []
    assert ids(created_before="2020-01-01T00:00:00Z") == []
    assert len(ids(created_after="2020-01-01T00:00:00+02:00")) == 2


def test_a_parameter_that_nobody_knows_is_refused_with_all_that_there_are(client: TestClient) -> None:
    detail = client.get("/v1/jobs", params={"metadata": "a"}).json()["detail"]
    known = "status, created_after, created_before, cursor, limit, metadata[key]"
    assert set(known.split(", ")) == set(detail.partition("there are: ")[2].partition(". ")[0].split(", "))
    assert detail.endswith('Did you mean "metadata[key]"?')


def test_the_same_key_and_body_make_one_job(client: TestClient) -> None:
    headers = {"Idempotency-Key": "5f0c"}
    first, second = (client.post("/v1/jobs", json=xor(), headers=headers) for _ in range(2))
    assert (first.status_code, second.status_code) == (202, 202)
    assert [answer.headers.get("idempotency-replayed") for answer in (first, second)] == [None, "true"]
    assert first.json() == second.json()
    assert len(client.get("/v1/jobs").json()["data"]) == 1


def test_the_same_key_with_another_body_is_refused(client: TestClient) -> None:
    headers = {"Idempotency-Key": "5f0c"}
    client.post("/v1/jobs", json=xor(), headers=headers)
    answer = client.post("/v1/jobs", json=xor(metadata={"a": "b"}), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (422, "idempotency_mismatch")


def test_what_a_failed_request_asked_for_may_be_asked_again_with_its_key(client: TestClient) -> None:
    headers = {"Idempotency-Key": "5f0c"}
    assert client.post("/v1/jobs", json={}, headers=headers).status_code == 422
    assert client.post("/v1/jobs", json=xor(), headers=headers).status_code == 202


def test_the_dry_run_tells_the_plan_and_stores_nothing(client: TestClient, submitted: Callable[..., JSON]) -> None:
    answer = client.post("/v1/networks/check", json=xor())
    assert answer.status_code == 200
    assert answer.json()["plan"]["parameters"] == 9
    assert answer.json()["queue_position"] == 0
    assert client.get("/v1/datasets").json()["data"] == []
    submitted()
    assert client.post("/v1/networks/check", json=xor()).json()["queue_position"] == 1


def test_the_dry_run_and_the_submission_find_the_same_problems(client: TestClient) -> None:
    wrong = xor(network={"layers": [{"type": "dense", "units": 0}]}, dataset={"inputs": [[0], [1, 2]], "targets": [0, 1]})
    checked, refused = client.post("/v1/networks/check", json=wrong), client.post("/v1/jobs", json=wrong)
    assert checked.json()["errors"] == refused.json()["errors"]
    assert set(pointers(checked)) >= {"/network/layers/0/units", "/dataset/inputs/1"}


@pytest.fixture
def deleted(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Somebody else deletes the dataset of a job right before the job is stored, so many times."""
    store = client.app.state.service.store  # type: ignore[attr-defined]
    submit = store.jobs.submit

    def times(count: int) -> None:
        left = iter(range(count))

        def late(tenant: str, new: NewJob, *rest: Any) -> Job:
            if next(left, None) is not None:
                store.datasets.delete(tenant, new.dataset_id)
            job: Job = submit(tenant, new, *rest)
            return job

        monkeypatch.setattr(store.jobs, "submit", late)

    return times


def test_a_job_that_brings_its_data_survives_their_deletion(client: TestClient, deleted: Callable[[int], None]) -> None:
    deleted(1)
    assert client.post("/v1/jobs", json=xor()).status_code == 202
    deleted(2)
    answer = client.post("/v1/jobs", json=xor(metadata={"a": "b"}, dataset={"inputs": [[1], [2]], "targets": [1, 2]}))
    assert (answer.status_code, answer.json()["code"]) == (409, "conflict")


def test_a_job_whose_dataset_is_deleted_meanwhile_names_it(client: TestClient, deleted: Callable[[int], None]) -> None:
    dataset = client.post("/v1/datasets?format=csv", content=b"a,b\n1,2\n3,4\n").json()["id"]
    deleted(1)
    answer = client.post("/v1/jobs", json=xor(dataset={"id": dataset, "target": "b"}))
    assert (answer.status_code, pointers(answer)) == (422, ["/dataset/id"])


def test_a_list_tells_of_a_job_all_but_what_may_be_large(client: TestClient, trained: JSON) -> None:
    job = client.get(f"/v1/jobs/{trained['id']}").json()
    [listed] = client.get("/v1/jobs").json()["data"]
    assert job.keys() - listed.keys() == {"network", "training", "chosen", "warnings", "plan"}
    result = {name: value for name, value in job["result"].items() if name != "confusion_matrix"}
    changed = {"dataset": {"id": job["dataset"]["id"]}, "result": result}
    assert listed == {name: job[name] for name in listed} | changed


def test_a_page_of_jobs_whose_specs_are_large_is_small(
    client: TestClient, submitted: Callable[..., JSON], store: Store
) -> None:
    dataset = submitted()["dataset"]["id"]
    spec = {"network": {"layers": ["x" * 10**6]}, "dataset": {}, "training": {}}
    for _ in range(20):
        store.jobs.submit("default", NewJob(spec, dataset, 1, plan={"layers": ["x" * 10**6]}))
    answer = client.get("/v1/jobs?limit=100")
    assert len(answer.json()["data"]) == 21
    assert len(answer.content) < 21 * 1000


def test_a_query_that_takes_too_long_is_told_so(client: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:
    service = client.app.state.service  # type: ignore[attr-defined]
    impatient = Store(connect(service.settings.database, statement_timeout_s=0.01))

    def page(*_: Any, **__: Any) -> None:
        endless = (
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000000000000) SELECT count(*) FROM n"
        )
        with impatient._database.reading() as reader:
            reader.execute(text(endless))

    monkeypatch.setattr(service.store.jobs, "page", page)
    answer = client.get("/v1/jobs")
    impatient.close()
    assert (answer.status_code, answer.json()["code"], answer.headers["retry-after"]) == (503, "unavailable", "10")
    assert "took longer over a query" in answer.json()["detail"]


def test_a_page_by_metadata_may_be_empty_and_still_have_a_next_one(
    client: TestClient, submitted: Callable[..., JSON], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("core.store.summaries.LOOKED_AT", 2)
    sought = submitted(metadata={"customer": "42"})["id"]
    others = [submitted()["id"] for _ in range(3)]
    page = client.get("/v1/jobs?metadata[customer]=42").json()
    assert page == {"object": "list", "data": [], "has_more": True, "next_cursor": others[1]}
    page = client.get("/v1/jobs", params={"metadata[customer]": "42", "cursor": page["next_cursor"]}).json()
    assert [job["id"] for job in page["data"]] == [sought]
