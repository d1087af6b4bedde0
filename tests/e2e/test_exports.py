"""Networks trained by the service, in the hands of other libraries."""

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import onnxruntime
import pandas
import pytest

from tests.e2e.jobs import JSON, train, upload

FLATS = """size,floor,garden,town,rent
35,2,false,Bern,900
80.5,,true,Basel,1700
60,1,true,Bern,1500
41,3,,Chur,800
,4,false,Basel,1100
95,1,true,,1900
52,2,false,Chur,950
73,,true,Bern,1650
"""


def rows() -> list[JSON]:
    """Those of the file, and one of a town that is not in it."""
    table = pandas.read_csv(io.StringIO(FLATS)).astype(object)
    found: list[Any] = table.where(table.notna(), None).to_dict("records")
    return [*found, {**found[0], "town": "Geneva"}]


def trained(client: httpx2.Client, target: str, loss: str, units: int) -> JSON:
    flats = FLATS if target == "rent" else FLATS.replace("true,,", "true,Bern,")  # no target may be missing
    dataset = {"id": upload(client, flats.encode())["id"], "target": target, "missing": "indicator"}
    layers = [{"units": 8, "activation": "relu"}, {"units": units}]
    return train(client, layers, dataset, loss=loss, epochs=20)


def predicted(client: httpx2.Client, job: JSON, target: str, asked: list[JSON]) -> list[Any]:
    """What the service itself says."""
    response = client.post(f"/v1/jobs/{job['id']}/predict", json={"rows": asked})
    assert response.status_code == 200, response.text
    return [prediction["values"][target] for prediction in response.json()["predictions"]]


def test_a_network_of_numbers_flags_and_texts_runs_in_onnxruntime(client: httpx2.Client) -> None:
    job = trained(client, "rent", "mean_squared_error", 1)
    response = client.get(f"/v1/jobs/{job['id']}/weights", params={"format": "onnx"})
    assert response.headers["Content-Disposition"] == f'attachment; filename="{job["id"]}.onnx"'
    session = onnxruntime.InferenceSession(response.content)
    table = pandas.DataFrame(rows())
    towns = table.pop("town").fillna("").to_numpy(object)[:, None]
    numbers = {name: table[name].to_numpy(np.float64)[:, None] for name in ("size", "floor", "garden")}
    found = session.run(["rent"], {**numbers, "town": towns})[0]
    np.testing.assert_allclose(found[:, 0], predicted(client, job, "rent", rows()), rtol=1e-5)


def test_a_network_of_classes_runs_in_pytorch_by_its_own_program(client: httpx2.Client, tmp_path: Path) -> None:
    pytest.importorskip("torch")
    job = trained(client, "town", "softmax_cross_entropy", 3)
    with zipfile.ZipFile(
        io.BytesIO(client.get(f"/v1/jobs/{job['id']}/weights", params={"format": "torch"}).content)
    ) as archive:
        archive.extractall(tmp_path)
    told = subprocess.run([sys.executable, "model.py"], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert told.startswith("8 rows are predicted as by the service")
    asked = [{**row, "rent": 1000} for row in rows()]
    script = f"import json, model; print(json.dumps(model.load().predict({asked!r})))"
    found = subprocess.run([sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, check=True).stdout
    assert [row["town"] for row in json.loads(found)] == predicted(client, job, "town", asked)
