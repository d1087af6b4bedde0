"""What a training makes small: the loss by its number, and the penalties on weights."""

import math
from typing import Any

import numpy as np

from core.nn.kernels import likelihoods, losses
from core.nn.kernels.compile import kernel
from core.nn.program import (
    BINARY_CROSS_ENTROPY,
    HUBER,
    LOG_COSH,
    MEAN_ABSOLUTE_ERROR,
    POISSON,
    SOFTMAX_CROSS_ENTROPY,
)


@kernel
def loss(objective: Any, y: Any, t: Any, w: Any, dy: Any, share: float) -> Any:
    """Σ wᵢ Lᵢ over the rows; overwrites dy with `share` times its derivative by y. w (B,) are the rows' weights."""
    if objective.code == SOFTMAX_CROSS_ENTROPY:
        return likelihoods.softmax_cross_entropy(y, t, w, dy, share, objective.constant)
    if objective.code == BINARY_CROSS_ENTROPY:
        return likelihoods.binary_cross_entropy(y, t, w, dy, share)
    if objective.code == MEAN_ABSOLUTE_ERROR:
        return losses.mean_absolute_error(y, t, w, dy, share)
    if objective.code == HUBER:
        return losses.huber(y, t, w, dy, share, objective.constant)
    if objective.code == LOG_COSH:
        return losses.log_cosh(y, t, w, dy, share)
    if objective.code == POISSON:
        return likelihoods.poisson(y, t, w, dy, share)
    return losses.mean_squared_error(y, t, w, dy, share)


@kernel
def penalty(restraints: Any, theta: Any, grad: Any) -> float:
    """Σ λ₁ |w| + λ₂ w² over the weights that a restraint names; adds its derivative to grad.

    Goodfellow, Bengio and Courville 2016, section 7.1; the subgradient of |w| at 0 is 0.
    """
    total = 0.0
    for i in range(restraints.size):
        restraint = restraints[i]
        if restraint.l1 == 0 and restraint.l2 == 0:
            continue
        l1, twice_l2 = theta.dtype.type(restraint.l1), theta.dtype.type(2.0 * restraint.l2)
        for k in range(restraint.start, restraint.start + restraint.units * restraint.inputs):
            w = theta[k]
            total += restraint.l1 * np.float64(abs(w)) + restraint.l2 * np.float64(w) * np.float64(w)
            grad[k] += l1 * np.sign(w) + twice_l2 * w
    return total


@kernel
def bound(restraints: Any, theta: Any) -> None:
    """Shortens each unit's weights to the norm that a restraint allows: w ← w · c / ‖w‖ where ‖w‖ > c. Srebro et al. 2005."""
    for i in range(restraints.size):
        restraint = restraints[i]
        if restraint.max_norm == 0:
            continue
        for u in range(restraint.units):
            first = restraint.start + u * restraint.unit
            total = 0.0
            for k in range(restraint.inputs):
                total += np.float64(theta[first + k * restraint.input]) ** 2
            norm = math.sqrt(total)
            if norm > restraint.max_norm:
                factor = theta.dtype.type(restraint.max_norm / norm)
                for k in range(restraint.inputs):
                    theta[first + k * restraint.input] *= factor
