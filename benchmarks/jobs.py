"""Seconds of a whole job of EPOCHS epochs in a process of its own: import and compilation included.

`python -m benchmarks.jobs PEER NETWORK` is that process. The engine's kernels are compiled when the service is set up, so they
are there; what a peer compiles, it compiles for this network and batch size, and anew.
"""

import os
import subprocess
import sys
import tempfile
import time

from benchmarks import peers
from benchmarks.comparison import Comparison, take_turns
from benchmarks.networks import NETWORKS

EPOCHS = 10


def set_up() -> float:
    """Seconds that the engine's kernels take to compile, or to load where they are compiled."""
    began = time.perf_counter()
    code = "import benchmarks; from core.nn.warmup import warm_up; warm_up()"
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - began


def measure(network: str, names: list[str], rounds: int) -> Comparison:
    def job(name: str) -> float:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            environment = os.environ | {"TORCHINDUCTOR_CACHE_DIR": folder}
            subprocess.run([sys.executable, "-m", "benchmarks.jobs", name, network], check=True, env=environment)
            return time.perf_counter() - began

    runs = {name: lambda name=name: job(name) for name in names if peers.trains(name, NETWORKS[network])}
    return take_turns(NETWORKS[network].name, runs, rounds)


if __name__ == "__main__":
    peers.build(sys.argv[1], NETWORKS[sys.argv[2]])(EPOCHS)
