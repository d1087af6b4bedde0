"""A dataset on disk: one safetensors file with one one-dimensional tensor for each column, all of one length.

Read as views of the mapped file.
"""

import mmap
import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidData
from core.nn.saving.tensors import RESERVED, Header, Tensor, TensorFile

__all__ = ["RESERVED", "Columns", "read_columns", "write_table"]

_RESIDENT_BYTES = 1 << 26
_DTYPES = frozenset(map(np.dtype, (np.float64, np.int64, np.int32, np.uint8)))


def write_table(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Writes the columns as `core.nn.preparation.column` tells of them: float64, int64, int32 or uint8, each (N,)."""
    for name, column in columns.items():
        if column.ndim != 1 or column.dtype not in _DTYPES or name == RESERVED:
            raise TypeError(f"column {name!r} {column.dtype} {column.shape} does not fit a table")
    with path.open("wb") as file:
        for piece in TensorFile(columns):
            file.write(piece)


class Columns(Mapping[str, NDArray[Any]]):
    """Read-only views (N,) of a mapped table, of which little is in memory at a time.

    Whoever asks for one column after the other looks at the whole table in the end. So after every 64 MiB that were handed out,
    the pages that were read leave this process's memory; the views stay what they are, and read them again.
    """

    def __init__(self, table: mmap.mmap, tensors: Mapping[str, Tensor]) -> None:
        self._table = table
        self._tensors = tensors
        self._handed_out = 0

    def __getitem__(self, name: str) -> NDArray[Any]:
        tensor = self._tensors[name]
        if self._handed_out > _RESIDENT_BYTES:
            self._table.madvise(mmap.MADV_DONTNEED)
            self._handed_out = 0
        size = tensor.stop - tensor.start
        self._handed_out += size
        return np.frombuffer(self._table, tensor.dtype, size // tensor.dtype.itemsize, tensor.start if size else 0)

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)


def read_columns(path: Path, names: Iterable[str]) -> Columns:
    """The named columns; KeyError for a name that the table lacks.

    InvalidData where the file is not a table: cut short, or its header does not fit its length.
    """
    with path.open("rb") as file:
        try:
            header = Header(file.read)
            tensors = {name: header.tensor(name) for name in names}
            size = os.fstat(file.fileno()).st_size
            for name, tensor in tensors.items():
                if tensor.stop > size:
                    raise ValueError(f"column {name!r} ends at byte {tensor.stop} of {size}")
        except ValueError as error:
            raise InvalidData(f"the stored table is damaged: {error}") from error
        return Columns(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), tensors)
