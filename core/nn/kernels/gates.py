"""Activations y = z · g(z), where the gate g lets through the more of z the larger it is. Their derivatives need z itself.

Forward overwrites y, backward overwrites dz; all are flat vectors of one size. GELU: Hendrycks and Gimpel 2016; SiLU: Elfwing,
Uchibe and Doya 2018, eq. 2.
"""

import math
from typing import Any

from core.nn.kernels.compile import kernel
from core.nn.kernels.error_function import erfc
from core.nn.kernels.exponential import exp
from core.nn.kernels.hyperbolic import sigmoid

ROOT_HALF = math.sqrt(0.5)
DENSITY_AT_0 = 1 / math.sqrt(2 * math.pi)
# 1 + tanh u = 2 sigmoid 2u, so the gate ½ (1 + tanh u) with u = √(2/π) (z + 0.044715 z³) is the sigmoid of these powers of z.
FIRST, THIRD = 2 * math.sqrt(2 / math.pi), 2 * math.sqrt(2 / math.pi) * 0.044715


@kernel
def silu(z: Any, y: Any) -> None:
    """y = z · sigmoid z"""
    for i in range(z.size):
        y[i] = z[i] * sigmoid(z[i])


@kernel
def d_silu(z: Any, dy: Any, dz: Any) -> None:
    """dz = dy · s (1 + z (1 − s)), s = sigmoid z"""
    one = z.dtype.type(1)
    for i in range(z.size):
        s = sigmoid(z[i])
        dz[i] = dy[i] * s * (one + z[i] * (one - s))


@kernel
def gelu(z: Any, y: Any) -> None:
    """y = z Φ(z), Φ(z) = ½ erfc(−z / √2): the probability of less than z in the standard normal distribution"""
    half, root_half = z.dtype.type(0.5), z.dtype.type(ROOT_HALF)
    for i in range(z.size):
        y[i] = z[i] * half * erfc(-root_half * z[i])


@kernel
def d_gelu(z: Any, dy: Any, dz: Any) -> None:
    """dz = dy (Φ(z) + z φ(z)), φ(z) = e^(−z² / 2) / √(2 π)"""
    half, root_half, density = z.dtype.type(0.5), z.dtype.type(ROOT_HALF), z.dtype.type(DENSITY_AT_0)
    for i in range(z.size):
        x = root_half * z[i]
        dz[i] = dy[i] * (half * erfc(-x) + z[i] * density * exp(-x * x))


@kernel
def gelu_tanh(z: Any, y: Any) -> None:
    """y = z · ½ (1 + tanh u), u = √(2/π) (z + 0.044715 z³), which is close to z Φ(z)"""
    first, third = z.dtype.type(FIRST), z.dtype.type(THIRD)
    for i in range(z.size):
        y[i] = z[i] * sigmoid(z[i] * (first + third * z[i] * z[i]))


@kernel
def d_gelu_tanh(z: Any, dy: Any, dz: Any) -> None:
    """dz = dy · s (1 + z (1 − s) · 2 du/dz), s = ½ (1 + tanh u)"""
    one, three = z.dtype.type(1), z.dtype.type(3)
    first, third = z.dtype.type(FIRST), z.dtype.type(THIRD)
    for i in range(z.size):
        cubic = third * z[i] * z[i]
        s = sigmoid(z[i] * (first + cubic))
        dz[i] = dy[i] * s * (one + z[i] * (one - s) * (first + three * cubic))
