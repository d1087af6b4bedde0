"""Eight neighbours at a time: rows too short for a loop in vector registers are copied and added in blocks."""

from collections.abc import Callable
from typing import Any

from llvmlite import ir
from numba import types
from numba.extending import intrinsic, overload

from core.nn.kernels.compile import kernel

BLOCK = 8


@kernel
def copy_rows(x: Any, first: int, step: int, y: Any, place: int, pitch: int, rows: int, count: int) -> None:
    """y[place + r·pitch + t] = x[first + r·step + t] for r below `rows`, t below `count`.

    Overwrites up to BLOCK − 1 elements of y after each row: pitch ≥ count.
    """
    whole = (count + BLOCK - 1) // BLOCK * BLOCK
    if first + (rows - 1) * step + whole <= x.size and place + (rows - 1) * pitch + whole <= y.size:
        for _ in range(rows):
            for t in range(0, whole, BLOCK):
                copy_block(x, first + t, y, place + t)
            first += step
            place += pitch
    else:
        for _ in range(rows):
            for t in range(count):
                y[place + t] = x[first + t]
            first += step
            place += pitch


@kernel
def add_rows(x: Any, first: int, step: int, y: Any, place: int, pitch: int, rows: int, count: int) -> None:
    """y[place + r·pitch + t] += x[first + r·step + t] for r below `rows`, t below `count`."""
    whole = count // BLOCK * BLOCK
    for _ in range(rows):
        for t in range(0, whole, BLOCK):
            add_block(x, first + t, y, place + t)
        for t in range(whole, count):
            y[place + t] += x[first + t]
        first += step
        place += pitch


def copy_block(x: Any, first: int, y: Any, place: int) -> None:
    y[place : place + BLOCK] = x[first : first + BLOCK]


def add_block(x: Any, first: int, y: Any, place: int) -> None:
    y[place : place + BLOCK] += x[first : first + BLOCK]


def _block(adds: bool) -> Any:
    @intrinsic
    def block(typing_context: Any, x: Any, first: Any, y: Any, place: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            element = context.get_data_type(x.dtype)
            width = context.get_abi_sizeof(element)
            x_value, at_x, y_value, at_y = arguments
            source = builder.gep(context.make_array(x)(context, builder, x_value).data, [at_x])
            target = builder.gep(context.make_array(y)(context, builder, y_value).data, [at_y])
            vector = ir.VectorType(element, BLOCK).as_pointer()
            source, target = builder.bitcast(source, vector), builder.bitcast(target, vector)
            eight = builder.load(source, align=width)
            if adds:
                eight = builder.fadd(builder.load(target, align=width), eight)
            builder.store(eight, target, align=width)
            return context.get_dummy_value()

        return types.void(x, types.intp, y, types.intp), lower

    return block


_copy_block, _add_block = _block(adds=False), _block(adds=True)


@overload(copy_block, strict=False)
def _compiled_copy_block(x: Any, first: Any, y: Any, place: Any) -> Callable[..., Any]:
    return lambda x, first, y, place: _copy_block(x, first, y, place)


@overload(add_block, strict=False)
def _compiled_add_block(x: Any, first: Any, y: Any, place: Any) -> Callable[..., Any]:
    return lambda x, first, y, place: _add_block(x, first, y, place)
