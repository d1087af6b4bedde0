"""Gradient descent and its kin: one pass over the flat vectors; theta and the slots are overwritten.

`rate` is the learning rate η of this step, `step` counts from 1. Constants come in double precision and are rounded once.
"""

import math
from typing import Any

from core.nn.kernels.compile import kernel


@kernel
def gradient_descent(theta: Any, grad: Any, rate: float) -> None:
    """θ ← θ − η g"""
    eta = theta.dtype.type(rate)
    for i in range(theta.size):
        theta[i] -= eta * grad[i]


@kernel
def momentum(theta: Any, grad: Any, v: Any, rate: float, mu: float, nesterov: bool) -> None:
    """v ← μ v + g, θ ← θ − η v; Nesterov: θ ← θ − η (g + μ v).

    Polyak 1964; Nesterov's in the form of Sutskever et al. 2013, section 2, written for the point where the gradient is taken.
    """
    eta, mu = theta.dtype.type(rate), theta.dtype.type(mu)
    if nesterov:
        for i in range(theta.size):
            v[i] = mu * v[i] + grad[i]
            theta[i] -= eta * (grad[i] + mu * v[i])
    else:
        for i in range(theta.size):
            v[i] = mu * v[i] + grad[i]
            theta[i] -= eta * v[i]


@kernel
def adagrad(theta: Any, grad: Any, v: Any, rate: float, epsilon: float) -> None:
    """v ← v + g², θ ← θ − η g / (√v + ε). Duchi, Hazan and Singer 2011, in its diagonal form."""
    dtype = theta.dtype.type
    eta, eps = dtype(rate), dtype(epsilon)
    for i in range(theta.size):
        g = grad[i]
        v[i] += g * g
        theta[i] -= eta * g / (math.sqrt(v[i]) + eps)


@kernel
def adadelta(theta: Any, grad: Any, v: Any, u: Any, rate: float, rho: float, epsilon: float) -> None:
    """v ← ρ v + (1 − ρ) g², Δ = g √(u + ε) / √(v + ε), u ← ρ u + (1 − ρ) Δ², θ ← θ − η Δ. Zeiler 2012, algorithm 1."""
    dtype = theta.dtype.type
    eta, r, one_minus_r, eps = dtype(rate), dtype(rho), dtype(1.0 - rho), dtype(epsilon)
    for i in range(theta.size):
        g = grad[i]
        v[i] = r * v[i] + one_minus_r * g * g
        delta = g * math.sqrt(u[i] + eps) / math.sqrt(v[i] + eps)
        u[i] = r * u[i] + one_minus_r * delta * delta
        theta[i] -= eta * delta


@kernel
def rmsprop(theta: Any, grad: Any, v: Any, rate: float, rho: float, epsilon: float) -> None:
    """v ← ρ v + (1 − ρ) g², θ ← θ − η g / (√v + ε). Tieleman and Hinton 2012, lecture 6.5."""
    dtype = theta.dtype.type
    eta, r, one_minus_r, eps = dtype(rate), dtype(rho), dtype(1.0 - rho), dtype(epsilon)
    for i in range(theta.size):
        g = grad[i]
        v[i] = r * v[i] + one_minus_r * g * g
        theta[i] -= eta * g / (math.sqrt(v[i]) + eps)


@kernel
def rmsprop_momentum(theta: Any, grad: Any, v: Any, b: Any, rate: float, rho: float, mu: float, epsilon: float) -> None:
    """v ← ρ v + (1 − ρ) g², b ← μ b + g / (√v + ε), θ ← θ − η b. Tieleman and Hinton 2012, with Polyak's momentum."""
    dtype = theta.dtype.type
    eta, r, one_minus_r, mu, eps = dtype(rate), dtype(rho), dtype(1.0 - rho), dtype(mu), dtype(epsilon)
    for i in range(theta.size):
        g = grad[i]
        v[i] = r * v[i] + one_minus_r * g * g
        b[i] = mu * b[i] + g / (math.sqrt(v[i]) + eps)
        theta[i] -= eta * b[i]


@kernel
def rmsprop_centered(theta: Any, grad: Any, v: Any, m: Any, rate: float, rho: float, epsilon: float) -> None:
    """As rmsprop, with √(v − m²) for √v, where m ← ρ m + (1 − ρ) g: the gradient's own variance. Graves 2013, eqs. 38-45."""
    dtype = theta.dtype.type
    eta, r, one_minus_r, eps, zero = dtype(rate), dtype(rho), dtype(1.0 - rho), dtype(epsilon), dtype(0)
    for i in range(theta.size):
        g = grad[i]
        v[i] = r * v[i] + one_minus_r * g * g
        m[i] = r * m[i] + one_minus_r * g
        variance = v[i] - m[i] * m[i]
        theta[i] -= eta * g / (math.sqrt(zero if variance < zero else variance) + eps)  # below 0 by rounding alone


