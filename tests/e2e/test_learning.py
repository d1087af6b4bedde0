"""Real data through the real service: it learns, and its weights give elsewhere what they give here."""

import csv
import io
from typing import Any

import numpy as np
import pytest

from tests.e2e.jobs import ADAM, EXAMPLES, HIDDEN, example, predicted, train, upload, weights
from tests.service.running import finished

pytestmark = pytest.mark.xdist_group("e2e")


def test_plain_gradient_descent_learns_xor_with_a_2_2_1_sigmoid_network(client, tmp_path):
    inputs, targets = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    layers = [{"units": 2, "activation": "sigmoid"}, {"units": 1, "activation": "sigmoid"}]
    descent = {"type": "sgd", "learning_rate": 2.0}
    job = train(
        client,
        layers,
        {"inputs": inputs, "targets": targets},
        loss="mean_squared_error",
        optimizer=descent,
        epochs=5000,
        batch_size="full",
    )
    assert job["result"]["last"]["loss"] < 0.001
    found, _ = weights(client, job, tmp_path)
    hidden = 1 / (1 + np.exp(-(np.array(inputs) @ found["0.weight"].T + found["0.bias"])))
    y = 1 / (1 + np.exp(-(hidden @ found["2.weight"].T + found["2.bias"])))
    assert (y[:, 0] > 0.5).tolist() == [False, True, True, False]


def test_iris_is_told_apart_by_columns_and_labels(client, tmp_path):
    job = train(
        client,
        [HIDDEN, {"units": 3}],
        {"id": upload(client, example("iris.csv"))["id"], "target": "species"},
        loss="softmax_cross_entropy",
        optimizer=ADAM,
        epochs=100,
        validation={"fraction": 0.3},
        early_stopping={"monitor": "f1", "patience": 40},
        metrics=["accuracy", "f1", "roc_auc", "confusion_matrix"],
    )
    assert job["result"]["best"]["metrics"]["accuracy"] >= 0.93
    assert job["result"]["best"]["metrics"]["roc_auc"] >= 0.97
    history = client.get(f"/v1/jobs/{job['id']}/epochs").json()["data"]
    assert job["result"]["best"]["metrics"]["f1"] == max(epoch["metrics"]["f1"] for epoch in history)
    confusion = job["result"]["confusion_matrix"]
    assert confusion["classes"] == ["setosa", "versicolor", "virginica"]
    assert np.sum(confusion["counts"]) == 45
    assert np.trace(confusion["counts"]) / 45 == pytest.approx(job["result"]["best"]["metrics"]["accuracy"])
    told = predicted(client, job, EXAMPLES / "iris.csv", tmp_path)
    with (EXAMPLES / "iris.csv").open() as file:
        true = [row["species"] for row in csv.DictReader(file)]
    assert np.mean([one == other for one, other in zip(told, true, strict=True)]) >= 0.93


def test_a_job_that_names_nothing_but_its_target_learns(client):
    request = {"dataset": {"id": upload(client, example("iris.csv"))["id"], "target": "species"}}
    job = finished(client, client.post("/v1/jobs", json=request).json()["id"])
    assert job["status"] == "succeeded", job["error"]
    assert job["result"]["best"]["metrics"]["accuracy"] >= 0.93
    assert job["network"]["layers"][0]["units"] == job["chosen"]["/network/layers"][0]["units"]


def test_the_progression_of_diabetes_is_predicted_in_its_own_units(client, tmp_path):
    job = train(
        client,
        [HIDDEN, {"units": 1}],
        {"id": upload(client, example("diabetes.csv"))["id"], "target": "progression"},
        loss="mean_squared_error",
        optimizer=ADAM,
        epochs=300,
        validation={"fraction": 0.25},
        early_stopping={"patience": 40},
        metrics=["r2", "mean_absolute_error"],
    )
    best = job["result"]["best"]["metrics"]
    assert best["r2"] > 0.35
    assert 30 < best["mean_absolute_error"] < 55
    told = [float(line) for line in predicted(client, job, EXAMPLES / "diabetes.csv", tmp_path)]
    with (EXAMPLES / "diabetes.csv").open() as file:
        true = [float(row["progression"]) for row in csv.DictReader(file)]
    assert 25 < np.mean(np.abs(np.subtract(told, true))) < 50


def test_a_table_with_holes_is_predicted_in_its_own_units_however_it_is_scaled(client, tmp_path):
    rng = np.random.default_rng(3)
    size, colour, flag = rng.normal(50, 20, 300).round(2), rng.choice(["red", "green", ""], 300), rng.integers(0, 2, 300)
    price = 1000 + 7 * size + 200 * (colour == "red") + 90 * flag
    sizes = np.where(rng.random(300) < 0.1, "", size.astype(str))
    rows = zip(sizes, colour, np.where(flag, "true", "false"), price, strict=True)
    file = tmp_path / "table.csv"
    file.write_text("size,colour,flag,price\n" + "".join(",".join(map(str, row)) + "\n" for row in rows))
    dataset = upload(client, file.read_bytes())
    job = train(
        client,
        [HIDDEN, {"units": 1}],
        {"id": dataset["id"], "target": "price", "scaling": "robust", "missing": "indicator", "target_scaling": "min_max"},
        loss="mean_squared_error",
        optimizer=ADAM,
        epochs=200,
        metrics=["mean_absolute_error"],
    )
    assert job["plan"]["inputs"] == 2 + 2 + 1  # size and whether it is there, two colours, the flag
    told = np.array([float(line) for line in predicted(client, job, file, tmp_path)])
    error = float(np.abs(told - price).mean())
    assert error < 40
    assert error == pytest.approx(job["result"]["best"]["metrics"]["mean_absolute_error"], rel=1e-3)


