"""NPY: an array whose first dimension is the rows. (N,) is one column, x0; further dimensions are columns x0, x1, … in C order:
of images (N, 3, 28, 28) x0 is the first pixel of the first channel.

The header is checked against the bytes that are there before anything is made in memory; nothing is ever unpickled.
"""

from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from core.data.describe import NO_DATES, Described, boolean, check_names, ignored, number, text
from core.data.limits import Limits, Read
from core.errors import InvalidData, TooLarge
from core.nn.preparation.column import as_meant

_READERS = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}
_HEADER_ERRORS = (ValueError, EOFError, OverflowError, RecursionError, MemoryError, SyntaxError, TokenError)  # it is a literal
MAX_DIMENSIONS = 8
_CHUNK_BYTES = 1 << 20
_LAST_CHARACTER = 0x10FFFF


def read(path: Path, limits: Limits) -> Read:
    with path.open("rb") as file:
        array = read_array(file, path.stat().st_size, limits, "the array")
    return Read(len(array), columns("x", array), shapes("x", array))


def read_array(file: IO[bytes], size: int, limits: Limits, name: str) -> NDArray[Any]:
    """The array (N, …) in a stream of `size` bytes."""
    try:
        version = npy.read_magic(file)
        if version not in _READERS:
            raise InvalidData(f"{name} is NPY version {version[0]}.{version[1]}; 1.0 and 2.0 are read")
        shape, is_fortran, dtype = _READERS[version](file)
    except _HEADER_ERRORS as error:
        raise InvalidData(f"{name} is not NPY: {_first_line(error)}") from error
    if dtype.hasobject:
        raise InvalidData(
            f"{name} holds Python objects, which need pickle and are never loaded; numbers, booleans and texts are"
        )
    if dtype.kind not in "biufUSmM" or dtype.itemsize == 0:
        raise InvalidData(f"{name} holds {dtype}; numbers, booleans and texts are allowed")
    if not 1 <= len(shape) <= MAX_DIMENSIONS or any(n < 0 for n in shape):
        raise InvalidData(
            f"{name} has the shape {shape}; 1 to {MAX_DIMENSIONS} dimensions, the first of them rows, are allowed"
        )
    rows, width = shape[0], prod(shape[1:])
    there, needed = size - file.tell(), rows * width * dtype.itemsize
    if needed != there:
        raise InvalidData(
            f"{name} says it has the shape {shape} of {dtype}, that is {needed} bytes, but {there} bytes follow the header"
        )
    limits.check(rows, width)
    if needed > limits.bytes:
        raise TooLarge(f"{name} has {needed} bytes; {limits.bytes} are allowed")
    data = np.empty(needed, np.uint8)
    place = 0
    while place < needed:
        part = file.read(min(_CHUNK_BYTES, needed - place))
        if not part:
            raise InvalidData(f"{name} ends after {place} of {needed} bytes")
        data[place : place + len(part)] = np.frombuffer(part, np.uint8)
        place += len(part)
    return data.view(dtype).reshape(shape, order="F" if is_fortran else "C")


def columns(name: str, array: NDArray[Any], *, is_numbered: bool = True) -> list[Described]:
    """The array's columns: name0, name1, …; a one-dimensional array that is not numbered keeps the bare name.

    Numbers of a matrix are meant as they are: rows to predict have them all, in their order.
    """
    if array.ndim == 1:
        names, arrays = [f"{name}0" if is_numbered else name], [array]
    else:
        arrays = [array[(slice(None), *place)] for place in np.ndindex(array.shape[1:])]
        names = [f"{name}{i}" for i in range(len(arrays))]
    check_names(names)
    found = [_described(column, np.ascontiguousarray(x)) for column, x in zip(names, arrays, strict=True)]
    is_matrix = is_numbered or array.ndim > 1
    return [as_meant(column) if is_matrix and column.kind == "number" else column for column in found]


def shapes(name: str, array: NDArray[Any]) -> dict[str, tuple[int, ...]]:
    """What of the array its columns do not tell: the dimensions behind the rows, where there are several."""
    return {name: array.shape[1:]} if array.ndim > 2 else {}


def _described(name: str, x: NDArray[Any]) -> Described:
    if x.dtype.kind == "b":
        return boolean(name, x.view(np.uint8) != 0)
    if x.dtype.kind in "iuf":
        return number(name, x)
    if x.dtype.kind in "mM":
        return ignored(name, NO_DATES)
    try:
        texts = np.char.decode(x, "utf-8") if x.dtype.kind == "S" else x
    except UnicodeDecodeError as error:
        raise InvalidData(f'column "{name}" has a text that is not Unicode: {error}') from error
    if texts.view(texts.dtype.byteorder.replace("|", "=") + "u4").max() > _LAST_CHARACTER:
        raise InvalidData(f'column "{name}" has a text that is not Unicode')
    values, codes = np.unique(texts, return_inverse=True)
    return text(name, codes, values.tolist(), may_be_dates=False)  # they have a type for dates


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0]
