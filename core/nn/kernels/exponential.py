"""eˣ − 1 and eˣ as polynomials, so that loops over them run in vector registers; accurate to 3 units in the last place.

x = k ln 2 + r with k whole and |r| ≤ ln 2 / 2, so eˣ = 2ᵏ eʳ, and eʳ − 1 is a short Taylor series (Cody and Waite 1980, ch. 6).
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types

from core.nn.kernels.compile import by_dtype, kernel

SERIES_32 = tuple(np.float32(1 / math.factorial(i)) for i in range(1, 8))
SERIES_64 = tuple(1 / math.factorial(i) for i in range(1, 14))


def power_of_two(k: Any) -> Any:
    """2ᵏ for a whole k."""
    return np.exp2(k)


def reduced(x: Any) -> Any:
    """(2ᵏ, 2ᵏ − 1, eʳ − 1): eˣ is the first plus the first times the last, eˣ − 1 the second plus that."""
    x = min(max(x, -708.0), 709.0)
    k = np.rint(x * 1.4426950408889634)
    r = (x - k * 6.93147180369123816490e-01) - k * 1.90821492927058770002e-10
    c1, c2, c3, c4, c5, c6, c7, c8, c9, c10, c11, c12, c13 = SERIES_64
    tail = c7 + r * (c8 + r * (c9 + r * (c10 + r * (c11 + r * (c12 + r * c13)))))
    p = r * (c1 + r * (c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * tail))))))
    scale = power_of_two(k)
    return scale, scale - 1.0, p


@by_dtype(power_of_two)
def _power_of_two(k: Any) -> Callable[[Any], Any]:
    if k == types.float32:
        return lambda k: np.int32((np.int32(k) + np.int32(127)) << np.int32(23)).view(np.float32)
    return lambda k: np.int64((np.int64(k) + np.int64(1023)) << np.int64(52)).view(np.float64)


@by_dtype(reduced)
def _reduced(x: Any) -> Callable[[Any], Any]:
    if x == types.float64:
        return reduced
    low, high, one = np.float32(-87.0), np.float32(88.0), np.float32(1)
    per_ln2, ln2_high, ln2_low = np.float32(1.4426950408889634), np.float32(0.693359375), np.float32(-2.12194440e-4)

    def reduced_32(x: Any) -> Any:
        x = min(max(x, low), high)
        k = np.rint(x * per_ln2)
        r = (x - k * ln2_high) - k * ln2_low
        c1, c2, c3, c4, c5, c6, c7 = SERIES_32
        p = r * (c1 + r * (c2 + r * (c3 + r * (c4 + r * (c5 + r * (c6 + r * c7))))))
        scale = power_of_two(k)
        return scale, scale - one, p

    return reduced_32


@kernel
def exp(x: Any) -> Any:
    """eˣ"""
    scale, _, p = reduced(x)
    return scale + scale * p


@kernel
def expm1(x: Any) -> Any:
    """eˣ − 1, without the loss of digits near 0 that subtracting 1 from eˣ would bring."""
    scale, less_one, p = reduced(x)
    return less_one + scale * p
