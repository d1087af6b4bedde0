"""Weights as programs: downloaded from the real service, they predict what it predicts."""

import json
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import pytest

from core.exports import FORMS, Name
from tests.e2e.jobs import ADAM, JSON, example, train, upload
from tests.exports.programs import PROGRAMS, results, run, self_test

pytestmark = pytest.mark.xdist_group("e2e")

FLATS = """city,heated,size,rent,dear
Oslo,true,80,1500,yes
Rome,false,,700,no
,true,45,820,no
Graz,,120,1450,yes
Oslo,false,30,640,no
Rome,true,95,1390,yes
"""


# Semicolons, decimal commas, umlauts, thousands, and three ways to say that a value is missing.
RENTS = """Straße;Fläche;Zimmer;möbliert;Ort;Miete
Am Mühlbach;81,5;3;true;Köln;1.200,50
Öhrweg;k.A.;2;false;Düsseldorf;980
"Gasse ""Süd"";7";45;1,5;;Köln;612,25
Am Mühlbach;120,25;n/a;true;k.A.;1.930,75
Öhrweg;33;1;false;Köln;455,5
Am Mühlbach;64,75;;true;Düsseldorf;905
"""


def downloaded(client: httpx2.Client, job: JSON, form: Name, folder: Path) -> Path:
    answer = client.get(f"/v1/jobs/{job['id']}/weights", params={"format": form})
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-disposition"] == f'attachment; filename="{job["id"]}.{FORMS[form].suffix}"'
    file = folder / f"{job['id']}.{FORMS[form].suffix}"
    file.write_bytes(answer.content)
    return file


def served(client: httpx2.Client, job: JSON, rows: list[JSON]) -> list[JSON]:
    answer = client.post(f"/v1/jobs/{job['id']}/predict", json={"rows": rows})
    assert answer.status_code == 200, answer.text
    found: list[JSON] = answer.json()["predictions"]
    return found


def agree(client: httpx2.Client, job: JSON, rows: list[JSON], folder: Path) -> None:
    expected = served(client, job, rows)
    values: list[list[Any]] = [[*each["values"].values()] for each in expected]
    for form in PROGRAMS:
        file = downloaded(client, job, form, folder)
        tested = self_test(form, file)
        assert (tested.returncode, tested.stderr) == (0, ""), tested.stdout
        found = results(form, file, rows)
        if "probabilities" in found[0]:
            assert [each["predictions"] for each in found] == values
            likely = [[*each["probabilities"].values()] for each in expected]
            np.testing.assert_allclose([each["probabilities"] for each in found], likely, atol=1e-6)
        else:
            np.testing.assert_allclose([each["predictions"] for each in found], values, 1e-6)
        lines = run(form, file, given="\n".join(json.dumps(row) for row in rows)).stdout.splitlines()
        assert len(lines) == len(rows)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("categories", ["one_hot", "embedding"])
def test_texts_flags_and_holes_become_numbers_as_in_the_service(
    client: httpx2.Client, categories: str, dtype: str, tmp_path: Path
) -> None:
    dataset = upload(client, FLATS.encode())["id"]
    embedding = [{"type": "embedding", "dimension": 2}] if categories == "embedding" else []
    data = {"id": dataset, "features": ["city", "heated", "size"], "categories": categories, "missing": "indicator"}
    rows = [
        {"city": "Oslo", "heated": True, "size": 62.5},
        {"city": None, "heated": None, "size": None},
        {"city": "Bonn", "heated": False, "size": 1000},
    ]
    layers = [*embedding, {"units": 6, "activation": "tanh"}]
    training: JSON = {"optimizer": ADAM, "epochs": 20}
    rent = train(client, [*layers, {"units": 1}], {**data, "target": "rent"}, loss="mean_squared_error", **training)
    agree(client, rent, rows, tmp_path)
    dear = train(client, [*layers, {"units": 2}], {**data, "target": "dear"}, loss="softmax_cross_entropy", **training)
    agree(client, dear, rows, tmp_path)


@pytest.mark.parametrize("missing", ["indicator", "median"])
def test_a_file_like_the_one_that_was_trained_on_is_read_as_it_was(client: httpx2.Client, missing: str, tmp_path: Path) -> None:
    reading = {"numbers": ["Miete"], "missing_values": ["k.A."]}
    data = {"id": upload(client, RENTS.encode(), **reading)["id"], "target": "Miete", "missing": missing}
    layers = [{"units": 6, "activation": "tanh"}, {"units": 1}]
    job = train(client, layers, data, loss="mean_squared_error", optimizer=ADAM, epochs=20)
    fresh = RENTS.replace("81,5;3", "99,75;4").replace("Düsseldorf", "Überlingen") + ";?;7,25;FALSE;NULL;-\n"
    for content, file in ((RENTS, "mieten.csv"), (fresh, "frisch.csv")):
        (tmp_path / file).write_text(content, encoding="utf-8-sig")
        dataset = upload(client, content.encode(), **reading)["id"]
        answer = client.post(f"/v1/jobs/{job['id']}/predict", json={"dataset": dataset})
        assert answer.status_code == 200, answer.text
        expected = [each["values"]["Miete"] for each in answer.json()["predictions"]]
        for form in PROGRAMS:
            done = run(form, downloaded(client, job, form, tmp_path), str(tmp_path / file))
            assert (done.returncode, done.stderr) == (0, "")
            head, *lines = done.stdout.splitlines()
            assert head == "Miete"
            np.testing.assert_allclose([float(line) for line in lines], expected, rtol=1e-6)


def test_images_run_through_convolutions_as_in_the_service(client: httpx2.Client, tmp_path: Path) -> None:
    table = example("digits.csv").decode().splitlines()
    names, pixels = table[0].split(","), [line.split(",") for line in table[1:20]]
    rows = [dict(zip(names[:64], map(float, each), strict=False)) for each in pixels]
    layers = [
        {"type": "reshape", "shape": [1, 8, 8]},
        {"type": "convolution_2d", "filters": 6, "kernel": 3, "padding": 1, "activation": "gelu"},
        {"type": "batch_normalisation"},
        {"type": "max_pooling_2d", "size": 2},
        "flatten",
        {"units": 10},
    ]
    data = {"id": upload(client, example("digits.csv"))["id"], "target": "digit"}
    job = train(client, layers, data, loss="softmax_cross_entropy", optimizer=ADAM, epochs=2)
    agree(client, job, rows, tmp_path)


def test_every_form_carries_the_golden_vectors_that_were_stored(client: httpx2.Client) -> None:
    data = {"id": upload(client, FLATS.encode())["id"], "target": "rent"}
    job = train(client, [{"units": 1}], data, loss="mean_squared_error", epochs=2)
    path = f"/v1/jobs/{job['id']}/weights"
    golden = client.get(path, params={"format": "json"}).json()["metadata"]["golden"]
    stored = client.get(path).content
    header = json.loads(stored[8 : 8 + int.from_bytes(stored[:8], "little")])
    assert json.loads(header["__metadata__"]["golden"]) == golden
    served_again = served(client, job, golden["rows"])
    assert [each["values"]["rent"] for each in served_again] == pytest.approx(
        [prediction["rent"] for prediction in golden["predictions"]], rel=1e-5
    )
