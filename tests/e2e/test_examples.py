"""The examples say in one line what is wrong, and fail."""

import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from tests.service.running import ROOT, Running, environment

FEATURE = {"column": "size", "kind": "number", "shift": 0.0, "scale": 1.0, "missing": 0.0}
DENSE = {"type": "dense", "activation": {"type": "identity"}}


def failed(cwd: Path, example: str, *arguments: str, status: int = 1, **settings: str) -> str:
    """What the example says that cannot go on."""
    command = [sys.executable, str(ROOT / "examples" / example), *arguments]
    done = subprocess.run(
        command, cwd=cwd, env=environment() | settings, capture_output=True, text=True, check=False, timeout=60
    )
    assert done.returncode == status, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


def weights_file(folder: Path, layers: list[dict[str, object]]) -> str:
    preprocessing = {"features": [FEATURE], "classes": None, "targets": [{}]}
    documents = {"network": {"layers": layers}, "loss": {"type": "huber"}, "preprocessing": preprocessing}
    metadata = {name: json.dumps(document) for name, document in documents.items()}
    save_file({"0.weight": np.ones((1, 1), np.float32)}, folder / "w.safetensors", metadata)
    return "w.safetensors"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ("length\n1\n", "the rows have no column size, which the network was trained on"),
        ("", "the rows have no column size"),
        (
            "size\nlarge\n",
            "rows.csv, row 0: column size is 'large', which is no number; if it means a missing value: --missing-value 'large'",
        ),
        ("length,size\n1,2\n1\n", "line 3 has fewer values than the first line has names"),
    ],
)
def test_rows_that_cannot_be_predicted_are_told(tmp_path: Path, rows: str, message: str) -> None:
    (tmp_path / "rows.csv").write_text(rows)
    assert failed(tmp_path, "predict.py", weights_file(tmp_path, [DENSE]), "rows.csv").startswith("predict.py: ")
    said = failed(tmp_path, "predict.py", "w.safetensors", "rows.csv")
    assert message in said
    assert len(said.splitlines()) == 1


def test_files_that_are_no_weights_are_told(tmp_path: Path) -> None:
    (tmp_path / "rows.csv").write_text("size\n1\n")
    assert "No such file or directory: gone.safetensors" in failed(tmp_path, "predict.py", "gone.safetensors", "rows.csv")
    weights = weights_file(tmp_path, [DENSE])
    assert "No such file or directory: 'gone.csv'" in failed(tmp_path, "predict.py", weights, "gone.csv")
    assert "rows.csv is no safetensors file" in failed(tmp_path, "predict.py", "rows.csv", "rows.csv")
    save_file({"a": np.ones(1)}, tmp_path / "other.safetensors")
    assert "has no network, loss and preprocessing" in failed(tmp_path, "predict.py", "other.safetensors", "rows.csv")
    convolution = weights_file(tmp_path, [{"type": "convolution_1d"}, DENSE])
    assert "has layers of the type convolution_1d" in failed(tmp_path, "predict.py", convolution, "rows.csv")


def test_without_its_files_the_usage_is_shown(tmp_path: Path) -> None:
    assert "usage: predict.py [-h] [--missing-value TEXT] WEIGHTS.safetensors ROWS.csv" in failed(
        tmp_path, "predict.py", status=2
    )


def test_a_client_without_a_service_or_a_key_is_told_where_they_may_be(tmp_path: Path) -> None:
    assert "no service runs in this folder: scripts/up starts one" in failed(tmp_path, "digits.py", status=2)
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "key").write_text("gm_of_this_folder")  # is for its service alone
    (tmp_path / "var" / "service.lock").write_text('{"pid": 1, "url": "http://127.0.0.1:1"}')  # which nobody holds
    for settings in ({}, {"GRADMILL_API_KEY": ""}):
        said = failed(tmp_path, "digits.py", "--url", "http://127.0.0.1:1", status=2, **settings)
        assert "no API key: GRADMILL_API_KEY is not set" in said
    assert "no service runs in this folder" in failed(tmp_path, "digits.py", status=2)


@pytest.mark.parametrize("url", ["nonsense", "http://127.0.0.1:1", "http://127.0.0.1:port"])
def test_an_address_without_a_service_is_told(tmp_path: Path, url: str) -> None:
    said = failed(tmp_path, "digits.py", "--url", url, GRADMILL_API_KEY="gm_x")
    assert said.startswith("Gradmill does not answer: ")
    assert len(said.splitlines()) == 1


def test_the_demo_tells_which_epoch_is_measured_and_how_validation_compares(service: Running, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "examples" / "digits.py"), "--url", service.url(), "--save", str(tmp_path)]
    settings = environment() | {"GRADMILL_API_KEY": (service.data_dir / "key").read_text().strip(), "COLUMNS": "200"}
    done = subprocess.run(command, env=settings, capture_output=True, text=True, check=True, timeout=120)
    best = re.search(r"^best +epoch (\d+) of \d+ has the lowest validation loss", done.stdout, re.MULTILINE)
    assert best, done.stdout
    assert f" at epoch {best[1]} → " in done.stdout
    assert re.search(r"^accuracy +9[789]\.\d+% of 360 held-out digits", done.stdout, re.MULTILINE)
    assert re.search(r"^beside +\d\d\.\d+% of 144 validation digits", done.stdout, re.MULTILINE)


class Other(BaseHTTPRequestHandler):
    """Some other server."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(404)
        self.send_header("Content-Length", "4")
        self.end_headers()
        self.wfile.write(b"lost")

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is logged."""


@pytest.fixture
def other() -> Iterator[str]:
    with HTTPServer(("127.0.0.1", 0), Other) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_another_server_is_not_taken_for_gradmill(tmp_path: Path, other: str) -> None:
    said = failed(tmp_path, "digits.py", "--url", other, GRADMILL_API_KEY="gm_x")
    assert said == f"{other}/v1/datasets answers 404, and not as Gradmill does\n"


@pytest.mark.parametrize("status", [0, 3])
def test_the_demo_tells_what_next_when_it_was_well_and_passes_its_status_on(tmp_path: Path, status: int) -> None:
    """In a folder where nothing needs to be set up, and the service is a program that ends at once."""
    for program, does in (("scripts/setup", "exit 0"), (".venv/bin/python", f"exit {status}")):
        file = tmp_path / program
        file.parent.mkdir(parents=True)
        file.write_text(f"#!/bin/sh\n{does}\n")
        file.chmod(0o700)
    (tmp_path / "scripts" / "demo").write_text((ROOT / "scripts" / "demo").read_text())
    done = subprocess.run(["sh", "scripts/demo"], cwd=tmp_path, capture_output=True, text=True, check=False, timeout=60)
    assert done.returncode == status
    assert ("scripts/up  " in done.stdout) == (status == 0)
