"""Named arrays and a few words about them as the bytes of a safetensors file, in pieces, and back.

The format: eight bytes with the header's length, the header in JSON ({name: {dtype, shape, data_offsets}}), the arrays' bytes.
Written by hand: the library's writer copies every array before the first byte is out, orders the metadata at random, and writes
wrong values for a transposed array.
"""

import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt

Arrays = dict[str, npt.NDArray[Any]]
Piece = bytes | memoryview

RESERVED = "__metadata__"  # the format's own key; an array cannot have this name
CODES: dict[np.dtype[Any], str] = {
    np.dtype(np.float64): "F64",
    np.dtype(np.int64): "I64",
    np.dtype(np.float32): "F32",
    np.dtype(np.int32): "I32",
    np.dtype(np.float16): "F16",
    np.dtype(np.uint8): "U8",
}
DTYPES = {code: dtype for dtype, code in CODES.items()}
_ALIGNMENT = 8
_PIECE_BYTES = 1 << 20
_MAX_HEADER_BYTES = 1 << 28


@dataclass(frozen=True)
class Blocks:
    """An array that is made some rows at a time, in C order, whenever it is written; all of it is never in memory."""

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    make: Callable[[], Iterable[npt.NDArray[Any]]]

    @property
    def itemsize(self) -> int:
        return self.dtype.itemsize

    @property
    def nbytes(self) -> int:
        return prod(self.shape) * self.itemsize

    def array(self) -> npt.NDArray[Any]:
        """All of it in memory after all."""
        whole, at = np.empty(self.shape, self.dtype), 0
        for block in self.make():
            if block.shape == self.shape:
                return block
            whole[at : at + len(block)] = block
            at += len(block)
        return whole


@dataclass(frozen=True)
class TensorFile:
    """The file of these arrays: iterated, as often as one likes, it yields the file's bytes in pieces of about 1 MiB.

    Wide types come first, so that every array is aligned. Arrays may lie in memory as they like; those that are contiguous are
    not copied, so a piece shows what the array holds when it is read. Equal arrays and metadata give equal bytes.
    """

    arrays: Mapping[str, npt.NDArray[Any] | Blocks]
    metadata: Mapping[str, str] = field(default_factory=dict)

    def __iter__(self) -> Iterator[Piece]:
        order = sorted(self.arrays, key=lambda name: -self.arrays[name].itemsize)
        header: dict[str, Any] = {RESERVED: dict(self.metadata)} if self.metadata else {}
        end = 0
        for name in order:
            array = self.arrays[name]
            if name == RESERVED:
                raise ValueError(f"no array can be called {RESERVED}")
            start, end = end, end + array.nbytes
            header[name] = {"dtype": CODES[array.dtype], "shape": list(array.shape), "data_offsets": [start, end]}
        text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
        text += b" " * (-len(text) % _ALIGNMENT)
        yield len(text).to_bytes(8, "little") + text
        for name in order:
            yield from _pieces(self.arrays[name])


@dataclass(frozen=True, slots=True)
class Tensor:
    """Where an array stands: from byte `start` of the file up to `stop`."""

    dtype: np.dtype[Any]
    shape: tuple[int, ...]
    start: int
    stop: int


class Header:
    """What a file holds. ValueError for bytes that are no such file, at once or when the damaged part is asked for."""

    def __init__(self, read: Callable[[int], bytes]) -> None:
        """`read` gives the next so many bytes of the file, or what there is; it is left at the first array."""
        length = int.from_bytes(read(8), "little")
        if not 2 <= length <= _MAX_HEADER_BYTES:
            raise ValueError(f"no header: it would have {length} bytes")
        text = read(length)
        if len(text) < length:
            raise ValueError(f"the header ends at byte {len(text)} of {length}")
        entries = json.loads(text)
        if not isinstance(entries, dict):
            raise ValueError("the header is no object")
        self._begin = 8 + length
        self.metadata: dict[str, str] = entries.pop(RESERVED, {})
        self._entries: dict[str, Any] = entries

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self._entries)

    def entry(self, name: str) -> Any:
        """What the header says of a name, unjudged."""
        return self._entries[name]

    def tensor(self, name: str) -> Tensor:
        """KeyError for a name that the file lacks."""
        entry = self._entries[name]
        try:
            dtype, shape = DTYPES[entry["dtype"]], tuple(entry["shape"])
            first, last = entry["data_offsets"]
            if not 0 <= first <= last or last - first != prod(shape) * dtype.itemsize:
                raise ValueError(f"bytes {first} to {last} are no {dtype} {shape}")
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"the header is wrong about {name!r}: {error}") from error
        return Tensor(dtype, shape, self._begin + first, self._begin + last)