def test_a_row_that_counts_twice_is_learnt_as_two_rows_are(client):
    rng = np.random.default_rng(4)
    x, t = rng.standard_normal((20, 3)).round(3), rng.choice(["a", "b", "c"], 20)
    counts = rng.integers(0, 4, 20)
    repeated = {"inputs": np.repeat(x, counts, axis=0).tolist(), "targets": np.repeat(t, counts).tolist()}
    weighted = {"inputs": x.tolist(), "targets": t.tolist(), "weights": counts.tolist()}
    jobs = [
        train(client, [HIDDEN, {"units": 3}], data, loss="softmax_cross_entropy", batch_size="full", epochs=20)
        for data in (repeated, weighted)
    ]
    assert jobs[1]["dataset"]["weight"] == "weight"
    losses = [[row["loss"] for row in client.get(f"/v1/jobs/{job['id']}/epochs").json()["data"]] for job in jobs]
    np.testing.assert_allclose(losses[0], losses[1], rtol=1e-4)


def test_rows_that_are_measured_may_come_by_number_from_another_dataset_or_with_the_request(client):
    lines = (EXAMPLES / "iris.csv").read_text().splitlines(keepends=True)
    kept = range(1, 150, 5)
    parts = ["".join([lines[0], *(line for i, line in enumerate(lines[1:]) if (i in kept) == is_kept)]) for is_kept in (0, 1)]
    ids = [upload(client, part.encode())["id"] for part in ("".join(lines), *parts)]
    rows = [line.strip().split(",") for line in lines[1:]]

    def of(is_kept: bool) -> dict[str, Any]:
        chosen = [row for i, row in enumerate(rows) if (i in kept) == is_kept]
        return {"inputs": [list(map(float, row[:4])) for row in chosen], "targets": [row[4] for row in chosen]}

    jobs = [
        train(
            client,
            [HIDDEN, {"units": 3}],
            dataset,
            loss="softmax_cross_entropy",
            optimizer=ADAM,
            epochs=3,
            batch_size="full",
            validation=validation,
            metrics=["accuracy"],
        )
        for dataset, validation in (
            ({"id": ids[0], "target": "species"}, {"rows": list(kept)}),
            ({"id": ids[1], "target": "species"}, {"dataset": ids[2]}),
            ({**of(False), "scaling": "standard"}, of(True)),
        )
    ]
    assert [(job["plan"]["training_rows"], job["plan"]["validation_rows"]) for job in jobs] == [(120, 30)] * 3
    assert jobs[0]["result"] == jobs[1]["result"] == jobs[2]["result"]
    assert jobs[2]["training"]["validation"]["dataset"].startswith("ds_")


def test_images_of_an_npz_are_told_apart_by_a_convolution(client):
    table = np.loadtxt(EXAMPLES / "digits.csv", delimiter=",", skiprows=1)
    file = io.BytesIO()
    np.savez_compressed(file, image=table[:, :-1].reshape(-1, 1, 8, 8).astype(np.uint8), digit=table[:, -1].astype(int))
    dataset = upload(client, file.getvalue(), "application/x-npz")
    job = train(
        client,
        [
            {"type": "reshape", "shape": dataset["shapes"]["image"]},
            {"type": "convolution_2d", "filters": 8, "kernel": 3, "activation": "relu"},
            "flatten",
            {"units": 10},
        ],
        {"id": dataset["id"], "target": "digit", "scaling": "min_max"},
        loss="softmax_cross_entropy",
        optimizer=ADAM,
        epochs=10,
        validation={"fraction": 0.2},
        metrics=["accuracy"],
    )
    assert job["result"]["best"]["metrics"]["accuracy"] > 0.93


def test_pytorch_loads_the_weights_and_gives_the_same_outputs(client, tmp_path):
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed; it is only compared with")
    rng = np.random.default_rng(0)
    x, classes = rng.standard_normal((200, 5)).round(3), rng.integers(0, 4, 200)
    dataset = {"inputs": x.tolist(), "targets": classes.tolist()}
    job = train(client, [HIDDEN, {"units": 4, "activation": "softmax"}], dataset, loss="softmax_cross_entropy", epochs=5)
    found, metadata = weights(client, job, tmp_path)
    model = torch.nn.Sequential(torch.nn.Linear(5, 32), torch.nn.Tanh(), torch.nn.Linear(32, 4), torch.nn.Softmax(dim=1))
    model.load_state_dict({name: torch.tensor(array) for name, array in found.items()})
    theirs = model(torch.tensor(x, dtype=torch.float32)).detach().numpy()
    np.testing.assert_allclose(ours(metadata["network"], found, x), theirs, atol=1e-6)


def ours(network: dict[str, Any], found: dict[str, Any], x: Any) -> Any:
    """The engine's outputs for these weights."""
    from core.nn.lower import lower
    from core.nn.network import Network
    from core.nn.spec import NetworkSpec, SoftmaxCrossEntropy

    program = lower(NetworkSpec.model_validate(network), SoftmaxCrossEntropy(), x.shape[1])
    return Network.from_weights(program, found).outputs(x.astype(np.float32))
