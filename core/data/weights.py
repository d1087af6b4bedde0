"""A client's safetensors file of weights: judged here, byte by byte, before anything is made of it."""

from itertools import pairwise
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import InvalidData
from core.nn.preparation.names import quoted
from core.nn.saving.tensors import CODES, DTYPES, Header, Tensor
from core.nn.saving.weights import COUNTER, shown_shape

MOST_TENSORS = 10_000
MOST_HEADER_BYTES = 10 * 2**20
MOST_NAME_CHARACTERS = 200
MOST_DIMENSIONS = 8  # no layer's tensors have more than four
FLOATS = {code: dtype for code, dtype in DTYPES.items() if dtype.kind == "f"}

Tensors = dict[str, dict[str, Any]]


def read_weights(path: Path) -> Tensors:
    """{name: {"dtype", "shape"}} of the file's tensors, which hold finite floats, or counts; InvalidData for anything else."""
    size = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if size < 8 or not 2 <= length <= min(size - 8, MOST_HEADER_BYTES):
            raise InvalidData(
                f"the file is no safetensors file: its first 8 bytes give the length of its header as {length}, of {size} bytes"
            )
        file.seek(0)
        try:
            header = Header(file.read)
        except (ValueError, RecursionError) as error:
            raise InvalidData(f"the file is no safetensors file: its header cannot be read: {str(error)[:200]}") from None
    names = list(header.names)
    if not 1 <= len(names) <= MOST_TENSORS:
        raise InvalidData(f"the file holds {len(names)} tensors; there must be 1 to {MOST_TENSORS}")
    tensors = {name: _tensor(header, name, size) for name in names}
    _check_places(list(tensors.values()), 8 + length, size)
    mapped = np.memmap(path, np.uint8, "r")
    for name, tensor in tensors.items():
        _check_finite(name, tensor, mapped)
    return {name: {"dtype": CODES[tensor.dtype], "shape": list(tensor.shape)} for name, tensor in tensors.items()}


def _tensor(header: Header, name: str, size: int) -> Tensor:
    if not name.isprintable() or not 1 <= len(name) <= MOST_NAME_CHARACTERS:
        raise InvalidData(
            f"a tensor's name has {len(name)} characters; it must have 1 to {MOST_NAME_CHARACTERS} printable ones"
        )
    entry = header.entry(name)
    dtype = entry.get("dtype") if isinstance(entry, dict) else None
    allowed = DTYPES if name.endswith(COUNTER) else FLOATS  # batches are counted in whole numbers
    if not isinstance(dtype, str) or dtype not in allowed:
        shown = quoted(dtype) if isinstance(dtype, str) and dtype.isprintable() else "no such text"
        raise InvalidData(f"tensor {quoted(name)}: its dtype is {shown}; it must be one of {', '.join(allowed)}")
    for field in ("shape", "data_offsets"):
        numbers = entry.get(field)
        if not isinstance(numbers, list) or not all(type(number) is int and 0 <= number <= size for number in numbers):
            raise InvalidData(f"tensor {quoted(name)}: its {field} is no list of whole numbers within the file")
    dimensions = len(entry["shape"])
    if dimensions > MOST_DIMENSIONS:
        raise InvalidData(f"tensor {quoted(name)}: it has {dimensions:,} dimensions; at most {MOST_DIMENSIONS} are taken")
    try:
        tensor = header.tensor(name)
    except ValueError:
        shape = " × ".join(map(str, entry["shape"])) or "one number"
        has = f"data_offsets {shown_shape(entry['data_offsets'])}"
        needs = prod(entry["shape"]) * DTYPES[dtype].itemsize
        raise InvalidData(f"tensor {quoted(name)}: {dtype} {shape} needs {needs} bytes, its {has} give others") from None
    if tensor.stop > size:
        raise InvalidData(f"the file has {size} bytes; tensor {quoted(name)} ends at byte {tensor.stop}")
    return tensor


def _check_places(tensors: list[Tensor], start: int, size: int) -> None:
    ordered = sorted(tensors, key=lambda tensor: (tensor.start, tensor.stop))
    if any(one.stop > other.start for one, other in pairwise(ordered)):
        raise InvalidData("two tensors of the file overlap")
    if ordered[0].start < start or size < ordered[-1].stop:
        raise InvalidData("a tensor lies outside of the file")


def _check_finite(name: str, tensor: Tensor, mapped: Any) -> None:
    step = 2**20
    for start in range(tensor.start, tensor.stop, step):
        part = np.frombuffer(mapped[start : min(start + step, tensor.stop)].tobytes(), tensor.dtype)
        strange = np.flatnonzero(~np.isfinite(part))
        if len(strange):
            place = (start - tensor.start) // tensor.dtype.itemsize + int(strange[0])
            at = ", ".join(map(str, np.unravel_index(place, tensor.shape)))
            raise InvalidData(f"tensor {quoted(name)} holds {part[strange[0]]} at [{at}]; weights must be finite")
