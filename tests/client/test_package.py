"""The distribution: what it holds and needs, built and installed as a user does."""

import os
import shutil
import subprocess
import sys
import sysconfig
import tomllib
from pathlib import Path

import pytest

import gradmill

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "client" / "pyproject.toml").read_text())["project"]
SERVER = {"api", "core", "worker", "service", "migrations", "numba", "fastapi", "sqlalchemy", "celery"}
PATHS = os.pathsep.join([str(Path(sys.prefix) / "bin"), os.environ.get("PATH", "")])
UV = shutil.which("uv", path=PATHS)


def python(code: str, *, executable: str = sys.executable, **env: str) -> subprocess.CompletedProcess[str]:
    command = [executable, "-c", code]
    return subprocess.run(command, env={"PATH": PATHS, **env}, capture_output=True, text=True, timeout=120, check=False)


def test_it_brings_no_server_and_nothing_that_is_optional():
    loaded = python("import sys, gradmill; print(*sys.modules)", PYTHONPATH=str(ROOT / "client" / "src"))
    assert loaded.returncode == 0, loaded.stderr
    packages = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert {"gradmill", "httpx2", "pydantic"} <= packages
    assert not packages & {*SERVER, "numpy", "pandas", "sklearn", "typer", "rich"}


def test_without_its_extra_the_command_line_says_what_to_install():
    code = "import sys; sys.modules['typer'] = None\nfrom gradmill.__main__ import main; sys.exit(main())"
    done = python(code, PYTHONPATH=str(ROOT / "client" / "src"))
    assert done.returncode == 2
    assert done.stderr == "gradmill: the command line needs typer: pip install 'gradmill[cli]'\n"


def test_the_version_is_that_of_the_distribution():
    assert PROJECT["version"] == gradmill.__version__


@pytest.mark.skipif(UV is None, reason="uv is not installed; scripts/setup does that")
def test_it_is_built_and_installed_where_nothing_else_is(tmp_path):
    def uv(*arguments: str) -> None:
        done = subprocess.run([UV, *arguments], cwd=tmp_path, capture_output=True, text=True, timeout=120, check=False)
        assert done.returncode == 0, done.stderr

    uv("build", "--offline", "--quiet", "--out-dir", "dist", str(ROOT / "client"))
    (wheel,) = (tmp_path / "dist").glob("gradmill-*-py3-none-any.whl")
    assert len(list((tmp_path / "dist").glob("gradmill-*.tar.gz"))) == 1
    uv("venv", "--quiet", "--offline", "--python", sys.executable, "fresh")
    executable = str(tmp_path / "fresh" / "bin" / "python")
    uv("pip", "install", "--quiet", "--offline", "--no-deps", "--python", executable, str(wheel))
    # What it depends on, it finds here; itself it must bring.
    packages = sysconfig.get_path("purelib")
    code = f"import sys; sys.path.append({packages!r})\nimport gradmill; print(gradmill.__file__)"
    told = python(code, executable=executable)
    assert told.returncode == 0, told.stderr
    assert told.stdout.startswith(str(tmp_path / "fresh"))
    program = subprocess.run(
        [tmp_path / "fresh" / "bin" / "gradmill", "--version"],
        env={"PATH": PATHS, "PYTHONPATH": packages},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (program.returncode, program.stdout) == (0, f"gradmill {gradmill.__version__}\n"), program.stderr
    metadata = next((tmp_path / "fresh").glob("lib/*/site-packages/gradmill-*.dist-info/METADATA")).read_text()
    for extra in PROJECT["optional-dependencies"]:
        assert f"Provides-Extra: {extra}\n" in metadata
