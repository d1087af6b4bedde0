"""Named arrays and a few words about them as the bytes of a safetensors file, and back."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load

Arrays = dict[str, npt.NDArray[Any]]

_ALIGNMENT = 8
_CODES: dict[np.dtype[Any], str] = {np.dtype(np.float32): "F32", np.dtype(np.float64): "F64"}


def pack(arrays: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """The file's bytes: equal arrays and metadata give equal bytes. Arrays may lie in memory as they like.

    Written by hand: the library's writer orders the metadata at random, and writes wrong values for a transposed array.
    """
    header: dict[str, Any] = {"__metadata__": dict(metadata)}
    data: list[bytes] = []
    end = 0
    for name, array in sorted(arrays.items(), key=lambda item: (-item[1].itemsize, item[0])):
        start, end = end, end + array.nbytes
        header[name] = {"dtype": _CODES[array.dtype], "shape": list(array.shape), "data_offsets": [start, end]}
        data.append(array.tobytes())
    text = json.dumps(header, ensure_ascii=False, separators=(",", ":")).encode()
    text += b" " * (-len(text) % _ALIGNMENT)
    return b"".join([len(text).to_bytes(8, "little"), text, *data])


def unpack(data: bytes) -> tuple[Arrays, dict[str, str]]:
    """The inverse of `pack`."""
    return load(data), metadata(data)


def metadata(data: bytes) -> dict[str, str]:
    """The metadata alone. The file begins with the length of its header, eight bytes, and the header, in JSON."""
    length = int.from_bytes(data[:8], "little")
    header: dict[str, dict[str, str]] = json.loads(data[8 : 8 + length])
    return header.get("__metadata__", {})
