"""What is committed is what its sources give, wherever Node and the packages are."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from api.assets import FOLDER

WEB = FOLDER.parents[1] / "web"
SOURCES = [file for file in WEB.rglob("*") if file.is_file() and "node_modules" not in file.parts]
BUILD_S = 120
OLDEST_NODE = 20
NODES = [f"v{major}." for major in range(OLDEST_NODE, 100, 2)]


def test_the_committed_page_is_built_from_its_sources_byte_by_byte(tmp_path: Path) -> None:
    tool = WEB / "node_modules" / ".bin" / "vite"
    if not tool.exists() or not has_node():
        pytest.skip(f"needs Node {OLDEST_NODE} or newer, and the packages of web/: npm ci there")
    for command in ([WEB / "node_modules" / ".bin" / "tsc"], [tool, "build", "--outDir", tmp_path, "--logLevel", "warn"]):
        done = subprocess.run(command, cwd=WEB, timeout=BUILD_S, capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    assert contents(tmp_path) == contents(FOLDER)


def has_node() -> bool:
    node = shutil.which("node")
    return node is not None and subprocess.check_output([node, "--version"], text=True).startswith(tuple(NODES))


def contents(folder: Path) -> dict[str, bytes]:
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def test_no_source_says_where_packages_come_from() -> None:
    assert len(SOURCES) > 10
    for file in SOURCES:
        assert not re.search(r"registry\.|\"resolved\"", file.read_text()), file
