"""What differs between float32 and float64: constants, and the whole numbers that share a float's bits.

With these the functions of `exponential`, `logarithm`, `hyperbolic` and `error_function` are written once for both. They have
no branches and call nothing that is not inlined, so that loops over them run in vector registers.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numba import types
from numba.extending import overload

from core.nn.kernels.compile import scalar


@scalar
def polynomial(x: Any, c: Any) -> Any:
    """c₀ + c₁ x + c₂ x² + …, by Horner's rule."""
    y = c[len(c) - 1]
    for i in range(len(c) - 2, -1, -1):
        y = c[i] + x * y
    return y


def by_precision(double: tuple[Any, ...], single: tuple[Any, ...] | None = None) -> Callable[[Any], Any]:
    """A function of x that gives `single` where x is a float32, else `double`: tuples of numbers, constants once compiled.

    Left out, `single` is `double` rounded.
    """
    double = tuple(np.float64(c) if isinstance(c, float) else c for c in double)
    if single is None:
        single = tuple(np.float32(c) for c in double)

    def chosen(x: Any) -> Any:
        return single if x.dtype == np.float32 else double

    @overload(chosen, strict=False)
    def _compiled(x: Any) -> Callable[[Any], Any]:
        if x == types.float32:
            return lambda x: single  # noqa: ARG005 - Numba names the parameters
        return lambda x: double  # noqa: ARG005

    return chosen


def bits(x: Any) -> Any:
    """The whole number of the same bits as x."""
    return x.view(np.int32 if x.dtype == np.float32 else np.int64)


def of_bits(k: Any, x: Any) -> Any:
    """The float of the same bits as the whole number k, in the precision of x."""
    return k.view(x.dtype)


def as_bits(k: Any, x: Any) -> Any:
    """The whole number k in as many bits as x has; compiled, sums of 32 bits have 64."""
    return k


@overload(bits, strict=False)
def _bits(x: Any) -> Callable[[Any], Any]:
    if x == types.float32:
        return lambda x: np.float32(x).view(np.int32)
    return lambda x: np.float64(x).view(np.int64)


@overload(of_bits, strict=False)
def _of_bits(k: Any, x: Any) -> Callable[[Any, Any], Any]:
    if x == types.float32:
        return lambda k, x: np.int32(k).view(np.float32)  # noqa: ARG005
    return lambda k, x: np.int64(k).view(np.float64)  # noqa: ARG005


@overload(as_bits, strict=False)
def _as_bits(k: Any, x: Any) -> Callable[[Any, Any], Any]:
    if x == types.float32:
        return lambda k, x: np.int32(k)  # noqa: ARG005
    return lambda k, x: np.int64(k)  # noqa: ARG005
