"""The arrays that the workers of a machine share."""

import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.nn.saving.tensors import Blocks, TensorFile
from tests.faults.harness import ROOT
from worker.arrays import Draft, Shelf, key
from worker.cache import Cache

ROWS, WIDTH = 2000, 50
X = np.random.default_rng(0).random((ROWS, WIDTH))

SHARING = """
import sys
from pathlib import Path
from tests.worker.test_arrays import *

shelf = Shelf(Cache(Path(sys.argv[1]), 2**30))
arrays = shelf.arrays("k", lambda: print("drafts", flush=True) or draft()).arrays
assert (arrays["x"] == X).all()
maps = [line.split() for line in open("/proc/self/maps") if ".arrays" in line]
print(*sorted({inode for _, _, _, _, inode, *_ in maps}), flush=True)
input()
"""
DYING = """
import sys
from pathlib import Path
from tests.worker.test_arrays import *

def torn():
    yield X[:1000]
    print("halfway", flush=True)
    input()

Shelf(Cache(Path(sys.argv[1]), 2**30)).arrays("k", lambda: Draft({"x": Blocks(X.shape, X.dtype, torn)}, {}))
"""


def draft(x: Any = X) -> Draft:
    """x in blocks of 300 rows, and two arrays as they are."""
    blocks = Blocks(x.shape, x.dtype, lambda: (x[start : start + 300] for start in range(0, len(x), 300)))
    return Draft({"x": blocks, "t": x[:, :1], "none": x[:0]}, {"said": "so"})


def none() -> Draft:
    raise AssertionError("drafted again")


def start(code: str, directory: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, str(directory)], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    return tmp_path / "cache"


@pytest.fixture
def shelf(directory: Path) -> Shelf:
    return Shelf(Cache(directory, 2**30))


def names(directory: Path) -> list[str]:
    return sorted(path.name for path in directory.iterdir())


def test_what_is_found_is_what_was_drafted(shelf: Shelf, directory: Path) -> None:
    for made in (shelf.arrays("k", draft), shelf.arrays("k", none), draft().in_memory()):
        assert list(made.words.items()) == [("said", "so")]
        np.testing.assert_array_equal(made.arrays["x"], X)
        np.testing.assert_array_equal(made.arrays["t"], X[:, :1])
        assert made.arrays["none"].shape == (0, WIDTH)
    assert names(directory) == ["k.arrays"]


def test_whoever_writes_to_an_array_writes_to_a_page_of_their_own(shelf: Shelf) -> None:
    shelf.arrays("k", draft).arrays["x"][:] = 7
    assert (shelf.arrays("k", none).arrays["x"] == X).all()


@pytest.mark.parametrize("damage", ["empty", "cut", "longer", "no header"])
def test_a_damaged_file_is_made_again(shelf: Shelf, directory: Path, damage: str) -> None:
    shelf.arrays("k", draft)
    place = directory / "k.arrays"
    data = place.read_bytes()
    place.write_bytes({"empty": b"", "cut": data[:-1], "longer": data + b"?", "no header": b"\xff" * 100}[damage])
    assert (shelf.arrays("k", draft).arrays["x"] == X).all()
    assert place.read_bytes() == data


def test_an_evicted_file_stays_with_whoever_trains_on_it(directory: Path) -> None:
    size = sum(map(len, TensorFile(draft().arrays, draft().words)))
    shelf = Shelf(Cache(directory, size))
    held = shelf.arrays("first", draft).arrays["x"]
    assert (shelf.arrays("second", lambda: draft(X + 1)).arrays["x"] == X + 1).all()
    assert names(directory) == ["second.arrays"]
    assert (held == X).all()


def test_arrays_for_which_there_is_no_room_stay_in_memory(directory: Path) -> None:
    assert (Shelf(Cache(directory, X.nbytes)).arrays("k", draft).arrays["x"] == X).all()
    assert names(directory) == []


def test_a_full_disk_leaves_them_in_memory(shelf: Shelf, directory: Path) -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    before = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (X.nbytes // 2, hard))
    try:
        made = shelf.arrays("k", draft)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
        signal.signal(signal.SIGXFSZ, before)
    assert (made.arrays["x"] == X).all()
    assert names(directory) == []


def test_two_processes_that_come_at_once_draft_once_and_map_one_file(directory: Path) -> None:
    processes = [start(SHARING, directory) for _ in range(2)]
    try:
        said = [process.stdout.readline().split() for process in processes]
        inodes = [words if words != ["drafts"] else processes[i].stdout.readline().split() for i, words in enumerate(said)]
    finally:
        for process in processes:
            process.communicate("\n")
    assert sorted(map(str, said)).count("['drafts']") == 1
    assert inodes[0] == inodes[1] == [str((directory / "k.arrays").stat().st_ino)]


def test_what_a_killed_process_left_is_not_trusted_and_nobody_waits_for_it(shelf: Shelf, directory: Path) -> None:
    process = start(DYING, directory)
    assert process.stdout.readline() == "halfway\n"
    waiting = start(SHARING, directory)
    process.kill()
    process.communicate()
    assert waiting.stdout.readline() == "drafts\n"
    waiting.communicate("\n")
    assert (shelf.arrays("k", none).arrays["x"] == X).all()


def test_the_key_differs_where_any_part_does() -> None:
    parts: list[tuple[object, ...]] = [("a", 1), ("a", 1.5), ("a", None), ("a", True), ("b", 1), ("a", 1, []), ({"a": 1},)]
    assert len({key(*each) for each in parts}) == len(parts)
    assert key({"a": 1, "b": 2}) == key({"b": 2, "a": 1})


@pytest.fixture
def holder(directory: Path) -> Iterator[Any]:
    """A process in the middle of its turn."""
    process = start(DYING, directory)
    assert process.stdout.readline() == "halfway\n"
    yield process
    process.kill()
    process.communicate()


def test_nobody_waits_long_for_one_that_is_frozen_in_its_turn(
    holder: Any, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("worker.cache.LONGEST_TURN_S", 0.3)
    holder.send_signal(signal.SIGSTOP)
    assert (shelf.arrays("k", draft).arrays["x"] == X).all()


def test_who_waits_for_a_turn_may_be_interrupted_and_takes_it_from_nobody(holder: Any, shelf: Shelf, directory: Path) -> None:
    class Enough(Exception):
        pass

    def check() -> None:
        raise Enough

    with pytest.raises(Enough):
        shelf.arrays("k", none, check)
    assert list(directory.glob("*.turn"))  # it is still the other's
