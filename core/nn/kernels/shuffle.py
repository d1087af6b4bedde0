"""Random order as a pure function of (seed, epoch): there is no generator whose state a checkpoint would have to keep."""

from typing import Any

import numpy as np

from core.nn.kernels.compile import kernel

GOLDEN = np.uint64(0x9E3779B97F4A7C15)
MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
MIX_2 = np.uint64(0x94D049BB133111EB)


@kernel
def mix(x: Any) -> Any:
    """A 64-bit hash of a counter: SplitMix64 (Steele, Lea and Flood 2014, figure 15)."""
    x = (x ^ (x >> np.uint64(30))) * MIX_1
    x = (x ^ (x >> np.uint64(27))) * MIX_2
    return x ^ (x >> np.uint64(31))


@kernel
def shuffle(order: Any, seed: int, epoch: int) -> None:
    """Overwrites `order` with a permutation of 0 … size − 1 (below 2³²): Fisher and Yates, as in Knuth 1969, algorithm P."""
    key = mix(mix(np.uint64(seed) + GOLDEN) + np.uint64(epoch) * GOLDEN)
    for i in range(order.size):
        order[i] = i
    for i in range(order.size - 1, 0, -1):
        key += GOLDEN
        j = np.int64(((mix(key) >> np.uint64(32)) * np.uint64(i + 1)) >> np.uint64(32))
        order[i], order[j] = order[j], order[i]
