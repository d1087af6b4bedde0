"""`python -m service.kernels`: compiles every kernel that is not in the cache yet, so that no job waits for the compiler."""

import subprocess
import sys
import time

from core.nn.kernels.cache import cache_directory
from core.nn.warmup import DTYPES, warm_up


def main(dtypes: list[str]) -> None:
    if dtypes:
        warm_up(dtypes)
    elif not any(cache_directory().glob("*.nbi")):
        compile_all()
    else:
        warm_up()


def compile_all() -> None:
    """Single and double precision at the same time, each in a process of its own."""
    print("compiling, this once; it takes about half a minute", flush=True)
    began = time.monotonic()
    compilers = [subprocess.Popen([sys.executable, "-m", __spec__.name, dtype]) for dtype in DTYPES]  # noqa: S603 - our own
    for compiler in compilers:
        compiler.wait()
    warm_up()  # whatever one of them could not write to the common index
    print(f"compiled in {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