@kernel
def rmsprop_centered_momentum(
    theta: Any, grad: Any, v: Any, m: Any, b: Any, rate: float, rho: float, mu: float, epsilon: float
) -> None:
    """As rmsprop_centered, with b ← μ b + g / (√(v − m²) + ε), θ ← θ − η b. Graves 2013, eqs. 38-45."""
    dtype = theta.dtype.type
    eta, r, one_minus_r, mu, eps, zero = dtype(rate), dtype(rho), dtype(1.0 - rho), dtype(mu), dtype(epsilon), dtype(0)
    for i in range(theta.size):
        g = grad[i]
        v[i] = r * v[i] + one_minus_r * g * g
        m[i] = r * m[i] + one_minus_r * g
        variance = v[i] - m[i] * m[i]
        b[i] = mu * b[i] + g / (math.sqrt(zero if variance < zero else variance) + eps)  # below 0 by rounding alone
        theta[i] -= eta * b[i]


@kernel
def adam(
    theta: Any, grad: Any, m: Any, v: Any, step: int, rate: float, beta1: float, beta2: float, epsilon: float, decay: float
) -> None:
    """m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − η m̂ / (√v̂ + ε), with m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ).

    Kingma and Ba 2015, algorithm 1. Decoupled weight decay λ: θ ← θ − η λ θ before. Loshchilov and Hutter 2019, algorithm 2.
    """
    dtype = theta.dtype.type
    eta, root, kept = dtype(rate / (1.0 - beta1**step)), dtype(1.0 / math.sqrt(1.0 - beta2**step)), dtype(1.0 - rate * decay)
    b1, b2, one_minus_b1, one_minus_b2, eps = dtype(beta1), dtype(beta2), dtype(1.0 - beta1), dtype(1.0 - beta2), dtype(epsilon)
    for i in range(theta.size):
        g = grad[i]
        m[i] = b1 * m[i] + one_minus_b1 * g
        v[i] = b2 * v[i] + one_minus_b2 * g * g
        theta[i] = kept * theta[i] - eta * m[i] / (root * math.sqrt(v[i]) + eps)


@kernel
def amsgrad(
    theta: Any,
    grad: Any,
    m: Any,
    v: Any,
    highest: Any,
    step: int,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    decay: float,
) -> None:
    """As adam, with the highest v so far for v: no parameter's rate grows again. Reddi, Kale and Kumar 2018, algorithm 2."""
    dtype = theta.dtype.type
    eta, root, kept = dtype(rate / (1.0 - beta1**step)), dtype(1.0 / math.sqrt(1.0 - beta2**step)), dtype(1.0 - rate * decay)
    b1, b2, one_minus_b1, one_minus_b2, eps = dtype(beta1), dtype(beta2), dtype(1.0 - beta1), dtype(1.0 - beta2), dtype(epsilon)
    for i in range(theta.size):
        g = grad[i]
        m[i] = b1 * m[i] + one_minus_b1 * g
        v[i] = b2 * v[i] + one_minus_b2 * g * g
        highest[i] = highest[i] if highest[i] > v[i] else v[i]
        theta[i] = kept * theta[i] - eta * m[i] / (root * math.sqrt(highest[i]) + eps)


@kernel
def nadam(
    theta: Any,
    grad: Any,
    m: Any,
    v: Any,
    step: int,
    product: float,
    rate: float,
    beta1: float,
    beta2: float,
    epsilon: float,
    momentum_decay: float,
) -> Any:
    """As adam, with (μₜ₊₁ m / (1 − Π μₜ₊₁) + (1 − μₜ) g / (1 − Π)) for m̂, where μₜ = β₁ (1 − 0.96^(t ψ) / 2) and Π = μ₁ … μₜ.

    `product` is Π of the step before; returns that of this one. Dozat 2016.
    """
    dtype = theta.dtype.type
    mu = beta1 * (1.0 - 0.5 * 0.96 ** (step * momentum_decay))
    following = beta1 * (1.0 - 0.5 * 0.96 ** ((step + 1) * momentum_decay))
    product *= mu
    of_grad, of_m = dtype(rate * (1.0 - mu) / (1.0 - product)), dtype(rate * following / (1.0 - product * following))
    root, eps = dtype(1.0 / math.sqrt(1.0 - beta2**step)), dtype(epsilon)
    b1, b2, one_minus_b1, one_minus_b2 = dtype(beta1), dtype(beta2), dtype(1.0 - beta1), dtype(1.0 - beta2)
    for i in range(theta.size):
        g = grad[i]
        m[i] = b1 * m[i] + one_minus_b1 * g
        v[i] = b2 * v[i] + one_minus_b2 * g * g
        theta[i] -= (of_grad * g + of_m * m[i]) / (root * math.sqrt(v[i]) + eps)
    return product


@kernel
def lion(theta: Any, grad: Any, m: Any, rate: float, beta1: float, beta2: float, decay: float) -> None:
    """θ ← θ − η (sign(β₁m + (1 − β₁)g) + λ θ), m ← β₂m + (1 − β₂)g. Chen et al. 2023, algorithm 2."""
    dtype = theta.dtype.type
    eta, kept, zero = dtype(rate), dtype(1.0 - rate * decay), dtype(0)
    b1, b2, one_minus_b1, one_minus_b2 = dtype(beta1), dtype(beta2), dtype(1.0 - beta1), dtype(1.0 - beta2)
    for i in range(theta.size):
        g = grad[i]
        c = b1 * m[i] + one_minus_b1 * g
        m[i] = b2 * m[i] + one_minus_b2 * g
        theta[i] = kept * theta[i] - (eta if c > zero else (-eta if c < zero else c))  # 0, or not a number
