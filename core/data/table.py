"""A dataset on disk: one safetensors file with one one-dimensional tensor for each column, all of one length.

Written by hand, since the library's writer copies every column before the first byte is out; read as views of the mapped file.
The format: eight bytes with the header's length, the header in JSON ({name: {dtype, shape, data_offsets}}), the columns' bytes.
"""

import json
import os
import struct
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidData

RESERVED = "__metadata__"  # the format's own key; a column cannot have this name
_CODES: dict[np.dtype[Any], str] = {
    np.dtype(np.float64): "F64",
    np.dtype(np.int64): "I64",
    np.dtype(np.int32): "I32",
    np.dtype(np.uint8): "U8",
}
_DTYPES: dict[str, np.dtype[Any]] = {code: dtype for dtype, code in _CODES.items()}
_ALIGNMENT = 8
_CHUNK_BYTES = 1 << 20
_MAX_HEADER_BYTES = 1 << 28


def write_table(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Writes the columns: float64, int64, int32 or uint8, each (N,). Wide types first, so that every column is aligned."""
    order = sorted(columns, key=lambda name: -columns[name].dtype.itemsize)
    header: dict[str, Any] = {}
    end = 0
    for name in order:
        column = columns[name]
        if column.ndim != 1 or column.dtype not in _CODES or name == RESERVED:
            raise TypeError(f"column {name!r} {column.dtype} {column.shape} does not fit a table")
        start, end = end, end + column.nbytes
        header[name] = {"dtype": _CODES[column.dtype], "shape": [len(column)], "data_offsets": [start, end]}
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)))
        file.write(text)
        for name in order:
            data = np.ascontiguousarray(columns[name]).view(np.uint8).data
            for start in range(0, len(data), _CHUNK_BYTES):
                file.write(data[start : start + _CHUNK_BYTES])


def read_columns(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The named columns as read-only views of the mapped file; KeyError for a name that the table lacks.

    InvalidData where the file is not a table: cut short, or its header does not fit its length.
    """
    names = list(names)
    with path.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        start = file.read(8)
        length = struct.unpack("<Q", start)[0] if len(start) == 8 else _MAX_HEADER_BYTES + 1
        if length > min(_MAX_HEADER_BYTES, size - 8):
            raise InvalidData(f"the stored table is damaged: {size} bytes, no header")
        try:
            header = json.loads(file.read(length))
        except ValueError as error:
            raise InvalidData(f"the stored table is damaged: its header is not JSON ({error})") from error
    entries = {name: header[name] for name in names}
    begin = 8 + length
    if size == begin:
        return {name: np.empty(0, _DTYPES[entry["dtype"]]) for name, entry in entries.items()}
    mapped = np.memmap(path, np.uint8, "r")
    columns = {}
    for name, entry in entries.items():
        first, last = entry["data_offsets"]
        if not 0 <= first <= last <= size - begin:
            raise InvalidData(f"the stored table is damaged: column {name!r} ends at byte {last} of {size - begin}")
        columns[name] = np.asarray(mapped[begin + first : begin + last]).view(_DTYPES[entry["dtype"]])
    return columns
