"""Copies, as loops: to assign slices (`y[:] = x`) takes seconds to compile, for a message that their shapes differ."""

from typing import Any

from core.nn.kernels.compile import kernel


@kernel
def copy(x: Any, y: Any) -> None:
    """y = x, both (n,). Overwrites y."""
    for i in range(y.size):
        y[i] = x[i]


@kernel
def clear(y: Any) -> None:
    """y = 0. Overwrites y (n,)."""
    zero = y.dtype.type(0)
    for i in range(y.size):
        y[i] = zero
