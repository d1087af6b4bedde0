"""The limits of the child process, and what the parent makes of its end."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import psutil
import pytest

from core.data.parse import parse_upload
from core.data.table import read_columns
from core.errors import CapacityError, CoreError, InvalidData, TooLarge
from core.settings import Settings
from tests.faults.harness import is_dead
from tests.polling import until

EXAMPLES = Path(__file__).resolve().parents[2] / "examples" / "data"


@pytest.fixture
def large(tmp_path: Path) -> Iterator[Path]:
    """40 MB of CSV, 20 million numbers."""
    path = tmp_path / "large.csv"
    path.write_bytes(b"a,b\n" + b"1,2\n" * 10_000_000)
    yield path
    path.unlink()


def peak() -> int:
    """The most memory that this process has held since the last `peak_reset`, in bytes."""
    status = Path("/proc/self/status").read_text()
    return 1024 * next(int(line.split()[1]) for line in status.splitlines() if line.startswith("VmHWM:"))


def peak_reset() -> int:
    Path("/proc/self/clear_refs").write_text("5")
    return peak()


def test_a_real_file_becomes_a_table(tmp_path: Path) -> None:
    parsed = parse_upload(EXAMPLES / "iris.csv", "csv", tmp_path / "table", Settings())
    assert parsed.schema.rows == 150
    assert parsed.schema.column("species").values == ("setosa", "versicolor", "virginica")
    assert parsed.schema.column("sepal_length").mean == pytest.approx(5.843333333)
    assert parsed.schema.column("sepal_length").deviation == pytest.approx(0.825301, abs=1e-6)
    np.testing.assert_array_equal(np.bincount(read_columns(tmp_path / "table", ["species"])["species"]), [50, 50, 50])
    assert [path.name for path in tmp_path.iterdir()] == ["table"]


def test_an_error_of_the_child_is_raised_here_and_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "source").write_bytes(b"a,b\n1,2\n3\n")
    with pytest.raises(InvalidData, match="line 3 has 1 fields, the header has 2"):
        parse_upload(tmp_path / "source", "csv", tmp_path / "table", Settings())
    assert [path.name for path in tmp_path.iterdir()] == ["source"]


def test_a_file_beyond_the_limit_is_refused_unread(large: Path, tmp_path: Path) -> None:
    with pytest.raises(TooLarge, match="40000004 bytes; 1000000 are allowed"):
        parse_upload(large, "csv", tmp_path / "table", Settings(max_dataset_bytes=1_000_000))


def test_too_little_memory_is_a_matter_of_capacity_and_this_process_stays_small(large: Path, tmp_path: Path) -> None:
    before = peak_reset()
    with pytest.raises(CapacityError, match=r"memory .*\(335544320 bytes\)"):
        parse_upload(large, "csv", tmp_path / "table", Settings(parse_memory_bytes=320 * 2**20))
    assert peak() - before < 16 * 2**20
    assert not (tmp_path / "table").exists()


def test_this_process_stays_small_while_a_large_file_is_read(large: Path, tmp_path: Path) -> None:
    before = peak_reset()
    assert parse_upload(large, "csv", tmp_path / "table", Settings()).schema.rows == 10_000_000
    assert peak() - before < 16 * 2**20


def test_too_little_time_is_a_matter_of_capacity(large: Path, tmp_path: Path) -> None:
    with pytest.raises(CapacityError, match=r"longer than a dataset is given \(0.05 seconds\)"):
        parse_upload(large, "csv", tmp_path / "table", Settings(parse_timeout_s=0.05))


@pytest.mark.parametrize(("number", "error"), [(signal.SIGSEGV, InvalidData), (signal.SIGKILL, CapacityError)])
def test_a_child_that_dies_is_a_clear_error(
    large: Path, tmp_path: Path, number: signal.Signals, error: type[CoreError]
) -> None:
    raised: list[BaseException] = []

    def read() -> None:
        try:
            parse_upload(large, "csv", tmp_path / "table", Settings())
        except CoreError as caught:
            raised.append(caught)

    def child() -> psutil.Process | None:
        found = [process for process in psutil.Process().children() if str(large) in " ".join(process.cmdline())]
        return found[0] if found else None

    reader = threading.Thread(target=read)
    reader.start()
    deadline = time.monotonic() + 30
    while (process := child()) is None and time.monotonic() < deadline:
        time.sleep(0.001)
    assert process is not None
    process.send_signal(number)
    reader.join(30)
    assert [type(caught) for caught in raised] == [error]


def test_the_child_has_an_environment_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that would stop Python from starting does not reach it."""
    monkeypatch.setenv("PYTHONHOME", "/nowhere")
    monkeypatch.setenv("DATABASE_URL", "postgresql://secret")
    parse_upload(EXAMPLES / "iris.csv", "csv", tmp_path / "table", Settings(database_url=""))


@pytest.mark.parametrize("format_name", ["npy", "json"])
def test_the_child_imports_only_what_the_format_needs(format_name: str) -> None:
    code = f"import sys, core.data.child, core.data.formats.{format_name}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout.split()
    assert not {"pyarrow", "pydantic", "numba", "scipy", "sqlalchemy"} & set(loaded)


def test_the_reader_belongs_to_the_group_of_its_parent_and_dies_with_it(large: Path, tmp_path: Path) -> None:
    """Whoever kills the group, or only the parent, leaves no reader behind."""
    code = (
        "import sys; from pathlib import Path; from core.data.parse import parse_upload; from core.settings import Settings; "
        "parse_upload(Path(sys.argv[1]), 'csv', Path(sys.argv[2]), Settings(parse_memory_bytes=2**31))"
    )
    command = [sys.executable, "-c", code, str(large), str(tmp_path / "table")]
    parent = subprocess.Popen(command, cwd=EXAMPLES.parents[1], process_group=0)
    reader = until(lambda: next(iter(psutil.Process(parent.pid).children()), None))
    try:
        until(lambda: reader.rlimit(psutil.RLIMIT_AS)[0] == 2**31)  # it has set itself up
        reader.suspend()
        assert os.getpgid(reader.pid) == parent.pid
        parent.kill()
        parent.wait()
        until(lambda: is_dead(reader.pid))
    finally:
        if not is_dead(reader.pid):
            reader.kill()
