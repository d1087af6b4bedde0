"""`python -m service.kernels`: compiles every kernel that is not in the cache yet, so that no job waits for the compiler.

Where all are there it only looks: whoever runs them loads them, which is a second of work at each start. Of several at
the same time one compiles; the others wait.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from core.nn.kernels.cache import cache_directory

_MARK = "complete"  # the file that names all that belongs to the cache


def prepare(directory: Path) -> None:
    """Returns when every kernel is in the cache."""
    if is_complete(directory):
        return
    from service import compilation

    if not compilation.kernels():
        print("the kernels run as plain Python", flush=True)
        return
    with turn(directory) as held:
        if is_complete(directory):  # the work of whoever had the turn before
            return
        compilation.compile_all(held)
        if held:
            mark(directory)


def is_complete(directory: Path) -> bool:
    """Whether all is there still that was when the mark was made; cleaners of temporary files take some and leave others."""
    try:
        names = (directory / _MARK).read_text().split()
    except FileNotFoundError:
        return False
    return bool(names) and all((directory / name).exists() for name in names)


def mark(directory: Path) -> None:
    """Keeps in mind that nothing is missing now."""
    names = sorted(path.name for path in directory.glob("*.nb[ci]"))
    (directory / _MARK).write_text("".join(f"{name}\n" for name in names))


@contextmanager
def turn(directory: Path) -> Iterator[tuple[int, ...]]:
    """The only one at this cache, however the others end; yields the open files that hold the lock. Where nothing can be
    written, as in an image, there is nothing to wait for."""
    directory.mkdir(parents=True, exist_ok=True)
    if not os.access(directory, os.W_OK):
        yield ()
        return
    lock = os.open(directory / "lock", os.O_RDONLY | os.O_CREAT | os.O_CLOEXEC, 0o644)
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("another process is at the kernels; waiting for it", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield (lock,)
    finally:
        os.close(lock)


if __name__ == "__main__":
    prepare(cache_directory())
