"""`python -m service.compilation float32`: compiles every kernel for one precision, and names each when it is done."""

import os
import select
import subprocess
import sys
import time
from typing import Any

from numba.core import event

from core.nn import warmup
from core.nn.kernels.compile import Kernel

events: Any = event  # untyped

TELL_EVERY_S = 3.0


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


def main(dtype: str) -> None:
    events.register("numba:compile", Told(kernels()))
    warmup.warm_up([dtype])


if __name__ == "__main__":
    main(sys.argv[1])
