"""Only the matrix products of a step, by `numpy.dot` into memory that is there already.

A convolution counts as the product of the image's columns, one for each place of the filter, with the filters.
"""

import time
from math import prod

import numpy as np

from benchmarks.networks import STEPS_PER_EPOCH, Convolution, Dense, Network
from benchmarks.peers import Run


def build(network: Network) -> Run:
    rng = np.random.default_rng(0)
    products = []
    for layer, before, after, _ in network.lowered():
        match layer:
            case Dense(m):
                B, n = network.batch_size, before[0]
            case Convolution(m, size):
                B, n = network.batch_size * prod(after[1:]), before[0] * size**2
            case _:
                continue
        x, W, dz = (rng.standard_normal(shape, np.float32) for shape in ((B, n), (n, m), (B, m)))
        products += [(x, W, np.empty_like(dz)), (x.T, dz, np.empty_like(W))]
        if before != network.inputs:
            products.append((dz, W.T, np.empty_like(x)))

    def run(epochs: int) -> float:
        began = time.perf_counter()
        for _ in range(epochs * STEPS_PER_EPOCH):
            for one, other, out in products:
                np.dot(one, other, out=out)
        return time.perf_counter() - began

    return run
