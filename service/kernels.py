"""`python -m service.kernels`: compiles every kernel that is not in the cache yet, so that no job waits for the compiler.

Of several at the same time one compiles; the others wait, and load what it has compiled.
"""

import fcntl
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from numba.core import event

from core.nn import warmup
from core.nn.kernels.cache import cache_directory
from core.nn.kernels.compile import Kernel

events: Any = event  # untyped

TELL_EVERY_S = 3.0
COMPLETE = cache_directory() / "complete"  # a mark that nothing in it is missing


def main(dtypes: list[str]) -> None:
    if dtypes:
        events.register("numba:compile", Told(kernels()))
        warmup.warm_up(dtypes)
        return
    if not kernels():
        print("the kernels run as plain Python", flush=True)
        return
    with turn(cache_directory()) as held:
        if COMPLETE.exists():
            warmup.warm_up()
        else:
            compile_all(held)


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


def compile_all(held: tuple[int, ...]) -> None:
    """Single and double precision at the same time, each in a process of its own that names every kernel when it is done, and
    holds the lock for as long as it runs; where nothing can be written there is none, and nothing is kept."""
    total = len(kernels()) * len(warmup.DTYPES)
    print(f"compiling {total} kernels, this once; it takes about a minute", flush=True)
    began = time.monotonic()
    reader, writer = os.pipe()
    command = [sys.executable, "-m", __spec__.name]
    compilers = [subprocess.Popen([*command, dtype], stdout=writer, pass_fds=held) for dtype in warmup.DTYPES]  # noqa: S603 - our own
    os.close(writer)
    tell(reader, total, began)
    os.close(reader)
    for compiler, dtype in zip(compilers, warmup.DTYPES, strict=True):
        if compiler.wait() != 0:
            raise SystemExit(f"the compilation for {dtype} ended with {compiler.returncode}")
    warmup.warm_up()  # whatever one of them could not write to the common index
    if held:
        COMPLETE.touch()
    print(f"compiled in {time.monotonic() - began:.0f} s", flush=True)


def tell(reader: int, total: int, began: float) -> None:
    """Says every few seconds how many lines have come, one for each kernel, until the other end is closed; also after the last
    of them, while the loops are compiled that the kernels are put together in."""
    done, told = 0, began
    while True:
        if select.select([reader], [], [], TELL_EVERY_S)[0]:
            lines = os.read(reader, 2**16)
            if not lines:
                return
            done += lines.count(b"\n")
        if (now := time.monotonic()) - told > TELL_EVERY_S:
            rest = "; putting them together" if done >= total else ""
            print(f"{done} of {total} after {now - began:.0f} s{rest}", flush=True)
            told = now


def kernels() -> set[Any]:
    """The functions of the engine that are translated each by itself, before the loop that they are put together in."""
    modules = [module for name, module in sys.modules.items() if name.startswith("core.nn.")]
    return {value.part for module in modules for value in vars(module).values() if isinstance(value, Kernel)}


class Told(event.Listener):
    """Prints the name of each of the kernels when it is compiled for the first time."""

    def __init__(self, kernels: set[Any]) -> None:
        self._awaited = set(kernels)

    def on_start(self, event: Any) -> None:
        """A kernel's compilation starts: nothing to tell."""

    def on_end(self, event: Any) -> None:
        kernel = event.data["dispatcher"]
        if kernel in self._awaited:
            self._awaited.remove(kernel)
            print(kernel.__name__, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
