"""Networks of other layers than dense ones, and weights of a client's own, through the real service."""

import httpx2
import numpy as np
import pytest
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray
from safetensors.numpy import save

from tests.e2e.jobs import ADAM, EXAMPLES, JSON, example, train, upload, weights
from tests.service.running import finished

pytestmark = pytest.mark.xdist_group("e2e")

PLANE = {"inputs": [[0, 0], [0, 1], [1, 0], [1, 1]], "targets": [1, 3, 4, 6]}  # 1 + 3 a + 2 b


def flats(rows: int) -> tuple[list[JSON], list[float]]:
    """Flats with the rent that their city, their heating and their size make; some cities and sizes are not known."""
    rng = np.random.default_rng(5)
    cities = {"Oslo": 400.0, "Rome": 150.0, "Lyon": 0.0, "Graz": -100.0, "Bonn": -250.0, "": 0.0}
    heating = {"gas": 30.0, "wood": -20.0}
    found, rents = [], []
    for _ in range(rows):
        city, heats, size = str(rng.choice(list(cities))), str(rng.choice(list(heating))), round(rng.uniform(20, 120), 1)
        found.append({"city": city, "heating": heats, "size": "" if rng.random() < 0.05 else size})
        rents.append(round(200 + 11 * size + cities[city] + heating[heats], 2))
    return found, rents


def test_texts_become_an_embedding_beside_numbers_with_holes_and_a_scaled_target(client, tmp_path):
    rows, rents = flats(800)
    lines = [",".join([*map(str, row.values()), str(y)]) for row, y in zip(rows, rents, strict=True)]
    dataset = upload(client, "\n".join(["city,heating,size,rent", *lines]).encode())
    job = train(
        client,
        [{"type": "embedding", "dimension": 3}, {"units": 24, "activation": "tanh"}, {"units": 1}],
        {
            "id": dataset["id"],
            "target": "rent",
            "categories": "embedding",
            "missing": "indicator",
            "target_scaling": "standard",
        },
        loss="mean_squared_error",
        optimizer=ADAM,
        epochs=120,
        validation={"fraction": 0.2},
        metrics=["r2"],
        seed=3,
    )
    assert job["result"]["best"]["metrics"]["r2"] > 0.85
    found, metadata = weights(client, job, tmp_path)
    told = [rent(found, metadata["preprocessing"], row) for row in rows]
    assert 1 - np.mean(np.subtract(told, rents) ** 2) / np.var(rents) > 0.85


def rent(found: JSON, preprocessing: JSON, row: JSON) -> float:
    """The forward pass by hand: a row of its own table for each text, then two dense layers, then the target's unit."""
    inputs: list[float] = []
    tables = iter([found["0.0.weight"], found["0.1.weight"]])
    for feature in preprocessing["features"]:
        value = row[feature["column"]]
        if feature["kind"] == "category":
            values = feature["values"]
            inputs += [*next(tables)[values.index(value) if value else len(values)]]
        elif feature["kind"] == "missing":
            inputs.append(value == "")
        else:
            inputs.append(((feature["missing"] if value == "" else value) - feature["shift"]) / feature["scale"])
    y = found["3.weight"] @ np.tanh(found["1.weight"] @ inputs + found["1.bias"]) + found["3.bias"]
    target = preprocessing["targets"][0]
    return float(y[0] * target["scale"] + target["shift"])


def test_a_convolution_with_pooling_reads_the_digits_of_a_csv(client, tmp_path):
    job = train(
        client,
        [
            {"type": "reshape", "shape": [1, 8, 8]},
            {"type": "convolution_2d", "filters": 16, "kernel": 3, "padding": 1, "activation": "relu"},
            {"type": "max_pooling_2d", "size": 2},
            "flatten",
            {"type": "dense", "units": 10},
        ],
        {"id": upload(client, example("digits.csv"))["id"], "target": "digit", "scaling": "min_max"},
        loss="softmax_cross_entropy",
        optimizer=ADAM,
        epochs=15,
        validation={"fraction": 0.2},
        metrics=["accuracy"],
    )
    assert job["result"]["best"]["metrics"]["accuracy"] > 0.95
    assert job["result"]["stopped"] == "epochs"
    found, _ = weights(client, job, tmp_path)
    table = np.loadtxt(EXAMPLES / "digits.csv", delimiter=",", skiprows=1)
    images = np.pad(table[:, :64].reshape(-1, 8, 8) / 16, ((0, 0), (1, 1), (1, 1)))
    windows = sliding_window_view(images, (3, 3), (1, 2))
    maps = np.einsum("bhwij,fij->bfhw", windows, found["1.weight"][:, 0]) + found["1.bias"][:, None, None]
    pooled = np.maximum(maps, 0).reshape(-1, 16, 4, 2, 4, 2).max((3, 5))
    y = pooled.reshape(-1, 256) @ found["5.weight"].T + found["5.bias"]
    assert np.mean(y.argmax(1) == table[:, 64]) > 0.95


@pytest.fixture
def line() -> dict[str, NDArray[np.float32]]:
    """The tensors of a line that fits `PLANE` exactly."""
    return {"0.weight": np.array([[3, 2]], np.float32), "0.bias": np.array([1], np.float32)}


def submitted(client: httpx2.Client, tensors: dict[str, NDArray[np.float32]]) -> httpx2.Response:
    """The answer to a job on `PLANE` that starts from these weights."""
    sent = client.post("/v1/weights", content=save(tensors), headers={"Content-Type": "application/x-safetensors"})
    assert sent.status_code in (200, 201), sent.text
    training = {"loss": "mean_squared_error", "optimizer": "sgd", "epochs": 3, "start": {"weights": sent.json()["id"]}}
    return client.post("/v1/jobs", json={"network": {"layers": [{"units": 1}]}, "dataset": PLANE, "training": training})


def test_weights_that_were_sent_are_where_the_training_begins(client, line):
    answer = submitted(client, line)
    assert answer.status_code == 202, answer.text
    job = finished(client, answer.json()["id"])
    assert job["status"] == "succeeded", job["error"]
    first = client.get(f"/v1/jobs/{job['id']}/epochs").json()["data"][0]
    assert first["loss"] == pytest.approx(0, abs=1e-12)


def test_weights_that_lack_a_tensor_are_refused_with_its_name(client, line):
    del line["0.bias"]
    answer = submitted(client, line)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/training/start"
    assert 'they have no tensor "0.bias", which has the shape [1] in this network; theirs are 0.weight' in error["message"]


def test_weights_of_another_shape_are_refused_with_both_shapes(client, line):
    line["0.weight"] = np.ones((1, 3), np.float32)
    answer = submitted(client, line)
    assert answer.status_code == 422
    (error,) = answer.json()["errors"]
    assert error["pointer"] == "/training/start"
    assert 'their tensor "0.weight" has the shape [1, 3]; in this network it has [1, 2]' in error["message"]
