"""`python -m benchmarks.engine`: microseconds per training step, every peer in one run, one thread each.

Each network is trained on random data in shuffled minibatches: ReLU layers, softmax cross-entropy, Adam, single precision. A
step is everything from the gather of the rows to the update. The rounds go through all peers in turn, so that a machine that
slows down slows all of them; the table gives each peer's median and its ratio to the engine's, the median over the rounds.
"""

import argparse
import os
import platform
import statistics
from collections.abc import Callable
from dataclasses import dataclass

from threadpoolctl import threadpool_info

from benchmarks import peers

SECONDS_PER_RUN = 0.4


@dataclass(frozen=True)
class Network:
    """`sizes`: inputs, hidden units, classes."""

    sizes: tuple[int, ...]
    batch_size: int

    @property
    def name(self) -> str:
        return f"{'-'.join(map(str, self.sizes))}, {self.batch_size}"


NETWORKS = (
    Network((2, 2, 2), 16),
    Network((4, 8, 3), 16),
    Network((20, 64, 64, 2), 32),
    Network((784, 128, 10), 64),
    Network((784, 512, 256, 10), 128),
)


def measure(network: Network, names: list[str], rounds: int) -> dict[str, list[float]]:
    """Microseconds per step of each peer, one number a round."""
    runs: dict[str, tuple[Callable[[int], float], int]] = {}
    for name in names:
        run = peers.PEERS[name](network.sizes, network.batch_size)
        run(1)
        step = min(run(3) / (3 * peers.STEPS_PER_EPOCH) for _ in range(2))
        runs[name] = run, max(1, round(SECONDS_PER_RUN / (step * peers.STEPS_PER_EPOCH)))
    times: dict[str, list[float]] = {name: [] for name in names}
    for _ in range(rounds):
        for name, (run, epochs) in runs.items():
            times[name].append(run(epochs) / (epochs * peers.STEPS_PER_EPOCH) * 1e6)
    return times


def ratio(times: dict[str, list[float]], name: str) -> float:
    """Of the peer's time to the engine's, the median over the rounds."""
    return statistics.median(peer / ours for peer, ours in zip(times[name], times["gradmill"], strict=True))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--peers", nargs="*", choices=list(peers.PEERS), default=list(peers.PEERS))
    options = parser.parse_args()
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    names = ["gradmill", *(name for name in options.peers if name != "gradmill" and peers.is_available(name))]
    for missing in sorted(set(options.peers) - set(names)):
        print(f"{missing} is not installed: left out")
    print(f"microseconds per step, median of {options.rounds} rounds (times the engine's); one core, {platform.machine()}\n")
    print(row(["network, batch", *names]))
    print(row(["---"] * (len(names) + 1)))
    for network in NETWORKS:
        times = measure(network, names, options.rounds)
        ours = f"{statistics.median(times['gradmill']):.1f}"
        others = (f"{statistics.median(times[name]):.1f} ({ratio(times, name):.2f} ×)" for name in names[1:])
        print(row([network.name, ours, *others]), flush=True)
    blas = {f"{pool['internal_api']} {pool.get('architecture', '')}".strip() for pool in threadpool_info()}
    print("\nthreads and matrix products by:", ", ".join(sorted(blas)))


def row(cells: list[str]) -> str:
    """A line of a Markdown table."""
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    main()
