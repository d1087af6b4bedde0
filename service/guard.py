"""Ends the whole service when the supervisor dies without a word.

The guard leads the process group that every child of the supervisor, and every child of those, belongs to. Its standard input
is a pipe that only the supervisor holds open: when it closes without a farewell, as after `kill -9`, the guard kills the group
and itself with it. Jobs survive that like any crash.
"""

import asyncio
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process

_FAREWELL = b"bye"


class Guard:
    """`group` is the process group for the children."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self.group = process.pid

    @classmethod
    async def start(cls, inherit: tuple[int, ...] = ()) -> "Guard":
        """A guard that keeps the descriptors in `inherit` open until the children are gone."""
        return cls(
            await asyncio.create_subprocess_exec(sys.executable, "-S", __file__, stdin=PIPE, pass_fds=inherit, process_group=0)
        )

    async def ended(self) -> None:
        """Returns when the guard is gone, which nobody but `dismiss` and `kill` should bring about."""
        await self._process.wait()

    async def dismiss(self) -> None:
        """Ends the guard and nothing else: the children have been stopped."""
        await self._process.communicate(_FAREWELL)

    def kill(self) -> None:
        """Ends every child at once, and the guard."""
        os.killpg(self.group, signal.SIGKILL)


def _watch() -> None:
    for terminating in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(terminating, signal.SIG_IGN)
    if sys.stdin.buffer.read() != _FAREWELL:
        os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    _watch()
