"""A dataset on disk: one safetensors file with one one-dimensional tensor for each column, all of one length.

Read as views of the mapped file.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidData
from core.nn.tensors import RESERVED, Header, TensorFile

__all__ = ["RESERVED", "read_columns", "write_table"]

_DTYPES = frozenset(map(np.dtype, (np.float64, np.int64, np.int32, np.uint8)))


def write_table(path: Path, columns: Mapping[str, NDArray[Any]]) -> None:
    """Writes the columns as `core.nn.schema` tells of them: float64, int64, int32 or uint8, each (N,)."""
    for name, column in columns.items():
        if column.ndim != 1 or column.dtype not in _DTYPES or name == RESERVED:
            raise TypeError(f"column {name!r} {column.dtype} {column.shape} does not fit a table")
    with path.open("wb") as file:
        for piece in TensorFile(columns):
            file.write(piece)


def read_columns(path: Path, names: Iterable[str]) -> dict[str, NDArray[Any]]:
    """The named columns as read-only views of the mapped file; KeyError for a name that the table lacks.

    InvalidData where the file is not a table: cut short, or its header does not fit its length.
    """
    try:
        with path.open("rb") as file:
            header = Header(file.read)
        tensors = {name: header.tensor(name) for name in names}
        size = path.stat().st_size
        for name, tensor in tensors.items():
            if tensor.stop > size:
                raise ValueError(f"column {name!r} ends at byte {tensor.stop} of {size}")
    except ValueError as error:
        raise InvalidData(f"the stored table is damaged: {error}") from error
    mapped = np.memmap(path, np.uint8, "r")
    return {name: np.asarray(mapped[tensor.start : tensor.stop]).view(tensor.dtype) for name, tensor in tensors.items()}
