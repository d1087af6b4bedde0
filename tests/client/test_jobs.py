"""Jobs through the client, on a real service."""

import asyncio
import json

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import load_file

import gradmill
from gradmill import predictions
from tests.service.running import endless, xor

pytestmark = pytest.mark.xdist_group("client")


def create(client, request, **others):
    return client.jobs.create(request["network"], request["dataset"], request["training"], **others)


def test_a_job_is_trained_and_its_weights_are_arrays(client, tmp_path):
    seen = []
    job = create(client, xor(700)).wait(progress=lambda job: seen.append((job.status, job.progress.epoch))).check()
    assert (job.status, job.progress.epoch, job.result.epochs) == ("succeeded", 700, 700)
    assert seen[0] == ("queued", 0)
    assert seen[-1] == ("succeeded", 700)
    path = job.download(tmp_path / "weights.safetensors")
    arrays = job.weights()
    independent = load_file(path)
    assert arrays.keys() == independent.keys()
    for name, array in arrays.items():
        np.testing.assert_array_equal(array, independent[name])
    arrays["0.weight"] += 1  # they are the caller's own
    assert job.tensors(epoch="last").metadata["loss"] == {"type": "mean_squared_error"}
    assert json.loads(job.download(tmp_path / "weights.json", format="json").read_bytes())["weights"].keys() == arrays.keys()


def test_all_epochs_come_in_order_over_all_pages(client):
    job = create(client, xor(1234)).wait()
    epochs = list(job.epochs())
    assert [epoch.epoch for epoch in epochs] == list(range(1, 1235))
    assert [epoch.epoch for epoch in job.epochs(after=1230)] == [1231, 1232, 1233, 1234]
    assert [epoch.epoch for epoch in job.epochs(points=2)] == [1, 1234]
    assert epochs[-1].loss == job.progress.loss
    assert next(event.type for event in job.past_events()) == "submitted"


def test_jobs_are_listed_over_pages_and_by_what_they_are(client):
    mine = {create(client, xor(1), name="mine", metadata={"mark": "listed"}).wait().id for _ in range(3)}
    create(client, xor(1), metadata={"mark": "other"}).wait()
    found = list(client.jobs.list(metadata={"mark": "listed"}, status="succeeded", page_size=2))
    assert {(job.id, job.name) for job in found} == {(id, "mine") for id in mine}
    first = client.jobs.get(min(mine))
    assert {job.id for job in client.jobs.list(metadata={"mark": "listed"}, created_after=first.created_at)} >= mine - {
        first.id
    }
    assert found[0].weights().keys() == first.weights().keys()
    assert (type(found[0]), found[0].refresh().progress.epoch) == (gradmill.JobSummary, 1)
    assert not hasattr(found[0], "network")
    assert found[0].whole() == client.jobs.get(found[0].id)


def test_it_is_looked_at_as_it_learned(client):
    request = xor(50)
    job = client.jobs.create(request["network"], request["dataset"], {**request["training"], "snapshots": 4}).wait().check()
    kept = [snapshot.epoch for snapshot in job.snapshots()]
    assert kept[:2] == [0, 1]
    assert kept[-1] == 50
    traced = job.trace(2, epoch=1)
    assert (traced.epoch, traced.row, [each.value for each in traced.inputs]) == (1, 2, [1, 0])
    weights = job.weights(epoch=1)
    np.testing.assert_allclose(traced.layers[0].weights, weights["0.weight"])
    assert job.predict([[1, 0]], epoch=1).array()[0] == pytest.approx(traced.outputs[0].output, rel=1e-6)


@pytest.mark.parametrize("progress", [False, str])
def test_a_wait_asks_seldom(client, monkeypatch, progress):
    job = create(client, endless())
    asked = []
    send = type(client.jobs._transport).send
    monkeypatch.setattr(
        type(client.jobs._transport), "send", lambda self, call, *more: asked.append(call) or send(self, call, *more)
    )
    with pytest.raises(gradmill.WaitedTooLong):
        job.wait(timeout_s=3, progress=progress)
    monkeypatch.undo()
    job.cancel().wait()
    assert 1 <= len(asked) <= (16 if progress else 4)


def test_a_job_is_paused_resumed_cancelled_repeated_and_removed(client):
    job = create(client, endless())
    with pytest.raises(gradmill.WaitedTooLong, match=job.id):
        job.wait(timeout_s=0.3)
    with pytest.raises(gradmill.Conflict):
        job.delete()
    job.pause()
    while job.status != "paused":
        job.refresh()
    assert job.resume().status == "queued"
    assert job.cancel().wait().status == "cancelled"
    with pytest.raises(gradmill.JobFailed, match="cancelled"):
        job.check()
    again = client.jobs.retry(job.id)
    assert again.retry_of == job.id
    again.cancel().wait()
    for each in (again.id, job.id):
        client.jobs.delete(each)
    with pytest.raises(gradmill.NotFound, match=job.id):
        job.refresh()


def test_who_waits_for_progress_sees_that_nothing_was_learned(client, capsys):
    data = {"inputs": [[float(i)] for i in range(30)], "targets": [500.0 + i for i in range(30)]}
    training = {"epochs": 1, "optimizer": {"type": "sgd", "learning_rate": 1e-9}, "metrics": ["r2"]}
    job = client.jobs.create([{"units": 1}], data, training).wait(progress=True).check()
    [warning] = job.result.warnings
    assert capsys.readouterr().err.splitlines()[-1] == f"warning: {warning}"


