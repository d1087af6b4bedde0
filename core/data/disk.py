"""A full disk, as every write may meet it. It is nobody's mistake: callers let the OSError pass, the boundary answers it."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # no room, none for this user, none in this process's limit


def is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _FULL


@contextmanager
def unless_full() -> Iterator[None]:
    """Work that may be left out, and is left in the middle, where the disk is full."""
    try:
        yield
    except OSError as error:
        if not is_full(error):
            raise


def full() -> OSError:
    """What a process raises for another that met it."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