def read_header(pieces: Iterable[Piece]) -> Header:
    """That of a file in pieces, of which no more are asked for than it needs."""
    return Header(_Stream(pieces).read)


def unpack(data: bytes) -> tuple[Arrays, dict[str, str]]:
    """The arrays, read only, and the metadata of a whole file."""
    header = Header(io.BytesIO(data).read)
    arrays: Arrays = {}
    for name in header.names:
        tensor = header.tensor(name)
        if tensor.stop > len(data):
            raise ValueError(f"{name!r} ends at byte {tensor.stop} of {len(data)}")
        count = (tensor.stop - tensor.start) // tensor.dtype.itemsize
        arrays[name] = np.frombuffer(data, tensor.dtype, count, tensor.start if count else 0).reshape(tensor.shape)
    return arrays, header.metadata


class StoredArrays(Mapping[str, npt.NDArray[Any]]):
    """The arrays of a file, each of which is read when it is asked for: none is kept."""

    def __init__(self, read: Callable[[int, int], Iterable[Piece]], size: int) -> None:
        """`read` gives the bytes of the file of this size from one place up to another, in pieces."""
        self._read = read
        self._header = read_header(read(0, size))

    def __getitem__(self, name: str) -> npt.NDArray[Any]:
        tensor = self._header.tensor(name)
        array = np.empty(tensor.shape, tensor.dtype)
        _Stream(self._read(tensor.start, tensor.stop)).read_into(_bytes(array))
        return array

    def __contains__(self, name: object) -> bool:
        return name in self._header.names

    def __iter__(self) -> Iterator[str]:
        return iter(self._header.names)

    def __len__(self) -> int:
        return len(self._header.names)


def unpack_into(pieces: Iterable[Piece], arrays: Mapping[str, npt.NDArray[Any]]) -> dict[str, str]:
    """Overwrites the arrays, each C-contiguous, with those of the file and returns its metadata; holds one piece at a time.

    ValueError where the file has other names, types or shapes, or another length.
    """
    stream = _Stream(pieces)
    header = Header(stream.read)
    tensors = {name: header.tensor(name) for name in header.names}
    if tensors.keys() != arrays.keys():
        raise ValueError(f"the file holds {sorted(tensors)}, not {sorted(arrays)}")
    for name, tensor in sorted(tensors.items(), key=lambda item: (item[1].start, item[1].stop)):
        array = arrays[name]
        if (tensor.dtype, tensor.shape) != (array.dtype, array.shape):
            raise ValueError(f"{name!r} is {tensor.dtype} {tensor.shape}, not {array.dtype} {array.shape}")
        stream.read_into(_bytes(array))
    if stream.read(1):
        raise ValueError("the file goes on after its last array")
    return header.metadata


class _Stream:
    """Pieces read as one file."""

    def __init__(self, pieces: Iterable[Piece]) -> None:
        self._pieces = iter(pieces)
        self._rest = memoryview(b"")

    def read(self, count: int) -> bytes:
        """The next `count` bytes, or what there is."""
        data = bytearray()
        while len(data) < count and self._has_more():
            data += self._next(count - len(data))
        return bytes(data)

    def read_into(self, view: memoryview) -> None:
        at = 0
        while at < len(view):
            if not self._has_more():
                raise ValueError("the file ends in the middle of an array")
            part = self._next(len(view) - at)
            view[at : at + len(part)] = part
            at += len(part)

    def _next(self, count: int) -> memoryview:
        part, self._rest = self._rest[:count], self._rest[count:]
        return part

    def _has_more(self) -> bool:
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return False
            self._rest = memoryview(piece)
        return True


def _bytes(array: npt.NDArray[Any]) -> memoryview:
    """The bytes of a C-contiguous array, in place."""
    return array.reshape(-1).view(np.uint8).data


def _pieces(array: npt.NDArray[Any] | Blocks) -> Iterator[Piece]:
    if isinstance(array, Blocks):
        for block in array.make():
            yield from _pieces(block)
    elif array.flags.c_contiguous:
        data = _bytes(array)
        for start in range(0, len(data), _PIECE_BYTES):
            yield data[start : start + _PIECE_BYTES]
    elif array.size:
        rows = max(1, _PIECE_BYTES * len(array) // array.nbytes)
        for start in range(0, len(array), rows):
            yield _bytes(np.ascontiguousarray(array[start : start + rows]))
