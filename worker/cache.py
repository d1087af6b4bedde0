"""A directory of files that can be made again, shared by all worker processes of a machine and kept under a number of bytes.

A file that is there is whole: it is written beside its place, and renamed into it once it is on the disk. Any may vanish at any
time; whoever has it open or mapped keeps it.
"""

import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from core.data import disk
from worker.interruption import Check, never

ABANDONED_AFTER_S = 3600.0
LONGEST_TURN_S = 60.0
LOOK_AGAIN_S = 0.02
_UNFINISHED = frozenset({".part", ".turn"})


class Cache:
    def __init__(self, directory: Path, max_bytes: int) -> None:
        self._directory = directory
        self.max_bytes = max_bytes

    def place(self, name: str) -> Path:
        return self._directory / name

    @contextmanager
    def part(self) -> Iterator[Path]:
        """An empty file to write; gone after the block, unless it was settled."""
        self._directory.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", dir=self._directory)
        os.close(handle)
        part = Path(name)
        try:
            yield part
        finally:
            part.unlink(missing_ok=True)

    def settle(self, part: Path, place: Path) -> None:
        """Gives the finished file its place, and makes room for it."""
        with part.open("rb") as file:
            os.fsync(file.fileno())
        part.rename(place)
        self._shrink(self.max_bytes, keep=place)

    def has_room(self, size: int) -> bool:
        """Whether a file of that size fits among the others, and leaves the disk as much as it takes."""
        self._directory.mkdir(parents=True, exist_ok=True)
        return size <= self.max_bytes and 2 * size <= shutil.disk_usage(self._directory).free

    @contextmanager
    def turn(self, place: Path, check: Check = never) -> Iterator[None]:
        """Processes that want to make the same file do so one after the other, and the next looks first whether it is there.

        It only saves work: a process that was killed has lost its turn, one that is frozen is waited for no longer than
        `LONGEST_TURN_S`, and where two get in all the same, each settles a whole file. `check` is called while one waits.
        """
        with ExitStack() as stack:
            with disk.unless_full():
                self._directory.mkdir(parents=True, exist_ok=True)
                ticket = place.with_suffix(".turn")
                file = stack.enter_context(ticket.open("wb"))
                if _is_ours(file, check):
                    stack.callback(ticket.unlink, missing_ok=True)
            yield

    def clear(self) -> None:
        """Removes every file that is whole: the disk is full."""
        self._shrink(0)

    def _shrink(self, most_bytes: int, keep: Path | None = None) -> None:
        """Remove what killed workers left half written, then the files that were not used for longest."""
        files = []
        for path in self._directory.iterdir():
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            if path.suffix in _UNFINISHED:
                if time.time() - status.st_mtime > ABANDONED_AFTER_S:
                    path.unlink(missing_ok=True)
            else:
                files.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= most_bytes:
                break
            if path != keep:
                path.unlink(missing_ok=True)
                total -= size


def _is_ours(file: BinaryIO, check: Check) -> bool:
    """Waits until it is this process's turn; False where the others have had theirs for long enough."""
    give_up_at = time.monotonic() + LONGEST_TURN_S
    while time.monotonic() < give_up_at:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return True
        check()
        time.sleep(LOOK_AGAIN_S)
    return False
