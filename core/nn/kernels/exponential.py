"""eˣ and eˣ − 1, right to 3 units in the last place from the denormal numbers up to where they overflow; NaN stays NaN.

x = k ln 2 + r with k whole and |r| ≤ ln 2 / 2, so eˣ = 2ᵏ eʳ, and eʳ − 1 is a short Taylor series (Cody and Waite 1980, ch. 6).
"""

import math
from typing import Any

import numpy as np

from core.nn.kernels.compile import scalar
from core.nn.kernels.precision import bits, by_precision, of_bits, polynomial

# Where eˣ is 0, where eˣ − 1 is −1, and where both are infinite, in either precision.
BOUNDS = by_precision((-746.0, -40.0, 710.0), (np.float32(-104), np.float32(-40), np.float32(89)))
# ln 2 in two parts, the first so short that its product with k is exact, and both positive so that −0 stays −0.
LN_2 = by_precision(
    (6.93147180369123816490e-01, 1.90821492927058770002e-10), (np.float32(22713 / 2**15), np.float32(1.42860682e-6))
)
# Adding 3 · 2⁵¹ (3 · 2²²) to a number rounds it to a whole one, which then stands in the sum's last bits. Twice the bias of an
# exponent is added with it, so that half of those bits is a biased exponent too.
REDUCTION = by_precision(
    (1 / math.log(2), 3 * 2.0**51 + 2 * 1023), (np.float32(1 / math.log(2)), np.float32(3 * 2.0**22 + 2 * 127))
)
MANTISSA = by_precision((np.int64(52), np.int64(1024)), (np.int32(23), np.int32(128)))  # its bits; the bias and 1
HALF = by_precision((0.5,))
SERIES = by_precision(
    tuple(1 / math.factorial(i) for i in range(1, 14)), tuple(np.float32(1 / math.factorial(i)) for i in range(1, 8))
)


@scalar
def reduced(x: Any) -> Any:
    """(a whole number whose last bits are k + twice the bias, eʳ − 1)"""
    per_ln_2, rounding = REDUCTION(x)
    high, low = LN_2(x)
    shifted = x * per_ln_2 + rounding
    k = shifted - rounding
    r = (x - k * high) - k * low
    return bits(shifted), r * polynomial(r, SERIES(x))


@scalar
def exp(x: Any) -> Any:
    """eˣ = 2^⌊k/2⌋ eʳ 2^⌈k/2⌉: either power is a normal number, where 2ᵏ may be none."""
    least, _, most = BOUNDS(x)
    mantissa, _ = MANTISSA(x)
    k, p = reduced(min(max(x, least), most))
    half = k >> 1
    first, second = of_bits(half << mantissa, x), of_bits((k - half) << mantissa, x)
    return (first + first * p) * second


@scalar
def expm1(x: Any) -> Any:
    """eˣ − 1 = 2 (2ᵏ⁻¹ (eʳ − 1) − (½ − 2ᵏ⁻¹)), without the loss of digits near 0; −0 stays −0."""
    _, least, most = BOUNDS(x)
    return expm1_between(min(max(x, least), most))


@scalar
def expm1_between(x: Any) -> Any:
    """eˣ − 1 for x that is known to lie between −40 and where it overflows."""
    mantissa, bias_and_1 = MANTISSA(x)
    k, p = reduced(x)
    (half,) = HALF(x)
    scale = of_bits((k - bias_and_1) << mantissa, x)
    y = scale * p - (half - scale)
    return y + y
