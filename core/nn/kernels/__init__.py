"""The formulas of neural networks, each once, forward beside backward, compiled by Numba for float32 and float64 alike.

Notation: rows are examples. `x (B, n)` inputs, `z (B, m)` weighted sums, `y (B, m)` outputs, `t` targets, `W (n, m)` weights,
`b (m,)` biases; a `d` in front means the derivative of the loss by it. What a kernel overwrites, its first line says.
With NUMBA_DISABLE_JIT=1 the same code runs as plain Python.
"""

import numba.core.config as config

config.CACHE_LOCATOR_CLASSES = "core.nn.kernels.cache.KernelCache"  # type: ignore[attr-defined]
