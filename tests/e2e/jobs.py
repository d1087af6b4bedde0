"""Uploads, jobs and what becomes of them, through the API of a running service."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx2
from safetensors import safe_open

from tests.service.running import finished

JSON = dict[str, Any]

EXAMPLES = Path(__file__).parents[2] / "examples" / "data"

HIDDEN = {"type": "dense", "units": 32, "activation": "tanh"}
ADAM = {"type": "adam", "learning_rate": 0.01}


def example(name: str) -> bytes:
    return (EXAMPLES / name).read_bytes()


def upload(client: httpx2.Client, content: bytes, media_type: str = "text/csv", **reading: list[str]) -> JSON:
    """The dataset, and what is said of its cells."""
    response = client.post("/v1/datasets", content=content, headers={"Content-Type": media_type}, params=reading)
    assert response.status_code in (200, 201), response.text
    dataset: JSON = response.json()
    return dataset


def train(client: httpx2.Client, layers: list[Any], dataset: JSON, **training: Any) -> JSON:
    """The job when it has succeeded."""
    response = client.post("/v1/jobs", json={"network": {"layers": layers}, "dataset": dataset, "training": training})
    assert response.status_code == 202, response.text
    job = finished(client, response.json()["id"])
    assert job["status"] == "succeeded", job["error"]
    return job


def weights(client: httpx2.Client, job: JSON, tmp_path: Path) -> tuple[JSON, JSON]:
    """The tensors and the metadata of the best weights, as another library reads them."""
    file = tmp_path / "weights.safetensors"
    file.write_bytes(client.get(f"/v1/jobs/{job['id']}/weights").content)
    with safe_open(file, "numpy") as opened:
        metadata = {name: json.loads(text) for name, text in opened.metadata().items()}
        return {name: opened.get_tensor(name) for name in opened.keys()}, metadata  # noqa: SIM118 - it is no mapping


def predicted(client: httpx2.Client, job: JSON, rows: Path, tmp_path: Path) -> list[str]:
    """What the example that knows nothing of Gradmill makes of the downloaded weights."""
    file = tmp_path / "predict.safetensors"
    file.write_bytes(client.get(f"/v1/jobs/{job['id']}/weights").content)
    command = [sys.executable, str(EXAMPLES.parent / "predict.py"), str(file), str(rows)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()
