"""Train, then predict: rows in the request, the dataset they come from, and a program that knows nothing of Gradmill agree."""

import csv
from collections import Counter
from io import BytesIO, StringIO
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from tests.e2e.jobs import ADAM, EXAMPLES, HIDDEN, JSON, example, predicted, train, upload, weights


def table(name: str) -> list[JSON]:
    """The rows of an example, numbers as numbers."""

    def value(text: str) -> Any:
        try:
            return float(text)
        except ValueError:
            return text or None

    return [{column: value(text) for column, text in row.items()} for row in csv.DictReader(StringIO(example(name).decode()))]


def predict(client: httpx2.Client, job: JSON, body: JSON, accept: str = "application/json") -> httpx2.Response:
    response = client.post(f"/v1/jobs/{job['id']}/predict", json=body, headers={"Accept": accept})
    assert response.status_code == 200, response.text
    return response


def test_a_classifier_names_classes_with_their_probabilities(client: httpx2.Client, tmp_path: Path) -> None:
    dataset = upload(client, example("iris.csv"))
    training = {"loss": "softmax_cross_entropy", "optimizer": ADAM, "epochs": 60, "metrics": ["accuracy"], "seed": 3}
    job = train(client, [HIDDEN, {"units": 3}], {"id": dataset["id"], "target": "species"}, **training)
    rows = table("iris.csv")
    inline = predict(client, job, {"rows": rows}).json()
    assert predict(client, job, {"dataset": dataset["id"]}).json() == inline
    labels = [each["values"]["species"] for each in inline["predictions"]]
    assert labels == predicted(client, job, EXAMPLES / "iris.csv", tmp_path)
    hits = sum(label == row["species"] for label, row in zip(labels, rows, strict=True))
    assert hits / len(rows) == pytest.approx(job["result"]["best"]["metrics"]["accuracy"], abs=1e-12)
    assert set(Counter(labels)) == set(inline["classes"])
    for each in inline["predictions"]:
        assert sum(each["probabilities"].values()) == pytest.approx(1, rel=1e-12)
        assert max(each["probabilities"], key=each["probabilities"].__getitem__) == each["values"]["species"]
    lines = list(csv.reader(StringIO(predict(client, job, {"dataset": dataset["id"]}, "text/csv").text)))
    assert [line[0] for line in lines] == ["species", *labels]


def test_a_regression_answers_in_the_targets_own_unit(client: httpx2.Client, tmp_path: Path) -> None:
    dataset = upload(client, example("diabetes.csv"))
    target = dataset["columns"][-1]["name"]
    training = {"loss": "mean_squared_error", "optimizer": ADAM, "epochs": 60, "metrics": ["mean_absolute_error"], "seed": 3}
    job = train(client, [HIDDEN, {"units": 1}], {"id": dataset["id"], "target": target}, **training)
    rows = table("diabetes.csv")
    inline = predict(client, job, {"rows": rows}).json()
    assert predict(client, job, {"dataset": dataset["id"]}).json() == inline
    numbers = [each["values"][target] for each in inline["predictions"]]
    by_example = list(map(float, predicted(client, job, EXAMPLES / "diabetes.csv", tmp_path)))
    np.testing.assert_allclose(numbers, by_example, rtol=1e-5)  # which prints six digits
    error = np.mean([abs(number - row[target]) for number, row in zip(numbers, rows, strict=True)])
    assert error == pytest.approx(job["result"]["best"]["metrics"]["mean_absolute_error"], rel=1e-6)


def test_images_are_predicted_by_their_pixels(client: httpx2.Client, tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    image = rng.normal(size=(200, 1, 6, 6)).astype(np.float32)
    digit = (image.mean(axis=(1, 2, 3)) > 0).astype(np.int64)
    file = BytesIO()
    np.savez(file, image=image, digit=digit)
    dataset = upload(client, file.getvalue(), "application/x-npz")
    layers = [
        {"type": "reshape", "shape": [1, 6, 6]},
        {"type": "convolution_2d", "filters": 2, "kernel": 3, "activation": "relu"},
        "flatten",
        {"units": 2},
    ]
    training = {"loss": "softmax_cross_entropy", "optimizer": ADAM, "epochs": 2, "seed": 3}
    job = train(client, layers, {"id": dataset["id"], "target": "digit"}, **training)
    features = [feature["column"] for feature in weights(client, job, tmp_path)[1]["preprocessing"]["features"]]
    assert features == [f"image{i}" for i in range(36)]
    inline = predict(client, job, {"rows": image.reshape(200, 36).astype(float).tolist()}).json()
    assert predict(client, job, {"dataset": dataset["id"]}).json() == inline
    assert {each["values"]["digit"] for each in inline["predictions"]} <= {0, 1}


def test_data_that_came_with_the_job_are_predicted_as_lists(client: httpx2.Client) -> None:
    inputs, targets = [[0, 0], [0, 1], [1, 0], [1, 1]], [0, 1, 1, 0]
    layers = [{"units": 4, "activation": "tanh"}, {"units": 1}]
    training = {"loss": "mean_squared_error", "optimizer": {"type": "lbfgs"}, "epochs": 100, "seed": 1}
    job = train(client, layers, {"inputs": inputs, "targets": targets}, **training)
    answer = predict(client, job, {"rows": inputs}).json()
    mean = np.mean([(each["values"]["target"] - t) ** 2 for each, t in zip(answer["predictions"], targets, strict=True)])
    assert mean == pytest.approx(job["result"]["best"]["loss"], rel=1e-3, abs=1e-7)
