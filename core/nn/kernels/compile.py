"""How a kernel is compiled: without the GIL, by the rules of IEEE 754 except that a product and a sum may fuse."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

# No flag here assumes that NaN and infinity do not occur: a diverging loss must be seen.
EXACT = {"contract"}
# Sums in another order, which lets a loop over a row run in vector registers.
REORDERED = {"contract", "reassoc", "nsz", "arcp"}
# Nobody holds a pointer to a kernel, and the form of it that C could call takes a tenth of the time to compile.
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy", "no_cfunc_wrapper": True}


def kernel(function: F) -> F:
    """An elementwise formula, or a piece of the loop."""
    return cast(F, njit(fastmath=EXACT, **OPTIONS)(function))


def scalar(function: F) -> F:
    """A formula of one number, put into every loop that calls it, without which the loop would not run in vector registers."""
    return cast(F, njit(fastmath=EXACT, forceinline=True, **OPTIONS)(function))


def reduction(function: F) -> F:
    """A formula that sums, so that the order of its terms is the compiler's to choose; the order is fixed once compiled."""
    return cast(F, njit(fastmath=REORDERED, **OPTIONS)(function))


def inlined(function: F) -> F:
    """Written out where it is called: for a small network, calls cost as much as its mathematics."""
    return cast(F, njit(inline="always", error_model="numpy")(function))


def entry(function: F) -> F:
    """What Python calls; compiled once with all kernels inside it and kept on disk."""
    return cast(F, njit(fastmath=EXACT, nogil=True, error_model="numpy", cache=True)(function))
