"""Cells of a stored table, read from the database without the rest of it."""

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import CoreError
from core.nn.preparation.column import Column, Columns, Value, absent
from core.nn.saving.tensors import Tensor, read_header
from core.store import Dataset, Store


class Cells(Columns):
    """Whole columns (N,), each read when somebody asks for it."""

    def __init__(self, store: Store, dataset: Dataset) -> None:
        """CoreError where the table is damaged."""
        self._blob_id = dataset.blob_id
        self._blobs = store.blobs
        self._spans = store.blobs.spans(dataset.blob_id, dataset.table_bytes)
        try:
            header = read_header(store.blobs.read(dataset.blob_id, 0, dataset.table_bytes))
            self._tensors: dict[str, Tensor] = {name: header.tensor(name) for name in header.names}
        except ValueError as error:
            raise CoreError(f"the stored table of {dataset.id} is damaged: {error}") from error
        self._columns: dict[str, NDArray[Any]] = {}

    def row(self, names: Iterable[str], row: int) -> Columns:
        """These columns of one row alone, (1,) each."""
        places = sorted((self._tensors[name].start, name) for name in names)
        return {name: self._cell(self._tensors[name], row) for _, name in places}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._columns:
            tensor = self._tensors[name]
            content = b"".join(self._blobs.read(self._blob_id, tensor.start, tensor.stop))
            self._columns[name] = np.frombuffer(content, tensor.dtype)
        return self._columns[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._tensors)

    def __len__(self) -> int:
        return len(self._tensors)

    def _cell(self, tensor: Tensor, row: int) -> NDArray[Any]:
        start = tensor.start + row * tensor.dtype.itemsize
        return np.frombuffer(self._spans.read(start, start + tensor.dtype.itemsize), tensor.dtype)


def value(described: Column, cell: NDArray[Any]) -> Value | None:
    """What a cell (1,) of the column says, in the words of the data; None where it says nothing."""
    if absent(cell)[0]:
        return None
    if described.kind == "text":
        return (described.values or ())[int(cell[0])]
    found: Value = bool(cell[0]) if described.kind == "boolean" else cell[0].item()
    return found
