"""Products of matrices that are added to what is there already, and whose rows may lie apart: parts of larger matrices.

Numba's `np.dot` overwrites, and wants its matrices whole; what it calls, the BLAS's `gemm`, does neither. Here A, B and C are
matrices whose rows are contiguous. Products below `SMALL` multiplications are plain loops, which cost less than the call.
"""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload
from numba.np import linalg

from core.nn.kernels.compile import kernel

SMALL = 512

linear_algebra: Any = linalg  # untyped, as the next
structs: Any = cgutils


@kernel
def add_product(A: Any, B: Any, C: Any) -> None:
    """C ← C + A B"""
    if C.size * A.shape[1] > SMALL:
        gemm(A, B, C)
        return
    for i in range(C.shape[0]):
        for k in range(A.shape[1]):
            a = A[i, k]
            for j in range(C.shape[1]):
                C[i, j] += a * B[k, j]


@kernel
def add_product_of_transpose(A: Any, B: Any, C: Any) -> None:
    """C ← C + Aᵀ B"""
    if C.size * A.shape[0] > SMALL:
        gemm_of_transpose(A, B, C)
        return
    for k in range(A.shape[0]):
        for i in range(C.shape[0]):
            a = A[k, i]
            for j in range(C.shape[1]):
                C[i, j] += a * B[k, j]


@kernel
def add_product_by_transpose(A: Any, B: Any, C: Any) -> None:
    """C ← C + A Bᵀ"""
    if C.size * A.shape[1] > SMALL:
        gemm_by_transpose(A, B, C)
        return
    for i in range(C.shape[0]):
        for j in range(C.shape[1]):
            total = C[i, j]
            for k in range(A.shape[1]):
                total += A[i, k] * B[j, k]
            C[i, j] = total


def gemm(A: Any, B: Any, C: Any) -> None:
    C += A @ B


def gemm_of_transpose(A: Any, B: Any, C: Any) -> None:
    C += A.T @ B


def gemm_by_transpose(A: Any, B: Any, C: Any) -> None:
    C += A @ B.T


def _call(of_transpose: bool, by_transpose: bool) -> Any:
    """The call of the BLAS. It counts by columns, so that it reads our rows as Cᵀ ← Cᵀ + Bᵀ Aᵀ."""

    @intrinsic
    def call(typing_context: Any, A: Any, B: Any, C: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            linear_algebra.ensure_blas()
            letter, integer, pointer = ir.IntType(8), context.get_value_type(types.intp), structs.voidptr_t
            a, b, c = (
                context.make_array(kind)(context, builder, value) for kind, value in zip(signature.args, arguments, strict=True)
            )
            m, n = structs.unpack_tuple(builder, c.shape, 2)
            k = structs.unpack_tuple(builder, a.shape, 2)[0 if of_transpose else 1]
            width = ir.Constant(integer, context.get_abi_sizeof(context.get_data_type(C.dtype)))
            one = linear_algebra.make_constant_slot(context, builder, C.dtype, 1.0)

            def place(matrix: Any) -> tuple[Any, Any]:
                step = structs.unpack_tuple(builder, matrix.strides, 2)[0]
                return builder.bitcast(matrix.data, pointer), builder.sdiv(step, width)

            kind, at_a, at_b = (
                ir.Constant(letter, ord(name))
                for name in (linear_algebra.get_blas_kind(C.dtype), "nt"[of_transpose], "nt"[by_transpose])
            )
            alpha = beta = builder.bitcast(one, pointer)
            call = (kind, at_b, at_a, n, m, k, alpha, *place(b), *place(a), beta, *place(c))
            kinds = ir.FunctionType(ir.IntType(32), [value.type for value in call])
            builder.call(structs.get_or_insert_function(builder.module, kinds, "numba_xxgemm"), call)
            return context.get_dummy_value()

        return types.void(A, B, C), lower

    return call


_gemm, _gemm_of_transpose, _gemm_by_transpose = _call(False, False), _call(True, False), _call(False, True)


@overload(gemm, strict=False)
def _compiled_gemm(A: Any, B: Any, C: Any) -> Callable[..., Any]:
    return lambda A, B, C: _gemm(A, B, C)


@overload(gemm_of_transpose, strict=False)
def _compiled_gemm_of_transpose(A: Any, B: Any, C: Any) -> Callable[..., Any]:
    return lambda A, B, C: _gemm_of_transpose(A, B, C)


@overload(gemm_by_transpose, strict=False)
def _compiled_gemm_by_transpose(A: Any, B: Any, C: Any) -> Callable[..., Any]:
    return lambda A, B, C: _gemm_by_transpose(A, B, C)
