"""What is said while the kernels are compiled, and that only one process does."""

import fcntl
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import numba
import pytest
from numba.core import event

from core.nn import engine
from core.nn.kernels.cache import cache_directory
from service.compilation import Told, kernels, tell
from service.kernels import is_complete, mark, turn
from tests.polling import until
from tests.service.running import ROOT, environment


@numba.njit
def doubled(x):
    return x + x


def test_each_kernel_is_told_of_once_however_often_it_is_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    with event.install_listener("numba:compile", Told({doubled})):
        assert doubled(1) == 2
        assert doubled(0.5) == 1
        assert numba.njit(lambda: 3)() == 3
    assert capsys.readouterr().out == "doubled\n"


def test_that_the_kernels_are_put_together_is_told_when_the_last_was_counted(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("service.compilation.TELL_EVERY_S", 0.01)
    reader, writer = os.pipe()
    telling = threading.Thread(target=tell, args=(reader, 2, time.monotonic()))
    telling.start()
    said = ""

    def has_said(words: str) -> bool:
        nonlocal said
        said += capsys.readouterr().out
        return words in said

    os.write(writer, b"dense\n")
    until(lambda: has_said("1 of 2 after 0 s\n"))
    os.write(writer, b"tanh\n")
    until(lambda: has_said("2 of 2 after 0 s; putting them together\n"))
    os.close(writer)
    telling.join(10)
    assert not telling.is_alive()
    os.close(reader)


def test_the_loop_and_what_is_written_out_in_it_are_no_kernels_of_their_own() -> None:
    found = kernels()
    assert engine.gather.part in found
    assert not {engine.run, engine.predict, engine.train} & found


@pytest.fixture
def other_cache() -> Iterator[tuple[Path, dict[str, str]]]:
    """The cache of a processor that nothing was compiled for, and what makes a process take it for its own."""
    setting = environment() | {"NUMBA_CPU_NAME": "generic", "NUMBA_CPU_FEATURES": ""}
    where = "from core.nn.kernels.cache import cache_directory; print(cache_directory())"
    told = subprocess.run([sys.executable, "-c", where], cwd=ROOT, env=setting, capture_output=True, text=True, check=True)
    directory = Path(told.stdout.strip())
    assert directory != cache_directory()
    assert not directory.exists()
    yield directory, setting
    shutil.rmtree(directory)


def test_a_second_process_says_that_it_waits_and_takes_what_the_first_has_made(
    other_cache: tuple[Path, dict[str, str]],
) -> None:
    directory, setting = other_cache
    command = [sys.executable, "-m", "service.kernels"]
    with turn(directory):
        second = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, env=setting)
        assert second.stdout
        assert second.stdout.readline() == b"another process is at the kernels; waiting for it\n"
        assert second.poll() is None
        (directory / "engine.nbi").touch()
        mark(directory)
    assert second.communicate()[0] == b""
    assert second.returncode == 0


def test_a_cache_from_which_something_was_removed_is_not_complete(tmp_path: Path) -> None:
    assert not is_complete(tmp_path)
    for name in ("engine.nbi", "engine.1.nbc"):
        (tmp_path / name).touch()
    assert not is_complete(tmp_path)
    mark(tmp_path)
    assert is_complete(tmp_path)
    (tmp_path / "engine.1.nbc").unlink()
    assert not is_complete(tmp_path)


def test_the_turn_is_over_only_when_the_last_process_that_holds_it_has_ended(tmp_path: Path) -> None:
    with turn(tmp_path / "cache") as held:
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, pass_fds=held)
    with pytest.raises(BlockingIOError), (tmp_path / "cache" / "lock").open() as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    child.communicate(b"")
    with turn(tmp_path / "cache") as held:
        assert held
