"""What one row does in a network that a real worker trained, and the weights that it kept on the way."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from starlette.testclient import TestClient

from core.nn.saving.model import SavedModel
from core.nn.saving.weights import from_safetensors
from core.settings import Settings
from core.store import Store
from tests.api.conftest import JSON, xor
from tests.api.test_openapi import conforms
from worker.arrays import Shelf
from worker.cache import Cache
from worker.datasets import Datasets
from worker.run import Worker, run

TABLE = (
    "length,colour,is_wild,weight,kind\n"
    + "".join(
        f"{0.5 * i - 3 if i != 4 else ''},{('red', 'green', 'blue')[i % 3]},{'true' if i % 2 else 'false'},{1 + i % 4},"
        f"{('cat', 'dog', 'owl')[i // 4 % 3]}\n"
        for i in range(30)
    )
).encode()
KINDS: JSON = {
    "network": {
        "layers": [{"units": 4, "activation": "tanh"}, {"type": "dropout", "rate": 0.3}, {"units": 3, "activation": "softmax"}],
        "dtype": "float64",
    },
    "training": {
        "loss": {"type": "softmax_cross_entropy", "label_smoothing": 0.1},
        "optimizer": {"type": "sgd", "learning_rate": 0.2},
        "schedule": {"type": "exponential", "factor": 0.9},
        "epochs": 20,
        "validation": {"fraction": 0.3},
        "snapshots": 5,
    },
}


@pytest.fixture
def attempt(store: Store, settings: Settings, tmp_path: Path) -> Callable[..., None]:
    """A worker's next attempt, which ends when it is told to; unless told otherwise, with the job."""

    def attempt(stopping: Callable[[], bool] = lambda: False) -> None:
        cache = Cache(tmp_path / "cache", 2**30)
        claim = store.jobs.claim("tests", 60)
        assert claim is not None
        run(claim, Worker("tests", {"machine": "tests"}, store, Datasets(store, cache), Shelf(cache), settings, stopping))

    return attempt


@pytest.fixture
def kinds(client: TestClient) -> Callable[..., JSON]:
    """A job that learns kinds from a table of numbers, texts and flags."""

    def submit(dataset: JSON | None = None, **training: Any) -> JSON:
        sent = client.post("/v1/datasets", content=TABLE, headers={"Content-Type": "text/csv"})
        asked = {"id": sent.json()["id"], "target": "kind", "missing": "indicator", **(dataset or {})}
        body = {**KINDS, "dataset": asked, "training": {**KINDS["training"], **training}}
        answer = client.post("/v1/jobs", json=body)
        assert answer.status_code == 202, answer.text
        job: JSON = answer.json()
        return job

    return submit


def traced(client: TestClient, job: JSON, **parameters: Any) -> JSON:
    answer = client.get(f"/v1/jobs/{job['id']}/trace", params=parameters)
    assert answer.status_code == 200, answer.text
    found: JSON = answer.json()
    return found


def refused(client: TestClient, job: JSON, path: str = "trace", **parameters: Any) -> tuple[int, str, str]:
    answer = client.get(f"/v1/jobs/{job['id']}/{path}", params=parameters)
    return answer.status_code, answer.json()["code"], answer.json()["detail"]


def test_the_epochs_that_were_asked_for_are_listed_and_their_weights_are_there_in_every_form(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None]
) -> None:
    job = kinds()
    attempt()
    listed = client.get(f"/v1/jobs/{job['id']}/snapshots").json()
    assert listed["has_more"] is False
    assert [each["epoch"] for each in listed["data"]] == [0, 1, 3, 8, 20]
    for each in listed["data"]:
        found = client.get(each["weights"])
        assert (found.status_code, found.headers["X-Epoch"]) == (200, str(each["epoch"]))
        weights, metadata = from_safetensors(found.content)
        as_json = client.get(each["weights"], params={"epoch": each["epoch"], "format": "json"}).json()
        assert as_json["weights"]["0.weight"] == weights["0.weight"].tolist()
        assert metadata["network"]["dtype"] == "float64"
    first, last = (client.get(f"/v1/jobs/{job['id']}/weights?epoch={epoch}").content for epoch in (0, 20))
    assert from_safetensors(first)[0]["0.weight"].tolist() != from_safetensors(last)[0]["0.weight"].tolist()
    for form in ("npz", "onnx", "torch", "keras", "python", "javascript"):
        assert client.get(f"/v1/jobs/{job['id']}/weights?epoch=3&format={form}").status_code == 200
    row = {"length": 1, "colour": "red", "is_wild": True, "weight": 1}
    predicted = client.post(f"/v1/jobs/{job['id']}/predict?epoch=3", json={"rows": [row]}).json()
    assert predicted["epoch"] == 3


