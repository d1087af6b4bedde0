"""Losses that are −ln of the probability of the targets, by outputs z that are logits, or logarithms of rates.

As in `losses`, each returns Σ wᵢ Lᵢ over the rows, in double precision, and overwrites dz with w · `share` · dL/dz.
"""

from typing import Any

import numpy as np

from core.nn.kernels.compile import reduction, scalar
from core.nn.kernels.exponential import exp
from core.nn.kernels.logarithm import log, log1p
from core.nn.kernels.precision import by_precision
from core.nn.kernels.softmax import below_highest, exponentials

CONSTANTS = by_precision((0.0, 1.0))


@reduction
def binary_cross_entropy(z: Any, t: Any, w: Any, dz: Any, share: float) -> Any:
    """L = Σⱼ (−tⱼ ln pⱼ − (1 − tⱼ) ln(1 − pⱼ)) / m per row, for p = sigmoid z; dz = (p − t) / (m B)."""
    if z.shape[1] == 1:  # as most have it: a loop over the rows runs in vector registers, one over a single output does not
        return binary_cross_entropy_of_one(z.ravel(), t.ravel(), w, dz.ravel(), share)
    factor = z.dtype.type(share / z.shape[1])
    total = 0.0
    for i in range(z.shape[0]):
        weighted = factor * w[i]
        row = 0.0
        for j in range(z.shape[1]):
            value, p = surprise(z[i, j], t[i, j])
            row += np.float64(value)
            dz[i, j] = weighted * (p - t[i, j])
        total += w[i] * row
    return total / z.shape[1]


@reduction
def binary_cross_entropy_of_one(z: Any, t: Any, w: Any, dz: Any, share: float) -> Any:
    """As binary_cross_entropy for m = 1; all (B,)."""
    factor = z.dtype.type(share)
    total = 0.0
    for i in range(z.size):
        value, p = surprise(z[i], t[i])
        total += np.float64(w[i] * value)
        dz[i] = factor * w[i] * (p - t[i])
    return total


@scalar
def surprise(z: Any, t: Any) -> Any:
    """(max(z, 0) − z t + ln(1 + e^−|z|), sigmoid z): neither a logarithm of 0 nor an overflow can occur."""
    zero, one = CONSTANTS(z)
    e = exp(-abs(z))
    return ((zero if z < 0 else z) - z * t) + log1p(e), (e if z < 0 else one) / (one + e)


@reduction
def softmax_cross_entropy(z: Any, t: Any, w: Any, dz: Any, share: float, smoothing: float) -> Any:
    """L = −Σₖ qₖ ln pₖ = ln Σₖ eᶻᵏ − Σₖ qₖ zₖ per row, for p = softmax z; dz = (p − q) / B.

    q gives the row's class 1 − ε and shares the rest ε, the `smoothing`, among all m classes; without it L is −ln p_c. t (B, 1)
    holds the numbers c of the classes. Bridle 1990; label smoothing: Szegedy et al. 2016, section 7.
    """
    dtype = z.dtype.type
    certain, spread = 1.0 - smoothing, smoothing / z.shape[1]
    loss = 0.0
    below_highest(z, dz)
    for i in range(z.shape[0]):
        expected = certain * np.float64(dz[i, int(t[i, 0])])
        if spread > 0:  # a logit of −∞ would make 0 · −∞ of it
            for j in range(z.shape[1]):
                expected += spread * np.float64(dz[i, j])
        loss -= w[i] * expected
    exponentials(dz.ravel())
    for i in range(z.shape[0]):
        total = dtype(0)
        for j in range(z.shape[1]):
            total += dz[i, j]
        loss += w[i] * log(np.float64(total))
        weighted = dtype(share) * w[i]
        factor, rest = weighted / total, dtype(spread) * weighted
        for j in range(z.shape[1]):
            dz[i, j] = factor * dz[i, j] - rest
        dz[i, int(t[i, 0])] -= dtype(certain) * weighted
    return loss


@reduction
def poisson(z: Any, t: Any, w: Any, dz: Any, share: float) -> Any:
    """L = Σⱼ (eᶻʲ − tⱼ zⱼ) / m per row, which is −ln of the probability of t events at the rate eᶻ, but for ln t!.

    dz = (eᶻ − t) / (m B). Nelder and Wedderburn 1972, section 1.1.
    """
    factor = z.dtype.type(share / z.shape[1])
    total = 0.0
    for i in range(z.shape[0]):
        weighted = factor * w[i]
        row = 0.0
        for j in range(z.shape[1]):
            rate = exp(z[i, j])
            row += np.float64(rate - t[i, j] * z[i, j])
            dz[i, j] = weighted * (rate - t[i, j])
        total += w[i] * row
    return total / z.shape[1]
