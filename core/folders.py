"""Folders and files that are nobody else's business on this machine."""

import os
import stat
from contextlib import suppress
from pathlib import Path

_OTHERS = 0o007


def make_private(folder: Path) -> None:
    """Makes the folder, and those above it that are missing, for their owner alone; one that is there stays as it is, since
    whoever made it may have chosen its mode. OSError where that cannot be."""
    for each in (*reversed(folder.parents), folder):
        each.mkdir(mode=0o700, exist_ok=True)


def keep_private(file: Path) -> None:
    """Makes a missing file, empty and for its owner alone; one that is there is closed to all but its owner and group.

    Where that cannot be, nothing happens: it is another's, or whoever opens it will say why it cannot be there.
    """
    with suppress(OSError):
        try:
            os.close(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        except FileExistsError:
            mode = file.stat().st_mode
            if stat.S_ISREG(mode) and mode & _OTHERS:
                file.chmod(stat.S_IMODE(mode) & ~_OTHERS)
