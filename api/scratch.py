"""The folder of the uploads and answers that are on their way."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

_PREFIX = "uploads-"


@contextmanager
def scratch(data_dir: Path) -> Iterator[Path]:
    """A folder in `data_dir`, deleted at the end; those of processes that were killed are deleted first.

    A process holds a lock on a file in its folder for as long as it lives, however it ends.
    """
    with ExitStack() as stack:
        with _locked(data_dir / "uploads.lock"):  # one process at a time: a folder that was just made is not locked yet
            for abandoned in data_dir.glob(f"{_PREFIX}*"):
                _remove_unlocked(abandoned)
            folder = Path(stack.enter_context(TemporaryDirectory(prefix=_PREFIX, dir=data_dir, ignore_cleanup_errors=True)))
            stack.enter_context(_locked(folder / "lock"))
        yield folder


def _remove_unlocked(folder: Path) -> None:
    with suppress(BlockingIOError, FileNotFoundError, NotADirectoryError), _locked(folder / "lock", fcntl.LOCK_NB):
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def _locked(path: Path, how: int = 0) -> Iterator[None]:
    """Holds the only lock on the file; with LOCK_NB, BlockingIOError where another process does."""
    fd = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | how)
        yield
    finally:
        os.close(fd)
