"""Softmax over the units of a layer, and the pieces of it that the cross-entropy uses. Bridle 1990."""

from typing import Any

from core.nn.kernels.compile import kernel, reduction
from core.nn.kernels.exponential import exp


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
    """yⱼ = eᶻʲ / Σₖ eᶻᵏ, row by row; z (B, m) becomes y."""
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
