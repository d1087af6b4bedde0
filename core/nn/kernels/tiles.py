"""z = x W for matrices that the cache holds: a tile of z stays in registers until all its terms are summed.

A BLAS first copies both factors into an order of its own, which pays for large matrices (Goto and van de Geijn 2008); here
nothing is copied. A tile is ROWS rows times one or two vectors of columns. Where tiles do not fill z, the last ones overlap
those before them: the same terms in the same order give the same bits twice.
"""

import platform
from collections.abc import Callable
from typing import Any

import numba.core.config
from llvmlite import binding, ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic, overload

from core.nn.kernels.compile import kernel

config: Any = numba.core.config
functions: Any = cgutils  # untyped


def registers() -> tuple[int, int]:
    """(bytes of a vector register, how many rows of two vectors they have room for beside the factors)."""
    told = config.CPU_FEATURES
    features = (binding.get_host_cpu_features().flatten() if told is None else told).split(",")
    if "+avx512f" in features:
        return 64, 8
    if "+avx2" in features:
        return 32, 6
    return 16, 8 if platform.machine() in ("aarch64", "arm64") else 6


VECTOR_BYTES, ROWS = registers()
FEW = 1 << 20  # multiplications, up to which a BLAS copies nothing either
LARGE = 1 << 19  # elements of a factor, above which copying it first is faster
CROWDED = 4096  # bytes: rows a multiple of this apart fall into the same few lines of the cache


@kernel
def suit(x: Any, W: Any, z: Any) -> Any:
    """The factors stay in the cache, their rows beside each other, and at most an eighth of the work is done twice."""
    (B, m), lanes = z.shape, VECTOR_BYTES // z.itemsize
    x_pitch = max(x.strides[0], x.strides[1])  # of x as it lies there, which may be the transposed one
    return (
        x.size * m > FEW
        and x.size <= LARGE
        and W.size <= LARGE
        and x_pitch % CROWDED > 0
        and W.strides[0] % CROWDED > 0
        and B >= ROWS
        and m >= 2 * lanes
        and (-B) % ROWS <= B // 8
        and (-m) % lanes <= m // 8
    )


@kernel
def product(x: Any, W: Any, z: Any) -> None:
    """z = x W for such as `suit`, where x (B, n) may be a transposed view. Overwrites z."""
    (B, m), lanes = z.shape, VECTOR_BYTES // z.itemsize
    for j in range(0, m - lanes, 2 * lanes):
        for i in range(0, B, ROWS):
            wide_tile(x, W, z, min(i, B - ROWS), min(j, m - 2 * lanes))
    if (m - 1) % (2 * lanes) < lanes:
        for i in range(0, B, ROWS):
            narrow_tile(x, W, z, min(i, B - ROWS), m - lanes)


def wide_tile(x: Any, W: Any, z: Any, i: int, j: int) -> None:
    """zᵢⱼ = Σₖ xᵢₖ Wₖⱼ for ROWS rows from i and two vectors of columns from j."""
    _tile(x, W, z, i, j, 2)


def narrow_tile(x: Any, W: Any, z: Any, i: int, j: int) -> None:
    """The same for one vector of columns."""
    _tile(x, W, z, i, j, 1)


