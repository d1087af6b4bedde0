"""Gradient descent and its kin: one pass over the flat vectors; theta and the slots are overwritten."""

import math
from typing import Any

from core.nn.kernels.compile import kernel
from core.nn.kernels.copying import copy


@kernel
def gradient_descent(theta: Any, grad: Any, learning_rate: float) -> None:
    """θ ← θ − η g"""
    eta = theta.dtype.type(learning_rate)
    for i in range(theta.size):
        theta[i] -= eta * grad[i]


@kernel
def momentum(theta: Any, grad: Any, v: Any, learning_rate: float, mu: float, nesterov: bool) -> None:
    """v ← μ v + g, θ ← θ − η v; Nesterov: θ ← θ − η (g + μ v).

    Polyak 1964; Nesterov's in the form of Sutskever et al. 2013, section 2, written for the point where the gradient is taken.
    """
    eta, mu = theta.dtype.type(learning_rate), theta.dtype.type(mu)
    if nesterov:
        for i in range(theta.size):
            v[i] = mu * v[i] + grad[i]
            theta[i] -= eta * (grad[i] + mu * v[i])
    else:
        for i in range(theta.size):
            v[i] = mu * v[i] + grad[i]
            theta[i] -= eta * v[i]


@kernel
def add(total: Any, grad: Any, is_first: bool) -> None:
    """The gradients of a batch's pieces, summed; overwrites total."""
    if is_first:
        copy(grad, total)
    else:
        for i in range(total.size):
            total[i] += grad[i]


@kernel
def adam(
    theta: Any, grad: Any, m: Any, v: Any, step: int, learning_rate: float, beta1: float, beta2: float, epsilon: float
) -> None:
    """m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − η m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).

    `step` t counts from 1. Kingma and Ba 2015, algorithm 1.
    """
    dtype = theta.dtype.type
    rate = dtype(learning_rate / (1.0 - beta1**step))
    root = dtype(1.0 / math.sqrt(1.0 - beta2**step))
    b1, b2, one_minus_b1, one_minus_b2, eps = dtype(beta1), dtype(beta2), dtype(1.0 - beta1), dtype(1.0 - beta2), dtype(epsilon)
    for i in range(theta.size):
        g = grad[i]
        m[i] = b1 * m[i] + one_minus_b1 * g
        v[i] = b2 * v[i] + one_minus_b2 * g * g
        theta[i] -= rate * m[i] / (root * math.sqrt(v[i]) + eps)
