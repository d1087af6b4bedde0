"""What README and docs/client.md print works as printed, and answers what they say."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from gradmill.cli import exits
from tests.service.running import environment

pytestmark = pytest.mark.xdist_group("client")

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "docs" / "client.md"]


@pytest.fixture
def run(service, tmp_path):
    """Runs a program in a folder as a user has it: the service in var, the client in .venv, the examples."""
    service.url()
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "var").symlink_to(service.data_dir)
    command = tmp_path / ".venv" / "bin" / "gradmill"
    command.parent.mkdir(parents=True)
    command.write_text(f'#!/bin/sh\nexec {sys.executable} -m gradmill "$@"\n')
    command.chmod(0o755)
    path = os.pathsep.join(folder for folder in os.environ["PATH"].split(os.pathsep) if not Path(folder, "gradmill").exists())
    env = {**environment(), "PYTHONPATH": str(ROOT / "client" / "src"), "PATH": path}

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(arguments, cwd=tmp_path, env=env, capture_output=True, text=True, timeout=240, check=False)

    return run


def blocks(page: Path, language: str) -> str:
    found = re.findall(rf"```{language}\n(.*?)```", page.read_text(), re.DOTALL)
    assert found
    return "\n".join(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_python_of_the_page_says_what_the_page_says(run, page):
    program = blocks(page, "py")
    told = run(sys.executable, "-W", "error", "-c", program)
    assert told.returncode == 0, told.stderr
    expected = re.findall(r"# → (.*)$", program, re.MULTILINE)
    assert [line for line in told.stdout.splitlines() if line in expected] == expected, told.stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_the_commands_of_the_page_work(run, tmp_path, page):
    told = run("sh", "-euc", blocks(page, "bash"))
    assert told.returncode == 0, told.stderr
    assert "succeeded" in told.stdout
    assert "species,probability_setosa,probability_versicolor,probability_virginica\nsetosa," in told.stdout
    assert list(tmp_path.glob("*.npz")) or list(tmp_path.glob("*.safetensors"))


def test_the_page_has_every_exit_code():
    codes = re.findall(r"^\| (\d+) \|", PAGES[1].read_text(), re.MULTILINE)
    known = [value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)]
    assert sorted(map(int, codes)) == sorted(known)
