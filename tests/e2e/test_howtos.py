"""The programs and commands of the how-to pages and of the reference run as they are printed, and print what the pages say."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import httpx2
import pytest

from tests.service.running import ROOT, Running, environment, finished

pytestmark = pytest.mark.xdist_group("e2e")

PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "SECURITY.md", *sorted((ROOT / "docs").glob("*.md"))]

# Of each language: its page, the file that the page tells to save, the command that the page tells to run.
PROGRAMS = {"js": ("javascript", "iris.mjs", ("node", "iris.mjs")), "go": ("go", "main.go", ("go", "run", "main.go"))}

# Blocks of code, by page and language, and the tests that run them.
RUN = {
    ("README", "sh"): "tests/e2e/test_readme.py",
    ("README", "python"): "tests/e2e/test_readme.py",
    ("README", "py"): "tests/client/test_documents.py",
    ("README", "bash"): "tests/client/test_documents.py",
    ("client", "py"): "tests/client/test_documents.py",
    ("client", "bash"): "tests/client/test_documents.py",
    ("quickstart", "bash"): __name__,
    ("curl", "sh"): __name__,
    ("learning", "py"): __name__,
    ("javascript", "js"): __name__,
    ("go", "go"): __name__,
    ("reference", "python"): __name__,
    ("reference", "json"): __name__,
}


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (ROOT / "docs" / f"{page}.md").read_text(), re.DOTALL)


@pytest.fixture
def folder(service: Running, tmp_path: Path) -> Path:
    """As a user has it: the service's folder, the examples, the environment."""
    service.url()
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "var").symlink_to(service.data_dir)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    return tmp_path


def run(folder: Path, *command: str, **settings: str) -> str:
    env = environment() | {"PYTHONPATH": f"{ROOT / 'client' / 'src'}"} | settings
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, f"{done.stdout}\n{done.stderr}"
    return done.stdout


def test_every_block_of_code_is_run() -> None:
    found = {(page.stem, language) for page in PAGES for language in re.findall(r"^```(\w+)$", page.read_text(), re.MULTILINE)}
    assert found == set(RUN)


@pytest.mark.parametrize("language", PROGRAMS)
def test_the_program_of_the_page_prints_what_the_page_says(service: Running, folder: Path, language: str) -> None:
    page, file, command = PROGRAMS[language]
    if shutil.which(command[0]) is None:
        pytest.skip(f"{command[0]} is not installed")
    program = "\n".join(blocks(page, language))
    (folder / file).write_text(program)
    told = [line.strip() for line in re.findall(r"// → (.*)$", program, re.MULTILINE)]
    assert told
    home = os.environ.get("HOME", str(folder))
    assert run(folder, *command, GRADMILL_URL=service.url(), HOME=home).splitlines() == told


def test_the_requests_of_the_page_are_answered_as_it_says(service: Running, folder: Path) -> None:
    script = "\n".join(blocks("curl", "sh")).replace("http://127.0.0.1:8000", service.url())
    (folder / "written").mkdir()
    there = {each.name for each in folder.iterdir()}
    told = run(folder, "sh", "-euxc", script, TMPDIR=str(folder / "written"))
    assert told.splitlines().count("succeeded") == 2
    assert "'stopped': 'budget'" in told
    assert "specie" in told.splitlines()[-1]
    assert "species" in told.splitlines()[-1]
    assert {each.name for each in folder.iterdir()} == there
    assert not list((folder / "written").iterdir())


def test_the_numbers_of_the_lesson_are_those_of_a_real_job(folder: Path) -> None:
    program = "\n".join(blocks("learning", "py"))
    told = [line.strip() for line in re.findall(r"# → (.*)$", program, re.MULTILINE)]
    said = run(folder, sys.executable, "-c", program).splitlines()
    assert [line for line in said if line in told] == told


def test_the_commands_of_the_quickstart_work(folder: Path) -> None:
    page = (ROOT / "docs" / "quickstart.md").read_text()
    (show, check) = re.findall(r"`(gradmill [^`]*)`", page)
    told = run(folder, "sh", "-euc", "\n".join([*blocks("quickstart", "bash"), "echo", show, check]))
    assert "species,probability_setosa" in told
    assert re.search(r"^layers +.*\(chosen\)$", told, re.MULTILINE)
    assert re.search(r"^dense +4 ", told, re.MULTILINE)
    assert re.search(r"^estimated_seconds ", told, re.MULTILINE)
    assert run(folder, sys.executable, "iris-network.py", "--self-test")


def test_the_requests_of_the_reference_are_taken(client: httpx2.Client) -> None:
    data = {"dataset": {"inputs": [[0, 1], [1, 0], [1, 1]], "targets": ["a", "b", "c"]}}
    for document in blocks("reference", "json"):
        answer = client.post("/v1/networks/check", json=data | json.loads(document))
        assert answer.status_code == 200, answer.text


def test_the_snippets_of_the_reference_load_what_was_exported(client: httpx2.Client, tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="the snippet loads the export for PyTorch, which is not installed")
    onnx, torch = blocks("reference", "python")
    data = "size,town,rent\n" + "".join(f"{20 + 2 * i},{'Bern' if i % 2 else 'Chur'},{500 + 9 * i}\n" for i in range(40))
    dataset = client.post("/v1/datasets", content=data, headers={"Content-Type": "text/csv"}).json()
    job = client.post("/v1/jobs", json={"dataset": {"id": dataset["id"], "target": "rent"}, "training": {"epochs": 20}}).json()
    weights = finished(client, job["id"])["weights"]
    (tmp_path / "job.onnx").write_bytes(client.get(weights, params={"format": "onnx"}).content)
    zipfile.ZipFile(io.BytesIO(client.get(weights, params={"format": "torch"}).content)).extractall(tmp_path)
    program = f"import numpy as np\nimport onnxruntime\n{onnx}\nprint(float(rent.ravel()[0]))\n{torch}"
    rows = re.search(r"predict\((.*)\)$", torch, re.MULTILINE)
    assert rows is not None
    printed = run(tmp_path, sys.executable, "-c", f"{program}\nprint(trained.predict({rows[1]})[0]['rent'])").split()
    asked = {"rows": [{"size": 35.0, "town": "Bern"}]}
    expected = client.post(f"/v1/jobs/{job['id']}/predict", json=asked).json()["predictions"][0]["values"]["rent"]
    assert [float(each) for each in printed] == pytest.approx([expected, expected], rel=1e-5)
