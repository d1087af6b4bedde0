"""Dropout: a step leaves out a share of the values at random and enlarges the rest. Srivastava et al. 2014.

Which ones is a pure function of (key, place of the layer, row of the batch, unit): backward leaves out what forward did, and a
batch may be trained in pieces. Nothing is remembered.
"""

from typing import Any

import numpy as np

from core.nn.kernels.compile import kernel
from core.nn.kernels.random import GOLDEN, mix

LOW = np.uint64(0xFFFFFFFF)


@kernel
def drop(z: Any, rate: float, key: Any, place: int, first: int) -> None:
    """z becomes z / (1 − rate), or 0 with the probability `rate`; NaN stays. Backward: the same of dy.

    `key` is a uint64 of the step, `place` the layer's, `first` the place in the batch of the first row of z (B, m).
    """
    kept, dropped, threshold = z.dtype.type(1.0 / (1.0 - rate)), z.dtype.type(0), np.uint64(rate * 4294967296.0)
    layer_key = mix(np.uint64(key) + np.uint64(place + 1) * GOLDEN)
    for i in range(z.shape[0]):
        row_key = mix(layer_key + np.uint64(first + i + 1) * GOLDEN)
        offset, salt = row_key & LOW, row_key >> np.uint64(32)
        row = z[i]
        for j in range(row.size):
            row[j] *= dropped if hash_32(np.uint64(j), offset, salt) < threshold else kept


@kernel
def hash_32(counter: Any, offset: Any, salt: Any) -> Any:
    """32 bits, for a vector register holds twice as many of them, made of a counter and two keys of as many bits.

    Two rounds of multiplication and shift, with the constants of C. Wellons' `lowbias32` (2018).
    """
    x = (counter + offset) & LOW
    x ^= x >> np.uint64(16)
    x = (x * np.uint64(0x7FEB352D)) & LOW
    x = (x ^ (x >> np.uint64(15))) ^ salt
    x = (x * np.uint64(0x846CA68B)) & LOW
    return x ^ (x >> np.uint64(16))
