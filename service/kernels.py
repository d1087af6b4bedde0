"""`python -m service.kernels`: compiles every kernel that is not in the cache yet, so that no job waits for the compiler."""

import time

from core.nn.kernels.cache import cache_directory
from core.nn.warmup import warm_up


def main() -> None:
    is_first = not any(cache_directory().glob("*.nbi"))
    if is_first:
        print("compiling, this once; it takes about a minute")
    began = time.monotonic()
    warm_up()
    if is_first:
        print(f"compiled in {time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main()
