import json
import subprocess
import sys
from pathlib import Path

import pytest

from core.data.parse import FORMATS

ROOT = Path(__file__).resolve().parents[2]
COUNT, SEED = 300, 20_261_122


@pytest.mark.parametrize("format_name", FORMATS)
def test_spoilt_files_give_a_sound_table_or_a_clear_error(tmp_path: Path, format_name: str) -> None:
    run = subprocess.run(
        [sys.executable, "-m", "tests.data.fuzz", format_name, str(COUNT), str(SEED), str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        timeout=240,
    )
    assert run.returncode == 0, run.stderr.decode()[-4000:]
    outcomes = json.loads(run.stdout)
    assert sum(outcomes.values()) == COUNT
    assert outcomes["invalid_data"] > 0
