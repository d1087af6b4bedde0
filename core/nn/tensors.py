"""Named arrays and a few words about them as the bytes of a safetensors file, and back."""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt
from safetensors.numpy import load, save

Arrays = dict[str, npt.NDArray[Any]]


def pack(arrays: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, str]) -> bytes:
    """The file's bytes. Arrays may lie in memory as they like: safetensors itself writes wrong values for a transposed one."""
    return save({name: np.ascontiguousarray(array) for name, array in arrays.items()}, dict(metadata))


def unpack(data: bytes) -> tuple[Arrays, dict[str, str]]:
    """The inverse of `pack`."""
    return load(data), metadata(data)


def metadata(data: bytes) -> dict[str, str]:
    """The metadata alone. The file begins with the length of its header, eight bytes, and the header, in JSON."""
    length = int.from_bytes(data[:8], "little")
    header: dict[str, dict[str, str]] = json.loads(data[8 : 8 + length])
    return header.get("__metadata__", {})