def _tile(x: Any, W: Any, z: Any, i: int, j: int, vectors: int) -> None:
    rows, columns = slice(i, i + ROWS), slice(j, j + vectors * VECTOR_BYTES // z.itemsize)
    z[rows, columns] = x[rows] @ W[:, columns]


def _intrinsic(vectors: int) -> Callable[..., Any]:
    @intrinsic
    def tile(typing_context: Any, x: Any, W: Any, z: Any, i: Any, j: Any) -> Any:
        def lower(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            *matrices, i, j = arguments
            kinds, number = signature.args[:3], signature.args[0].dtype
            x, W, z = (context.make_array(kind)(context, builder, matrix) for kind, matrix in zip(kinds, matrices, strict=True))
            _emit(builder, context.get_data_type(number), number.bitwidth // 8, x, W, z, i, j, vectors)
            return context.get_dummy_value()

        return types.void(x, W, z, types.intp, types.intp), lower

    return tile


def _emit(builder: Any, number: Any, width: int, x: Any, W: Any, z: Any, i: Any, j: Any, vectors: int) -> None:
    """The loop over k: `vectors` of row k of W, times a number of each row of x, on the sums of that row."""
    lanes, index = VECTOR_BYTES // width, ir.IntType(64)
    vector, byte = ir.VectorType(number, lanes), ir.IntType(8)
    fused = functions.get_or_insert_function(
        builder.module, ir.FunctionType(vector, [vector] * 3), f"llvm.fmuladd.v{lanes}f{8 * width}"
    )
    first_lane = ir.Constant(ir.VectorType(ir.IntType(32), lanes), [0] * lanes)

    def address(view: Any, row: Any, column: Any) -> Any:
        row_step, column_step = (builder.extract_value(view.strides, axis) for axis in range(2))
        start = builder.bitcast(view.data, byte.as_pointer())
        return builder.gep(start, [builder.add(builder.mul(row, row_step), builder.mul(column, column_step))])

    def vector_at(start: Any, place: int) -> Any:
        return builder.bitcast(builder.gep(start, [index(place * VECTOR_BYTES)]), vector.as_pointer())

    def repeated(start: Any) -> Any:
        value = builder.load(builder.bitcast(start, number.as_pointer()))
        lone = builder.insert_element(ir.Constant(vector, ir.Undefined), value, ir.IntType(32)(0))
        return builder.shuffle_vector(lone, ir.Constant(vector, ir.Undefined), first_lane)

    before, loop, after = builder.block, builder.append_basic_block("terms"), builder.append_basic_block("summed")
    rows = [address(x, builder.add(i, index(row)), index(0)) for row in range(ROWS)]
    columns, terms = address(W, index(0), j), builder.extract_value(W.shape, 0)
    x_step, W_step = builder.extract_value(x.strides, 1), builder.extract_value(W.strides, 0)
    targets = [address(z, builder.add(i, index(row)), j) for row in range(ROWS)]
    builder.branch(loop)

    builder.position_at_end(loop)
    k, x_offset, W_offset = (builder.phi(index) for _ in range(3))
    sums = [[builder.phi(vector) for _ in range(vectors)] for _ in range(ROWS)]
    W_k = builder.gep(columns, [W_offset])
    w = [builder.load(vector_at(W_k, place), align=width) for place in range(vectors)]
    totals = []
    for row in range(ROWS):
        x_ik = repeated(builder.gep(rows[row], [x_offset]))
        totals.append([builder.call(fused, [x_ik, w[place], sums[row][place]]) for place in range(vectors)])
    following = builder.add(k, index(1)), builder.add(x_offset, x_step), builder.add(W_offset, W_step)
    for phi, value in zip((k, x_offset, W_offset), following, strict=True):
        phi.add_incoming(index(0), before)
        phi.add_incoming(value, loop)
    for row in range(ROWS):
        for place in range(vectors):
            sums[row][place].add_incoming(ir.Constant(vector, [0.0] * lanes), before)
            sums[row][place].add_incoming(totals[row][place], loop)
    builder.cbranch(builder.icmp_signed("<", following[0], terms), loop, after)

    builder.position_at_end(after)
    for row in range(ROWS):
        for place in range(vectors):
            builder.store(totals[row][place], vector_at(targets[row], place), align=width)


_wide, _narrow = _intrinsic(2), _intrinsic(1)


@overload(wide_tile, strict=False)
def _wide_tile(x: Any, W: Any, z: Any, i: Any, j: Any) -> Any:
    return lambda x, W, z, i, j: _wide(x, W, z, i, j)


@overload(narrow_tile, strict=False)
def _narrow_tile(x: Any, W: Any, z: Any, i: Any, j: Any) -> Any:
    return lambda x, W, z, i, j: _narrow(x, W, z, i, j)
