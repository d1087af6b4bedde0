"""Microseconds per training step, everything from the gather of the rows to the update."""

from collections.abc import Callable

from benchmarks import peers
from benchmarks.comparison import Comparison, take_turns
from benchmarks.networks import STEPS_PER_EPOCH, Network

SECONDS_PER_RUN = 0.4


def measure(network: Network, names: list[str], rounds: int) -> Comparison:
    """Compilation is not counted: every peer has trained the same network before the first round."""
    return take_turns(network.name, {name: prepared(name, network) for name in names if peers.trains(name, network)}, rounds)


def prepared(name: str, network: Network) -> Callable[[], float]:
    """Trains as many epochs as SECONDS_PER_RUN has room for, at least one."""
    run = peers.build(name, network)
    run(1)
    epoch = run(1)
    if epoch < SECONDS_PER_RUN / 4:
        epoch = min(run(3) / 3 for _ in range(2))
    epochs = max(1, round(SECONDS_PER_RUN / epoch))
    return lambda: run(epochs) / (epochs * STEPS_PER_EPOCH) * 1e6
