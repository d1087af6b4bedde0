"""A residual block: y = f(x) + x, so that what the layers f learn is the difference. He et al. 2016, eq. 1."""

from typing import Any

from core.nn.kernels.compile import kernel


@kernel
def join(f: Any, x: Any, y: Any) -> None:
    """y = f + x. Overwrites y."""
    for i in range(y.size):
        y[i] = f[i] + x[i]


@kernel
def d_branch(df: Any, dy: Any, dx: Any) -> None:
    """dx = df + dy: what the layers pass back, and what went past them. Overwrites dx."""
    for i in range(dx.size):
        dx[i] = df[i] + dy[i]
