"""Activations and losses beside their derivatives, as formulas of one row in NumPy, to be read.

For the sources of the formulas see `core.nn.spec.activations` and `core.nn.spec.losses`.
"""

import math
from typing import assert_never

import numpy as np
from numpy.typing import NDArray

from core.nn import spec

Vector = NDArray[np.float64]

SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946

GELU_TANH = math.sqrt(2 / math.pi), 0.044715


def activate(f: spec.AnyActivation, z: Vector) -> Vector:
    """y = f(z) of a layer's weighted sums z (m,)."""
    match f:
        case spec.Identity():
            return z
        case spec.Sigmoid():
            return sigmoid(z)
        case spec.Tanh():
            return np.tanh(z)
        case spec.ReLU():
            return np.where(z > 0, z, 0.0)
        case spec.LeakyReLU(negative_slope=slope):
            return np.where(z > 0, z, slope * z)
        case spec.ELU(alpha=alpha):
            return np.where(z > 0, z, alpha * np.expm1(z))
        case spec.SELU():
            return np.where(z > 0, SELU_SCALE * z, SELU_SCALE * SELU_ALPHA * np.expm1(z))
        case spec.GELU(approximation=approximation):
            return z * _gelu_gate(z, approximation)
        case spec.SiLU():
            return z * sigmoid(z)
        case spec.Softplus(beta=beta):
            return np.logaddexp(0.0, beta * z) / beta
        case spec.Softsign():
            return z * (1 / (1 + np.abs(z)))
        case spec.HardTanh(minimum=low, maximum=high):
            return np.clip(z, low, high)
        case spec.Softmax():
            return softmax(z)
    raise TypeError(f"{f.type} learns something of its own")


def propagate(f: spec.AnyActivation, z: Vector, y: Vector, dy: Vector) -> Vector:
    """dL/dz = dL/dy · f'(z), where y = f(z). Softmax mixes its nodes: each yⱼ depends on every zₖ."""
    match f:
        case spec.Identity():
            return dy
        case spec.Sigmoid():
            return dy * y * (1 - y)
        case spec.Tanh():
            return dy * (1 - y**2)
        case spec.ReLU():
            return dy * (z > 0)
        case spec.LeakyReLU(negative_slope=slope):
            return dy * np.where(z > 0, 1.0, slope)
        case spec.ELU(alpha=alpha):
            return dy * np.where(z > 0, 1.0, alpha * np.exp(z))
        case spec.SELU():
            return dy * np.where(z > 0, SELU_SCALE, SELU_SCALE * SELU_ALPHA * np.exp(z))
        case spec.GELU(approximation=approximation):
            return dy * (_gelu_gate(z, approximation) + z * _gelu_gate_slope(z, approximation))
        case spec.SiLU():
            s = sigmoid(z)
            return dy * s * (1 + z * (1 - s))
        case spec.Softplus(beta=beta):
            return dy * sigmoid(beta * z)
        case spec.Softsign():
            return dy * (1 / (1 + np.abs(z)) ** 2)
        case spec.HardTanh(minimum=low, maximum=high):
            return dy * ((low < z) & (z < high))
        case spec.Softmax():
            return y * (dy - dy @ y)
    raise TypeError(f"{f.type} learns something of its own")


def loss_and_derivative(loss: spec.AnyLoss, y: Vector, t: Vector) -> tuple[float, Vector]:
    """L and dL/dy of one row's outputs y (m,) and targets t (m,).

    Of the losses that include the last activation y are the weighted sums z. There t are the probabilities of the classes.
    """
    m, e = len(y), y - t
    match loss:
        case spec.MeanSquaredError():
            return float(np.mean(e**2)), 2 * e / m
        case spec.MeanAbsoluteError():
            return float(np.mean(np.abs(e))), np.sign(e) / m
        case spec.Huber(delta=delta):
            near = np.abs(e) <= delta
            each = np.where(near, e**2 / 2, delta * (np.abs(e) - delta / 2))
            return float(np.mean(each)), np.clip(e, -delta, delta) / m
        case spec.LogCosh():
            return float(np.mean(np.logaddexp(e, -e) - math.log(2))), np.tanh(e) / m
        case spec.BinaryCrossEntropy():
            return float(np.mean(np.logaddexp(0.0, y) - t * y)), (sigmoid(y) - t) / m
        case spec.SoftmaxCrossEntropy():
            return float(np.logaddexp.reduce(y) - t @ y), softmax(y) - t
        case spec.Poisson():
            return float(np.mean(np.exp(y) - t * y)), (np.exp(y) - t) / m
    assert_never(loss)


def sigmoid(z: Vector) -> Vector:
    """1 / (1 + e⁻ᶻ), by the exponential that cannot overflow."""
    e = np.exp(-np.abs(z))
    return np.where(z >= 0, 1 / (1 + e), e / (1 + e))


def softmax(z: Vector) -> Vector:
    """eᶻʲ / Σₖ eᶻᵏ; the highest is taken off first, which changes nothing but keeps the exponentials small."""
    e = np.exp(z - z.max())
    p: Vector = e / e.sum()
    return p


def _gelu_gate(z: Vector, approximation: str) -> Vector:
    """Φ(z), the probability of less than z in the standard normal distribution, or ½ (1 + tanh u), which is close to it."""
    if approximation == "none":
        return np.array([math.erfc(-each / math.sqrt(2)) / 2 for each in z])
    root, cubic = GELU_TANH
    return (1 + np.tanh(root * (z + cubic * z**3))) / 2


def _gelu_gate_slope(z: Vector, approximation: str) -> Vector:
    """Its derivative: φ(z) = e^(−z² / 2) / √(2π), or ½ (1 − tanh² u) · du/dz."""
    if approximation == "none":
        return np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)
    root, cubic = GELU_TANH
    return (1 - np.tanh(root * (z + cubic * z**3)) ** 2) / 2 * root * (1 + 3 * cubic * z**2)
