"""Views into longer arrays, made without counting and without looking.

Numba counts every view of an array with an atomic instruction and compares its bounds and its shape, which for a small network
costs more than its mathematics. The arguments of an entry outlive its call and a program's offsets lie within its vectors
(`core.nn.builder`), so inside the loop a view is its address and its shape and nothing else.
"""

from typing import Any

from numba.core import cgutils, types
from numba.core.errors import TypingError
from numba.extending import intrinsic, overload
from numba.np import arrayobj

structs: Any = cgutils  # untyped, as the next
arrays: Any = arrayobj
UniTuple: Any = types.UniTuple


def borrowed(array: Any) -> Any:
    """The same array, uncounted; its owner must outlive it."""
    return array


def vector(theta: Any, offset: int, size: int) -> Any:
    """The vector that lies at `offset` of a longer one, which must outlive it."""
    return theta[offset : offset + size]


def matrix(theta: Any, offset: int, n: int, m: int) -> Any:
    """The (n, m) matrix that lies at `offset` of a flat vector, which must outlive it."""
    return theta[offset : offset + n * m].reshape(n, m)


@intrinsic
def _uncounted(typing_context: Any, array: Any) -> Any:
    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        view = structs.create_struct_proxy(signature.return_type)(context, builder, value=arguments[0])
        view.meminfo = structs.get_null_value(view.meminfo.type)
        view.parent = structs.get_null_value(view.parent.type)
        return view._getvalue()

    return array(array), lower


@intrinsic
def _part(typing_context: Any, array: Any, offset: Any, shape: Any) -> Any:
    if array.ndim != 1 or array.layout != "C":
        raise TypingError(f"a part of {array}; it must be a vector whose numbers lie one behind the other")
    part = types.Array(array.dtype, shape.count, "C", readonly=not array.mutable, aligned=array.aligned)

    def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole, lengths = context.make_array(array)(context, builder, arguments[0]), structs.unpack_tuple(builder, arguments[2])
        width = context.get_abi_sizeof(context.get_data_type(array.dtype))
        strides = [context.get_constant(types.intp, width)]
        for length in reversed(lengths[1:]):
            strides.insert(0, builder.mul(length, strides[0]))
        view, start = context.make_array(part)(context, builder), builder.gep(whole.data, [arguments[1]])
        arrays.populate_array(view, start, lengths, strides, width, meminfo=None)
        return view._getvalue()

    return part(array, types.intp, UniTuple(types.intp, shape.count)), lower


@overload(borrowed, strict=False)
def _borrowed(array: Any) -> Any:
    return lambda array: _uncounted(array)  # type: ignore[call-arg]


@overload(vector, strict=False)
def _vector(theta: Any, offset: Any, size: Any) -> Any:
    return lambda theta, offset, size: _part(theta, offset, (size,))  # type: ignore[call-arg]


@overload(matrix, strict=False)
def _matrix(theta: Any, offset: Any, n: Any, m: Any) -> Any:
    return lambda theta, offset, n, m: _part(theta, offset, (n, m))  # type: ignore[call-arg]
