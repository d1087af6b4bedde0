"""Activations y = f(z), each beside its derivative written in terms of y. All work in place: z becomes y, dy becomes dz.

Sigmoid, tanh and ReLU as in Goodfellow, Bengio and Courville 2016, sections 6.2 and 6.3; leaky ReLU: Maas et al. 2013; ELU:
Clevert et al. 2016, eq. 15; SELU: Klambauer et al. 2017, eq. 2; softplus: Dugas et al. 2001, eq. 1; softsign: Bergstra et al.
2009; hard tanh: Collobert 2004.
"""

from typing import Any

from core.nn.kernels import hyperbolic
from core.nn.kernels.compile import kernel
from core.nn.kernels.exponential import exp, expm1
from core.nn.kernels.logarithm import log1p

# Such that means of 0 and variances of 1 are kept from layer to layer (Klambauer et al. 2017, eq. 14).
SELU_ALPHA, SELU_SCALE = 1.6732632423543772848170429916717, 1.0507009873554804934193349852946


@kernel
def sigmoid(z: Any) -> None:
    """y = 1 / (1 + e⁻ᶻ); z becomes y."""
    for i in range(z.size):
        z[i] = hyperbolic.sigmoid(z[i])


@kernel
def d_sigmoid(y: Any, dy: Any) -> None:
    """dz = dy · y (1 − y); dy becomes dz."""
    one = y.dtype.type(1)
    for i in range(y.size):
        dy[i] *= y[i] * (one - y[i])


@kernel
def tanh(z: Any) -> None:
    """y = tanh z; z becomes y."""
    for i in range(z.size):
        z[i] = hyperbolic.tanh(z[i])


@kernel
def d_tanh(y: Any, dy: Any) -> None:
    """dz = dy (1 − y²); dy becomes dz."""
    one = y.dtype.type(1)
    for i in range(y.size):
        dy[i] *= one - y[i] * y[i]


@kernel
def relu(z: Any) -> None:
    """y = max(0, z), where NaN stays NaN; z becomes y."""
    zero = z.dtype.type(0)
    for i in range(z.size):
        z[i] = zero if z[i] < zero else z[i]


@kernel
def d_relu(y: Any, dy: Any) -> None:
    """dz = dy where y > 0, else 0; dy becomes dz."""
    zero = y.dtype.type(0)
    for i in range(y.size):
        dy[i] = dy[i] if y[i] > zero else zero


@kernel
def leaky_relu(z: Any, slope: Any) -> None:
    """y = z where z > 0, else slope · z; z becomes y."""
    zero, slope = z.dtype.type(0), z.dtype.type(slope)
    for i in range(z.size):
        z[i] = z[i] if z[i] > zero else slope * z[i]


@kernel
def d_leaky_relu(y: Any, dy: Any, slope: Any) -> None:
    """dz = dy where y > 0, else slope · dy; dy becomes dz."""
    zero, slope = y.dtype.type(0), y.dtype.type(slope)
    for i in range(y.size):
        dy[i] = dy[i] if y[i] > zero else slope * dy[i]


@kernel
def elu(z: Any, scale: float, alpha: float) -> None:
    """y = scale · z where z > 0, else scale · α (eᶻ − 1); z becomes y."""
    zero, scale, negative = z.dtype.type(0), z.dtype.type(scale), z.dtype.type(scale * alpha)
    for i in range(z.size):
        z[i] = scale * z[i] if z[i] > zero else negative * expm1(z[i])


@kernel
def d_elu(y: Any, dy: Any, scale: float, alpha: float) -> None:
    """dz = scale · dy where y > 0, else dy (y + scale · α); dy becomes dz."""
    zero, scale, negative = y.dtype.type(0), y.dtype.type(scale), y.dtype.type(scale * alpha)
    for i in range(y.size):
        dy[i] *= scale if y[i] > zero else y[i] + negative


@kernel
def softplus(z: Any, beta: float) -> None:
    """y = ln(1 + e^(β z)) / β = (max(β z, 0) + ln(1 + e^−|β z|)) / β; z becomes y."""
    zero, beta, width = z.dtype.type(0), z.dtype.type(beta), z.dtype.type(1.0 / beta)
    for i in range(z.size):
        x = beta * z[i]
        z[i] = width * ((zero if x < zero else x) + log1p(exp(-abs(x))))


@kernel
def d_softplus(y: Any, dy: Any, beta: float) -> None:
    """dz = dy (1 − e^(−β y)); dy becomes dz."""
    beta = y.dtype.type(beta)
    for i in range(y.size):
        dy[i] *= -expm1(-beta * y[i])


@kernel
def softsign(z: Any) -> None:
    """y = z / (1 + |z|); z becomes y."""
    one = z.dtype.type(1)
    for i in range(z.size):
        z[i] /= one + abs(z[i])


@kernel
def d_softsign(y: Any, dy: Any) -> None:
    """dz = dy (1 − |y|)²; dy becomes dz."""
    one = y.dtype.type(1)
    for i in range(y.size):
        rest = one - abs(y[i])
        dy[i] *= rest * rest


@kernel
def hard_tanh(z: Any, least: float, most: float) -> None:
    """y = min(max(z, least), most), where NaN stays NaN; z becomes y."""
    least, most = z.dtype.type(least), z.dtype.type(most)
    for i in range(z.size):
        z[i] = min(max(z[i], least), most)


@kernel
def d_hard_tanh(y: Any, dy: Any, least: float, most: float) -> None:
    """dz = dy where least < y < most, else 0; dy becomes dz."""
    zero, least, most = y.dtype.type(0), y.dtype.type(least), y.dtype.type(most)
    for i in range(y.size):
        dy[i] = zero if y[i] <= least or y[i] >= most else dy[i]
