"""ln x and ln(1 + x), right to 2 units in the last place for denormal numbers too; −∞ at the edge, NaN beyond it.

x = 2ᵏ (1 + f) with √½ ≤ 1 + f < √2, so ln x = k ln 2 + ln(1 + f), and ln(1 + f) = 2 artanh s = 2 (s + s³/3 + s⁵/5 + …) with
s = f / (2 + f) (Cody and Waite 1980, ch. 5).
"""

import math
from typing import Any

import numpy as np

from core.nn.kernels.compile import scalar
from core.nn.kernels.exponential import LN_2
from core.nn.kernels.precision import as_bits, bits, by_precision, of_bits, polynomial

ONE = by_precision((1.0, 2.0, math.inf, math.nan))
# The least normal number, by which a denormal one becomes normal, and the −k that stands for it.
NORMAL = by_precision((2.0**-1022, 2.0**52, 52.0), (np.float32(2.0**-126), np.float32(2.0**23), np.float32(23)))
# The bits of √½; those of a mantissa; the bias of an exponent; a number whose last bits hold a whole one, as bits and as is.
LAYOUT = by_precision(
    (np.int64(0x3FE6A09E667F3BCD), np.int64(52), np.int64(1023), np.int64(0x4338000000000000), 3 * 2.0**51),
    (np.int32(0x3F3504F3), np.int32(23), np.int32(127), np.int32(0x4B400000), np.float32(3 * 2.0**22)),
)
SERIES = by_precision(tuple(2 / i for i in range(3, 25, 2)), tuple(np.float32(2 / i) for i in range(3, 13, 2)))


@scalar
def log(x: Any) -> Any:
    """ln x"""
    one, _, infinity, nan = ONE(x)
    least, scale, places = NORMAL(x)
    is_normal = x >= least
    _, m, minus_k = split(max(x if is_normal else x * scale, least))
    y = of_parts(m - one, minus_k if is_normal else minus_k + places)
    y = y if x > 0 else (-infinity if x == 0 else nan)
    return y if x < infinity else x


@scalar
def log1p(x: Any) -> Any:
    """ln(1 + x), without the loss of digits near 0; −0 stays −0.

    u is 1 + x rounded, and what the rounding took is added to f.
    """
    one, _, infinity, nan = ONE(x)
    least, _, _ = NORMAL(x)
    u = one + x
    rest = x - (u - one) if u < 2 else one - (u - x)
    k, m, minus_k = split(max(u, least))
    _, mantissa, bias, _, _ = LAYOUT(x)
    y = of_parts(rest * of_bits((bias - min(k, bias - 1)) << mantissa, x) - (one - m), minus_k)
    y = y if u > 0 else (-infinity if u == 0 else nan)
    return y if x < infinity else x


@scalar
def split(x: Any) -> Any:
    """(k, m, −k as a float) with x = 2ᵏ m, for a normal x"""
    root_half, mantissa, _, whole_bits, whole = LAYOUT(x)
    b = bits(x)
    k = as_bits(b - root_half, x) >> mantissa
    return k, of_bits(b - (k << mantissa), x), whole - of_bits(k + whole_bits, x)


@scalar
def of_parts(f: Any, minus_k: Any) -> Any:
    """ln 2ᵏ (1 + f) = k ln 2 + (f − s (f − 2 (s²/3 + s⁴/5 + …))), where f − s f is 2 s with fewer roundings"""
    _, two, _, _ = ONE(f)
    high, low = LN_2(f)
    s = f / (two + f)
    q = s * s
    return ((f - s * (f - q * polynomial(q, SERIES(f)))) - minus_k * low) - minus_k * high
