"""Reads safetensors: eight bytes that say how long the header is, the header in JSON, the numbers of each tensor."""

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

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


def read(content: bytes) -> Tensors:
    """BadInput where the bytes are no safetensors file, or hold a type that NumPy does not have."""
    import numpy as np

    try:
        length = int.from_bytes(content[:8], "little")
        header: dict[str, Any] = json.loads(content[8 : 8 + length])
        metadata = header.pop("__metadata__", {})
        arrays = {}
        for name, tensor in header.items():
            start, stop = (8 + length + offset for offset in tensor["data_offsets"])
            flat = np.frombuffer(content[start:stop], _DTYPES[tensor["dtype"]])
            arrays[name] = flat.reshape(tensor["shape"]).copy()
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise BadInput(f"this is no safetensors file that can be read: {error!r}") from error
    return Tensors(arrays, {name: _object(text) for name, text in metadata.items()})


def _object(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text
