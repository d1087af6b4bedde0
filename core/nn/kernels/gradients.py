"""Gradients of a batch's pieces summed, and clipped before the optimizer sees them."""

from typing import Any

from core.nn.kernels.compile import kernel
from core.nn.kernels.copying import copy


@kernel
def add(total: Any, grad: Any, is_first: bool) -> None:
    """The gradients of a batch's pieces, summed; overwrites total."""
    if is_first:
        copy(grad, total)
    else:
        for i in range(total.size):
            total[i] += grad[i]


@kernel
def clip_norm(grad: Any, norm: float, highest: float) -> None:
    """g ← g · highest / ‖g‖ where the norm ‖g‖ is above `highest`. Pascanu, Mikolov and Bengio 2013, algorithm 1."""
    share = highest / (norm + 1e-6)
    if share < 1.0:
        factor = grad.dtype.type(share)
        for i in range(grad.size):
            grad[i] *= factor


@kernel
def clip_values(grad: Any, highest: float) -> None:
    """gᵢ ← max(−highest, min(highest, gᵢ)); what is not a number stays so."""
    high = grad.dtype.type(highest)
    low = -high
    for i in range(grad.size):
        g = grad[i]
        grad[i] = high if g > high else (low if g < low else g)
