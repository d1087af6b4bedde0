"""Exported programs, run as a stranger would run them: on a bare interpreter, with nothing of ours within reach."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from core.exports import FORMS, Name, exporter
from core.exports.golden import Golden, Row
from core.nn.predictor import Predictor
from core.nn.saving.model import SavedModel

# Reads rows from the standard input, a list of them, and writes what the program says of each.
ASKING: dict[Name, str] = {
    "python": """
import importlib.util, json, os, sys
spec = importlib.util.spec_from_file_location("model", os.environ["MODEL"])
model = importlib.util.module_from_spec(spec)
spec.loader.exec_module(model)
print(json.dumps([model.results(row) for row in json.load(sys.stdin)]))
""",
    "javascript": """
import { readFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
const { results } = await import(pathToFileURL(process.env.MODEL));
console.log(JSON.stringify(JSON.parse(readFileSync(0)).map((row) => results(row))));
""",
}
PROGRAMS: list[Name] = [*ASKING]


def written(form: Name, model: SavedModel, folder: Path, golden: Golden | None = None) -> Path:
    """The file, with the service's golden vectors, or with others."""
    content = exporter(form)(model, golden or Golden.of(model, Predictor))
    file = folder / f"model.{FORMS[form].suffix}"
    file.write_bytes(content)
    return file


def results(form: Name, file: Path, rows: list[Row]) -> list[dict[str, Any]]:
    """What the program says of each row."""
    code = [*interpreter(form), *CODE[form], ASKING[form]]
    environment = {**ENVIRONMENT, "MODEL": str(file)}
    done = subprocess.run(code, input=json.dumps(rows), text=True, capture_output=True, env=environment, timeout=60)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def self_test(form: Name, file: Path) -> "subprocess.CompletedProcess[str]":
    return run(form, file, "--self-test")


def run(form: Name, file: Path, *words: str, given: str = "") -> "subprocess.CompletedProcess[str]":
    command = [*interpreter(form), str(file), *words]
    return subprocess.run(command, input=given, text=True, capture_output=True, env=ENVIRONMENT, timeout=60)


def interpreter(form: Name) -> list[str]:
    if form == "python":
        return [sys.executable, "-I", "-S", "-W", "error"]
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on this machine")
    return [node]


CODE: dict[Name, list[str]] = {"python": ["-c"], "javascript": ["--input-type=module", "-e"]}
ENVIRONMENT = {"PATH": os.environ["PATH"], "PYTHONIOENCODING": "utf-8", "LANG": "C.UTF-8"}