def test_a_job_that_diverges_tells_why(client):
    request = xor(50)
    request["training"]["optimizer"] = {"type": "sgd", "learning_rate": 1e6}
    request["network"]["layers"] = [{"units": 30}, {"units": 30}, {"units": 1}]
    job = create(client, request).wait()
    with pytest.raises(gradmill.JobFailed) as raised:
        job.check()
    assert (raised.value.code, raised.value.fault) == ("diverged", "user")


def test_everything_that_is_wrong_is_told_at_once(client):
    with pytest.raises(gradmill.InvalidSpec) as raised:
        client.networks.check(
            [{"units": 0}, {"type": "rleu"}],
            {"inputs": np.eye(2), "targets": [0, 1]},
            {"loss": "mean_squared_error", "epochs": 0},
        )
    pointers = {mistake.pointer for mistake in raised.value.errors}
    assert {"/network/layers/0/units", "/training/epochs"} <= pointers
    assert all(pointer in str(raised.value) for pointer in pointers)


def test_a_dry_run_tells_the_plan(client):
    checked = client.networks.check(dataset={"inputs": np.arange(60.0).reshape(20, 3), "targets": np.arange(20.0)})
    assert checked.plan.inputs == 3
    assert "/network/layers" in checked.chosen


def test_nan_is_told_with_its_place(client):
    with pytest.raises(gradmill.InvalidJSON, match=r"inputs\[1\]\[0\] is NaN"):
        client.jobs.create(dataset={"inputs": np.array([[1.0], [np.nan]]), "targets": [0, 1]})


def test_a_wrong_key_is_told(service):
    with gradmill.Client(service.url(), "gm_wrong") as client, pytest.raises(gradmill.Unauthorized):
        next(client.jobs.list())


def test_an_event_loop_does_the_same(connected):
    request = xor(600)

    async def train():
        async with connected() as client:
            job = await client.jobs.create(request["network"], request["dataset"], request["training"])
            (await job.wait()).check()
            epochs = [epoch async for epoch in job.epochs()]
            listed = [each.id async for each in client.jobs.list(page_size=1)]
            return job, len(epochs), listed, await job.weights()

    job, epochs, listed, weights = asyncio.run(train())
    assert epochs == job.progress.epoch == 600
    assert job.id in listed
    assert weights["0.weight"].shape == (2, 2)


def test_weights_are_sent_and_started_from(client, tmp_path):
    job = create(client, xor(5)).wait().check()
    sent = client.weights.upload(job.download(tmp_path / "w.safetensors"))
    assert client.weights.upload((tmp_path / "w.safetensors").read_bytes()).id == sent.id
    assert client.weights.get(sent.id).tensors["0.weight"].shape == [2, 2]
    assert sent.id in {each.id for each in client.weights.list(page_size=1)}
    request = xor(1)
    request["training"]["start"] = {"weights": sent.id}
    create(client, request).wait().check()
    client.weights.delete(sent.id)


def test_new_rows_are_predicted_in_all_the_ways_that_they_may_come(client, connected):
    columns = {"size": [1.0, 2.0, 3.0, 4.0] * 10, "kind": ["a", "b", "a", "b"] * 10}
    dataset = client.datasets.upload({**columns, "label": [3, 5, 3, 5] * 10})
    training = {"loss": "softmax_cross_entropy", "epochs": 60, "batch_size": 8}
    job = client.jobs.create([{"units": 8}, {"units": 2}], {"id": dataset.id, "target": "label"}, training).wait().check()
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    first = job.predict(columns)
    assert (first.targets, first.classes, len(first)) == (["label"], [3, 5], 40)
    assert first.values["label"] == [3, 5] * 20
    assert list(first.probabilities) == ["3", "5"]
    np.testing.assert_allclose(first.probability_array().sum(axis=1), 1)
    for same in (rows, [list(row.values()) for row in rows], pd.DataFrame(columns), dataset.id):
        assert client.predict(job.id, same) == first
    assert job.predict(rows, probabilities=False).probabilities == {}

    async def predict():
        async with connected() as other:
            return await other.predict(job.id, rows)

    assert asyncio.run(predict()) == first
    assert first.warnings == []
    [warning] = job.predict([{"size": 1.0, "kind": "z"}]).warnings
    assert (warning.pointer, 'never saw ("z")' in warning.message) == ("/rows/0/kind", True)
    with pytest.raises(gradmill.APIError, match=r"rows\[0\].*size"):
        job.predict([{"size": "large", "kind": "a"}])


def test_many_rows_are_predicted_in_several_requests(client, monkeypatch):
    job = create(client, xor(50)).wait().check()
    rows = np.random.default_rng(1).uniform(size=(50, 2))
    whole = job.predict(rows).array()
    monkeypatch.setattr(predictions.pieces, "__defaults__", (14,))
    assert len(list(predictions.pieces(predictions.rows_of(rows)))) == 8
    np.testing.assert_array_equal(job.predict(rows).array(), whole)