def test_an_epoch_that_is_not_kept_is_refused_with_those_that_are(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None]
) -> None:
    job = kinds(validation=None)
    assert refused(client, job, "weights", epoch=3)[0] == 404
    attempt()
    for path in ("weights", "trace"):
        status, code, told = refused(client, job, path, epoch=4)
        assert (status, code) == (404, "not_found")
        assert told.endswith("keeps no weights of epoch 4; it keeps those of: 0, 1, 3, 8, 20")
        for strange in ("-1", "4.5", "first", "99999999999"):
            assert refused(client, job, path, epoch=strange)[:2] == (422, "invalid_parameter")
        assert '"best", "last" or the number of an epoch' in refused(client, job, path, epoch="first")[2]


def test_a_trace_shows_the_row_as_it_stands_in_the_data_and_every_number_follows_from_those_before(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None]
) -> None:
    job = kinds()
    attempt()
    found = traced(client, job, row=4, epoch=8)
    assert (found["job"], found["epoch"], found["row"], found["rows"]) == (job["id"], 8, 4, 30)
    assert set(found["epochs"]) >= {0, 1, 3, 8, 20}
    assert [(each["name"], each["value"]) for each in found["inputs"]] == [
        ("length", None),
        ("length is missing", None),
        *[(f"colour = {text}", "green") for text in ("blue", "green", "red")],
        ("is_wild", False),
        ("weight", 1),
    ]
    assert [each["input"] for each in found["inputs"]][1:6] == [1, 0, 1, 0, 0]
    assert found["target"] == "dog"
    assert [(each["name"], pytest.approx(each["target"])) for each in found["outputs"]] == [
        ("cat", 0.1 / 3),
        ("dog", 0.9 + 0.1 / 3),
        ("owl", 0.1 / 3),
    ]
    y = np.array([each["input"] for each in found["inputs"]])
    passed = []
    for layer, f in zip(found["layers"], (np.tanh, lambda z: np.exp(z) / np.exp(z).sum()), strict=True):
        passed.append(y)
        z = np.array(layer["weights"]) @ y + layer["bias"]
        np.testing.assert_allclose(layer["weighted_sums"], z, rtol=1e-12)
        y = f(z)
        np.testing.assert_allclose(layer["activations"], y, rtol=1e-12)
    outputs, targets = ([each[name] for each in found["outputs"]] for name in ("output", "target"))
    np.testing.assert_allclose(outputs, y, rtol=1e-12)
    assert found["loss"] == pytest.approx(-np.dot(targets, np.log(y)))
    np.testing.assert_allclose(found["layers"][1]["errors"], y - targets, rtol=1e-9)
    for layer, x in zip(found["layers"], passed, strict=True):
        gradient = np.outer(layer["errors"], x)
        np.testing.assert_allclose(layer["gradients"]["weights"], gradient, rtol=1e-12)
        np.testing.assert_allclose(layer["steps"]["weights"], -found["learning_rate"] * gradient, rtol=1e-12)
        assert layer["gradients"]["bias"] == layer["errors"]
    assert found["prediction"]["probabilities"] == pytest.approx(dict(zip(("cat", "dog", "owl"), y, strict=True)))
    rates = {each["epoch"]: each["learning_rate"] for each in client.get(f"/v1/jobs/{job['id']}/epochs").json()["data"]}
    assert found["learning_rate"] == rates[8]
    assert traced(client, job, epoch=0)["learning_rate"] == rates[1]


