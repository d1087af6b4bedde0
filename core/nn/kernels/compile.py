"""How a kernel is compiled: without the GIL, by the rules of IEEE 754 except that a product and a sum may fuse.

A kernel that another calls is only translated. It is optimised and made into machine code once, in the entry that it becomes a
part of. By itself Numba would do both anew in each of its callers, and in theirs: that takes twice as long.
"""

from collections.abc import Callable
from functools import cached_property, update_wrapper
from typing import Any, TypeVar, cast

import numba
from numba.core import codegen, compiler, config, types
from numba.extending import typeof_impl

F = TypeVar("F", bound=Callable[..., Any])
njit: Any = numba.njit  # untyped where its options go, as the rest of Numba's inside
JITCodeLibrary: Any = codegen.JITCodeLibrary
Compiler: Any = compiler.Compiler
settings: Any = config
DispatcherType: Any = types.Dispatcher

# No flag here assumes that NaN and infinity do not occur: a diverging loss must be seen.
EXACT = {"contract"}
# Sums in another order, which lets a loop over a row run in vector registers.
REORDERED = {"contract", "reassoc", "nsz", "arcp"}
OPTIONS: dict[str, Any] = {"nogil": True, "error_model": "numpy"}


class Part(JITCodeLibrary):  # type: ignore[misc]
    """The code of a function that is there to be linked to others: not optimised yet, and nothing that could run."""

    def _optimize_final_module(self) -> None:
        pass

    def _finalize_final_module(self) -> None:
        self._finalize_dynamic_globals()
        self._finalized = True


class PartCompiler(Compiler):  # type: ignore[misc]
    """Numba's own, into a `Part`."""

    def __init__(self, typing_context: Any, target_context: Any, _: Any, *rest: Any) -> None:
        super().__init__(
            typing_context,
            target_context.subtarget(get_executable=_nothing_to_run),
            Part(target_context.codegen(), "part"),
            *rest,
        )


def _nothing_to_run(part: Part, *_: Any) -> Any:
    """What Numba takes for what Python would call: any built-in function, but no other part's, since it is a key in a table."""
    return part.__reduce__


class Kernel:
    """A function that is compiled by itself where Python calls it, and where another kernel does, as a part of that one.

    Where the entries come from the cache neither is needed, and so neither is made.
    """

    def __init__(self, function: Callable[..., Any], **options: Any) -> None:
        update_wrapper(self, function)
        self._function, self._options = function, OPTIONS | options

    @cached_property
    def alone(self) -> Any:
        return njit(**self._options)(self._function)

    @cached_property
    def part(self) -> Any:
        unwrapped = {"no_cpython_wrapper": True, "no_cfunc_wrapper": True}
        return njit(pipeline_class=PartCompiler, **unwrapped, **self._options)(self._function)

    def __call__(self, *arguments: Any) -> Any:
        return self.alone(*arguments)


@typeof_impl.register(Kernel)
def _type_of(kernel: Kernel, _: Any) -> Any:
    return DispatcherType(kernel.part)


def _kernel(function: F, **options: Any) -> F:
    return function if settings.DISABLE_JIT else cast(F, Kernel(function, **options))


def kernel(function: F) -> F:
    """An elementwise formula, or a piece of the loop."""
    return _kernel(function, fastmath=EXACT, forceinline=False)


def scalar(function: F) -> F:
    """A formula of one number, put into every loop that calls it, without which the loop would not run in vector registers."""
    return _kernel(function, fastmath=EXACT, forceinline=True)


def reduction(function: F) -> F:
    """A formula that sums, so that the order of its terms is the compiler's to choose; the order is fixed once compiled."""
    return _kernel(function, fastmath=REORDERED, forceinline=False)


def inlined(function: F) -> F:
    """Written out where it is called: for a small network, calls cost as much as its mathematics."""
    return cast(F, njit(inline="always", error_model="numpy")(function))


def entry(function: F) -> F:
    """What Python calls; compiled once with all kernels inside it and kept on disk."""
    return cast(F, njit(fastmath=EXACT, cache=True, **OPTIONS)(function))
