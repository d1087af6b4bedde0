"""Randomness as a pure function of (seed, stream, place): there is no generator whose state a checkpoint would have to keep."""

from typing import Any

import numpy as np

from core.nn.kernels.compile import kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
ORDER, NOISE = range(2)  # streams: the rows of an epoch, what is random in a step
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)


@kernel
def mix(x: Any) -> Any:
    """A 64-bit hash of a counter: SplitMix64 (Steele, Lea and Flood 2014, figure 15)."""
    x = (x ^ (x >> np.uint64(30))) * MIX_1
    x = (x ^ (x >> np.uint64(27))) * MIX_2
    return x ^ (x >> np.uint64(31))


@kernel
def key(seed: int, stream: int, place: int) -> Any:
    """The start of a sequence of hashes, another for each place of each stream."""
    return mix(mix(np.uint64(seed) + GOLDEN * np.uint64(stream + 1)) + np.uint64(place) * GOLDEN)


@kernel
def shuffle(order: Any, seed: int, epoch: int) -> None:
    """Overwrites `order` with a permutation of 0 … size − 1 (below 2³²): Fisher and Yates, as in Knuth 1969, algorithm P."""
    counter = key(seed, ORDER, epoch)
    for i in range(order.size):
        order[i] = i
    for i in range(order.size - 1, 0, -1):
        counter += GOLDEN
        j = np.int64(((mix(counter) >> np.uint64(32)) * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]