def test_a_step_of_descent_by_one_row_alone_is_the_one_that_its_trace_tells(
    client: TestClient, attempt: Callable[..., None]
) -> None:
    """The weights of epoch 1 are those of epoch 0 and the steps of the trace at epoch 0: of an independent engine."""
    body = xor(dataset={"inputs": [[0.5, -1.0]], "targets": [1.0]})
    body["network"]["dtype"] = "float64"
    body["training"] |= {"snapshots": 2, "epochs": 1, "batch_size": "full"}
    job = client.post("/v1/jobs", json=body).json()
    attempt()
    before, after = (traced(client, job, epoch=epoch) for epoch in (0, 1))
    assert before["layers"][0]["weights"] != after["layers"][0]["weights"]
    for one, other in zip(before["layers"], after["layers"], strict=True):
        for part in ("weights", "bias"):
            np.testing.assert_allclose(np.array(one[part]) + one["steps"][part], other[part], rtol=1e-12)
    assert after["loss"] < before["loss"]
    assert before["target"] == 1


def test_rows_that_count_differently_are_traced_as_they_count(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None]
) -> None:
    """The mean over the rows to train on is the loss that their weights give: 1 on average."""
    job = kinds({"weight": "weight", "class_weights": "balanced"}, epochs=1)
    attempt()
    rows = [traced(client, job, row=row, epoch=0) for row in range(30)]
    trained = [each for each in rows if not each["is_validation"]]
    assert len(trained) == 21
    assert np.mean([each["weight"] for each in trained]) == pytest.approx(1.0)
    assert len({round(each["weight"], 9) for each in trained}) > 4
    row = rows[0]
    targets, outputs = ([each[name] for each in row["outputs"]] for name in ("target", "output"))
    assert row["loss"] == pytest.approx(-row["weight"] * np.dot(targets, np.log(outputs)))
    apart = [each["row"] for each in rows if each["is_validation"]]
    again = kinds({"weight": "weight"}, validation={"rows": apart}, epochs=1)
    attempt()
    assert [traced(client, again, row=row)["is_validation"] for row in range(30)] == [row in apart for row in range(30)]


def test_a_job_that_runs_shows_its_latest_snapshot_and_one_that_has_ended_its_best_epoch(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None], store: Store
) -> None:
    job = kinds()
    path = f"/v1/jobs/{job['id']}"
    status, code, told = refused(client, job)
    assert (status, code) == (409, "conflict")
    assert "is queued and has no weights yet" in told
    attempt(lambda: store.jobs.get("default", job["id"]).epoch >= 3)
    assert client.get(path).json()["status"] == "queued"  # handed back
    kept = [each["epoch"] for each in client.get(f"{path}/snapshots").json()["data"]]
    assert kept[:3] == [0, 1, 3]
    now = traced(client, job)
    assert (now["epoch"], now["epochs"]) == (kept[-1], kept)
    assert refused(client, job, epoch="best")[0] == 409
    attempt()
    done = client.get(path).json()
    assert done["status"] == "succeeded"
    assert traced(client, job)["epoch"] == traced(client, job, epoch="best")["epoch"] == done["result"]["best_epoch"]
    assert traced(client, job, epoch="last")["epoch"] == 20


def test_traces_and_snapshots_are_what_the_document_says(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None]
) -> None:
    document = client.get("/openapi.json").json()
    job = kinds()
    attempt()
    for path, parameters in (("trace", {"row": 4}), ("trace", {"epoch": 0}), ("snapshots", {})):
        described = document["paths"][f"/v1/jobs/{{job_id}}/{path}"]["get"]["responses"]["200"]["content"]["application/json"]
        answer = client.get(f"/v1/jobs/{job['id']}/{path}", params=parameters)
        assert answer.status_code == 200
        conforms(document, described["schema"], answer.json())


def test_a_job_that_starts_from_another_is_traced_as_the_other_prepared_its_rows(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None]
) -> None:
    first = kinds()
    attempt()
    again = kinds(start={"job": first["id"]})
    attempt()
    one, other = traced(client, first, row=4, epoch="best"), traced(client, again, row=4, epoch=0)
    assert one["inputs"] == other["inputs"]
    assert one["outputs"] == other["outputs"]


def test_a_job_without_snapshots_has_traces_of_its_best_and_last_epochs(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None]
) -> None:
    job = kinds(snapshots=0)
    attempt()
    assert client.get(f"/v1/jobs/{job['id']}/snapshots").json()["data"] == []
    best = client.get(f"/v1/jobs/{job['id']}").json()["result"]["best_epoch"]
    assert traced(client, job)["epochs"] == sorted({best, 20})


