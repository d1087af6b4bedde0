"""The documents become pages without a complaint: no link that leads nowhere, no page that nothing leads to."""

import sys
from pathlib import Path

from tests.e2e.test_howtos import run
from tests.service.running import ROOT


def test_the_documents_build_strictly(tmp_path: Path) -> None:
    run(
        ROOT,
        sys.executable,
        "-m",
        "sphinx",
        "-q",
        "-W",
        "--keep-going",
        "-n",
        "-d",
        str(tmp_path / "read"),
        "docs",
        str(tmp_path / "site"),
    )
    assert (tmp_path / "site" / "index.html").stat().st_size > 0
