"""Randomness as a pure function of (seed, stream, place), so that no generator's state is ever kept.

The order of the rows in an epoch comes from a generator of its own, inside the compiled loop: `core.nn.kernels.random`.
"""

import numpy as np

INITIAL_VALUES, SPLIT = range(2)


def generator(seed: int, stream: int, place: int = 0) -> np.random.Generator:
    """The generator of one stream's place; equal arguments give equal numbers."""
    return np.random.default_rng([seed, stream, place])
