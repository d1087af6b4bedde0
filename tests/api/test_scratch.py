"""Uploads do not outlive the process that took them, however that ends."""

import subprocess
import sys
from pathlib import Path

from api.scratch import scratch

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from api.scratch import scratch
with scratch(Path(sys.argv[1])) as folder:
    (folder / "upload").write_bytes(bytes(1000))
    print(folder, flush=True)
    sys.stdin.read()
"""


def test_the_uploads_of_a_killed_process_are_deleted_by_the_next_one_and_those_of_a_living_one_are_not(tmp_path: Path) -> None:
    (tmp_path / "uploads-of-an-older-version").mkdir()
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    living, killed = (
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) for _ in range(2)
    )
    with living, killed:
        assert living.stdout
        assert killed.stdout
        kept, left = Path(living.stdout.readline().strip()), Path(killed.stdout.readline().strip())
        killed.kill()
        killed.wait()
        assert (left / "upload").exists()
        with scratch(tmp_path) as own:
            assert set(tmp_path.glob("uploads-*")) == {kept, own}
            assert (kept / "upload").exists()
    assert list(tmp_path.glob("uploads-*")) == []