def test_a_trace_that_has_not_changed_is_not_sent_again(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None]
) -> None:
    job = kinds()
    attempt()
    path = f"/v1/jobs/{job['id']}/trace"
    first = client.get(path)
    assert client.get(path, headers={"If-None-Match": first.headers["ETag"]}).status_code == 304
    for other in ("row=1", "epoch=0"):
        assert client.get(f"{path}?{other}", headers={"If-None-Match": first.headers["ETag"]}).status_code == 200


@pytest.fixture
def untraced(client: TestClient) -> Iterator[Callable[..., JSON]]:
    def submit(*layers: Any) -> JSON:
        answer = client.post("/v1/jobs", json=xor(network={"layers": [*layers, {"units": 1}]}))
        assert answer.status_code == 202, answer.text
        return answer.json()  # type: ignore[no-any-return]

    return submit


def test_what_cannot_be_traced_is_told_why(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None], untraced: Callable[..., JSON]
) -> None:
    for layers, told in (
        (["batch_normalisation"], "layer 0 is batch_normalisation; a trace shows dense layers"),
        ([{"units": 3, "activation": "prelu"}], "layer 0 has prelu, which learns slopes"),
        ([{"units": 3000}], "the network has 12,001 weights and biases; a trace shows 10,000 or fewer"),
    ):
        status, code, detail = refused(client, untraced(*layers))
        assert (status, code) == (422, "untraceable")
        assert told in detail
        attempt()
    job = kinds()
    attempt()
    assert refused(client, job, row=30) == (422, "invalid_parameter", "row is 30; the dataset has 30, 0 to 29")
    assert refused(client, job, row=-1)[:2] == (422, "invalid_parameter")
    assert client.delete(f"/v1/datasets/{job['dataset']['id']}").status_code == 204
    status, code, told = refused(client, job)
    assert (status, code) == (404, "not_found")
    assert (
        told
        == f"the data of job {job['id']}, {job['dataset']['id']}, were deleted: without them no row of them can be followed"
    )


def test_more_bytes_of_snapshots_than_a_job_may_have_are_refused(client: TestClient) -> None:
    network = {"layers": [{"units": 2000}, {"units": 2000}, {"units": 1}]}
    asked = xor(network=network)
    asked["training"] |= {"snapshots": 100, "epochs": 1000}
    answer = client.post("/v1/networks/check", json=asked)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["pointer"] == "/training/snapshots"
    each = 4 * (2 * 2000 + 2000 + 2000 * 2000 + 2000 + 2001)
    assert f"a job may have 1,073,741,824, so take {2**30 // each} or fewer" in answer.json()["detail"]
    asked["training"]["snapshots"] = 2**30 // each
    plan = client.post("/v1/networks/check", json=asked).json()["plan"]
    assert plan["snapshot_bytes"] == 2**30 // each * each


def test_a_tenant_whose_snapshots_would_be_more_than_it_may_store_is_told(client: TestClient, store: Store) -> None:
    from core.quotas import Quotas

    asked = xor()
    asked["training"] |= {"snapshots": 3}
    first = client.post("/v1/jobs", json=asked)
    store.quotas.set("default", Quotas(stored_bytes=1))
    told = re.search(
        r"stored_bytes: with these there would be ([\d,]+) bytes", client.post("/v1/jobs", json=asked).json()["detail"]
    )
    assert told is not None
    store.quotas.set("default", Quotas(stored_bytes=int(told[1].replace(",", "")) - 1))
    refused = client.post("/v1/jobs", json=asked)
    assert (refused.status_code, refused.json()["code"]) == (422, "quota_exceeded")
    assert client.post("/v1/jobs", json=xor()).status_code == 202  # without snapshots there is room
    client.post(f"/v1/jobs/{first.json()['id']}/cancel")
    client.delete(f"/v1/jobs/{first.json()['id']}")
    assert client.post("/v1/jobs", json=asked).status_code == 202


def test_the_weights_of_a_snapshot_are_a_model_of_their_own(
    client: TestClient, kinds: Callable[..., JSON], attempt: Callable[..., None]
) -> None:
    job = kinds(snapshots=1)
    attempt()
    model = SavedModel.from_safetensors(client.get(f"/v1/jobs/{job['id']}/weights?epoch=0").content)
    assert model.card.preprocessing.classes == ("cat", "dog", "owl")
