"""The README's tour works as printed, and the reference leaves nothing out."""

import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from core.nn import spec
from docs import tables

pytestmark = pytest.mark.xdist_group("e2e")

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *(ROOT / "docs").glob("*.md")]


@pytest.mark.skipif(not (shutil.which("curl") and shutil.which("git")), reason="the README's tour needs curl, and git")
def test_every_command_of_the_tour_works_as_printed(service, tmp_path):
    blocks = re.findall(r"```sh\n(.*?)```", README, re.DOTALL)
    script = "\n".join([*blocks, "echo"]).replace("http://127.0.0.1:8000", service.url())
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "var").symlink_to(service.data_dir)
    (tmp_path / ".venv").symlink_to(sys.prefix)
    tour = subprocess.run(["sh", "-euc", script], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
    assert tour.returncode == 0, tour.stderr
    assert tour.stdout.count('"status":"succeeded"') == 2, tour.stdout
    assert tour.stdout.index('"status":"paused"') < tour.stdout.index('"status":"cancelled"'), tour.stdout
    assert '"weights":{"0.bias":' in tour.stdout
    for pointer in ("layers/0/units", "layers/0/activation", "layers/1/units", "layers/1/unit", "inputs/1", "loss", "epochs"):
        assert f'{pointer}"' in tour.stdout, pointer
    assert re.search(r"^ +\d\d setosa$", tour.stdout, re.MULTILINE), tour.stdout
    paused = re.search(r'"status":"paused".*?"progress":\{"epoch":(\d+)', tour.stdout)
    assert paused, tour.stdout
    assert int(paused[1]) > 0  # something was trained before
    assert load_file(tmp_path / "iris.safetensors")["0.weight"].shape == (16, 4)
    made = [path.name for path in tmp_path.iterdir() if not path.is_symlink()]
    command = ["git", "-C", str(ROOT), "check-ignore", "--no-index", *made]
    assert subprocess.run(command, capture_output=True, text=True, check=False).stdout.split() == made
    if find_spec("torch"):
        (snippet,) = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
        told = subprocess.run([sys.executable, "-c", snippet], cwd=tmp_path, capture_output=True, text=True, check=True)
        assert told.stdout == "setosa\n"


def test_the_tour_can_be_taken_again():
    keys = re.findall(r"Idempotency-Key: ([^'\"]+)", README)
    assert keys
    assert all("$(date +%s)" in key for key in keys)


@pytest.mark.parametrize(
    ("answer", "status", "out"), [('{"id":"job_1","dataset":{"id":"ds_2"}}', 0, "job_1\n"), ('{"a":"b\\n"}', 1, "")]
)
def test_the_tour_hides_no_refusal_where_it_takes_an_id(answer, status, out):
    (made,) = re.findall(r"^made\(\) \{\n.*?^\}$", README, re.DOTALL | re.MULTILINE)
    done = subprocess.run(["sh", "-c", f"{made}\nmade"], input=f"{answer}\n", capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (status, out)
    assert done.stderr == ("" if out else f"{answer}\n")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_the_documents_leads_somewhere(page):
    for target in re.findall(r"\]\((?!http)([^)#]+)", page.read_text()):
        assert (page.parent / target).exists(), target


def test_the_reference_has_the_tables_that_the_specs_write():
    text = tables.REFERENCE.read_text()
    assert tables.with_tables(text) == text, "python -m docs.tables"
    for heading, union in tables.UNIONS.items():
        assert f"## {heading}\n" in text
        assert tables.table(union) in text, heading


def test_the_reference_has_every_field_of_a_training():
    text = (ROOT / "docs" / "reference.md").read_text()
    for field in spec.TrainingSpec.model_fields:
        assert f"| `{field}` |" in text
