"""A full disk, as every write may meet it. It is nobody's mistake: callers let the OSError pass, the boundary answers it."""

import errno
import os

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})  # no room, none for this user, none in this process's limit


def is_full(error: BaseException) -> bool:
    return isinstance(error, OSError) and error.errno in _FULL


def full() -> OSError:
    """What a process raises for another that met it."""
    return OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
