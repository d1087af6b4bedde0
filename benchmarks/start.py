"""`python -m benchmarks.start`: how long a worker process takes until it can train, with the kernels in the cache.

Each run is a process of its own: from its start until every module is imported and the kernels are loaded, as the parent of the
worker's processes does it before they are forked. Seconds on the clock depend on what else the machine does, seconds of the
processor less so.
"""

import argparse
import os
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
START = """
import resource
import worker.app
imported = resource.getrusage(resource.RUSAGE_SELF)
worker.app.load()
loaded = resource.getrusage(resource.RUSAGE_SELF)
print(imported.ru_utime + imported.ru_stime, loaded.ru_utime + loaded.ru_stime, flush=True)
import os
os._exit(0)
"""


def start() -> tuple[float, float, float]:
    """Seconds on the clock in all, and of the processor until the worker's entry is imported and in all."""
    environment = os.environ | {"REDIS_URL": "redis://127.0.0.1:1"}
    began = time.perf_counter()
    run = subprocess.run(
        [sys.executable, "-c", START], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    clock = time.perf_counter() - began
    entry, loaded = map(float, run.stdout.split())
    return clock, entry, loaded


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=11)
    options = parser.parse_args()
    start()  # whatever is not compiled yet
    clock, entry, loaded = map(statistics.median, zip(*(start() for _ in range(options.rounds)), strict=True))
    print(f"{clock:.2f} s until a worker process can train, median of {options.rounds}")
    print(f"{loaded:.2f} s of the processor: {entry:.2f} for Celery and the settings, {loaded - entry:.2f} for the engine")


if __name__ == "__main__":
    main()
