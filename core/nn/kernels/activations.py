"""Activations y = f(z), each beside its derivative written in terms of y. All work in place: z becomes y, dy becomes dz.

Sigmoid, tanh and ReLU as in Goodfellow, Bengio and Courville 2016, sections 6.2 and 6.3; leaky ReLU: Maas et al. 2013.
"""

from typing import Any

from core.nn.kernels.compile import kernel, reduction
from core.nn.kernels.exponential import exp, expm1


@kernel
def sigmoid(z: Any) -> None:
    """y = 1 / (1 + e⁻ᶻ); z becomes y."""
    one = z.dtype.type(1)
    for i in range(z.size):
        z[i] = one / (one + exp(-z[i]))


@kernel
def d_sigmoid(y: Any, dy: Any) -> None:
    """dz = dy · y (1 − y); dy becomes dz."""
    one = y.dtype.type(1)
    for i in range(y.size):
        dy[i] *= y[i] * (one - y[i])


@kernel
def tanh(z: Any) -> None:
    """y = tanh z = (1 − e⁻²ᶻ) / (1 + e⁻²ᶻ), reckoned for |z|; z becomes y."""
    two = z.dtype.type(2)
    for i in range(z.size):
        e = expm1(-two * abs(z[i]))
        y = -e / (e + two)
        z[i] = -y if z[i] < 0 else y


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
def below_highest(z: Any, y: Any) -> None:
    """yⱼ = zⱼ − max z, row by row, which leaves the softmax as it is and keeps e^y from overflowing; y (B, m) may be z."""
    for i in range(z.shape[0]):
        highest = z[i, 0]
        for j in range(1, z.shape[1]):
            highest = max(highest, z[i, j])
        for j in range(z.shape[1]):
            y[i, j] = z[i, j] - highest


@kernel
def exponentials(z: Any) -> None:
    """y = eᶻ; z becomes y."""
    for i in range(z.size):
        z[i] = exp(z[i])


@reduction
def softmax(z: Any) -> None:
    """yⱼ = eᶻʲ / Σₖ eᶻᵏ, row by row; z (B, m) becomes y. Bridle 1990."""
    below_highest(z, z)
    exponentials(z.ravel())
    for i in range(z.shape[0]):
        total = z.dtype.type(0)
        for j in range(z.shape[1]):
            total += z[i, j]
        for j in range(z.shape[1]):
            z[i, j] /= total


@reduction
def d_softmax(y: Any, dy: Any) -> None:
    """dzⱼ = yⱼ (dyⱼ − Σₖ dyₖ yₖ), row by row; dy (B, m) becomes dz."""
    for i in range(y.shape[0]):
        total = y.dtype.type(0)
        for j in range(y.shape[1]):
            total += dy[i, j] * y[i, j]
        for j in range(y.shape[1]):
            dy[i, j] = y[i, j] * (dy[i, j] - total)
