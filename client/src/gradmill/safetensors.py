"""Reads safetensors: eight bytes that say how long the header is, the header in JSON, the numbers of each tensor."""

import json
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from gradmill.errors import BadInput

if TYPE_CHECKING:
    from numpy.typing import NDArray

_FLOATS = {"F64": "<f8", "F32": "<f4", "F16": "<f2"}
_DTYPES = {**_FLOATS, "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "i1", "U8": "u1", "BOOL": "?"}


@dataclass(frozen=True, slots=True)
class Tensors:
    """The arrays by their names, and the metadata, with `network`, `loss` and `preprocessing` as objects."""

    arrays: "dict[str, NDArray[Any]]"
    metadata: dict[str, Any]


def read(path: Path) -> Tensors:
    """BadInput where the file is no safetensors file, or holds a type that NumPy does not have."""
    with path.open("rb") as file:
        try:
            return _read(file, path.stat().st_size)
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
            raise BadInput(f"{path.name} is no safetensors file that can be read: {error!r}") from error


def _read(file: BinaryIO, size: int) -> Tensors:
    import numpy as np

    length = int.from_bytes(file.read(8), "little")
    begin = 8 + length
    if begin > size:
        raise ValueError(f"a header of {length} bytes in a file of {size}")
    header: dict[str, Any] = json.loads(file.read(length))
    metadata = header.pop("__metadata__", {})
    arrays, place = {}, 0
    for name, tensor in sorted(header.items(), key=lambda item: item[1]["data_offsets"]):
        (start, stop), shape, dtype = tensor["data_offsets"], tensor["shape"], np.dtype(_DTYPES[tensor["dtype"]])
        if start != place or stop - start != prod(shape) * dtype.itemsize or min(shape, default=0) < 0 or begin + stop > size:
            raise ValueError(f"the numbers of {name} lie from {start} to {stop}, with the shape {shape}")
        array = np.empty(shape, dtype)
        if array.size:
            file.readinto(array.reshape(-1).view(np.uint8).data)  # type: ignore[attr-defined]
        arrays[name], place = array, stop
    if begin + place != size:
        raise ValueError(f"{size - begin - place} bytes behind the last numbers")
    return Tensors({name: arrays[name] for name in header}, {name: _object(text) for name, text in metadata.items()})


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
