"""The arrays that jobs train on, on this machine's disk, so that all workers that train on the same share one copy in memory.

They are mapped, not read: pages come into memory when they are touched, once for all processes, and the system takes them back
when it needs the room. Small ones are not worth a file.
"""

import hashlib
import json
import logging
import mmap
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

import core.nn
from core.data import disk
from core.nn.saving.tensors import Blocks, Header, TensorFile
from worker.cache import Cache
from worker.interruption import Check, never

SMALL_BYTES = 1 << 24  # made in the time that writing a file takes

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Arrays:
    """Named arrays, and a few words about them."""

    arrays: Mapping[str, NDArray[Any]]
    words: Mapping[str, str]


@dataclass(frozen=True)
class Draft:
    """Arrays as they can be made, by some rows at a time."""

    arrays: Mapping[str, NDArray[Any] | Blocks]
    words: Mapping[str, str]

    @property
    def size_bytes(self) -> int:
        return sum(array.nbytes for array in self.arrays.values())

    def in_memory(self) -> Arrays:
        made = {name: array.array() if isinstance(array, Blocks) else array for name, array in self.arrays.items()}
        return Arrays(made, self.words)


class Shelf:
    """Keeps what was drafted under a key, for every worker of this machine."""

    def __init__(self, cache: Cache) -> None:
        self._cache = cache

    def arrays(self, key: str, draft: Callable[[], Draft], check: Check = never) -> Arrays:
        """What stands under the key; else what `draft` makes, mapped from a new file where there is room for one.

        The arrays can be written to, since compiled code takes no others, but nobody else will see it.
        """
        place = self._cache.place(f"{key}.arrays")
        if (found := _found(place)) is not None:
            return found
        with self._cache.turn(place, check):
            return _found(place) or self._made(place, draft())

    def _made(self, place: Path, draft: Draft) -> Arrays:
        try:
            if not self._cache.has_room(draft.size_bytes):
                log.warning("no room on the disk for %d bytes of training data, they stay in memory", draft.size_bytes)
                return draft.in_memory()
            with self._cache.part() as part:
                with part.open("wb") as file:
                    for piece in TensorFile(draft.arrays, draft.words):
                        file.write(piece)
                made = _mapped(part)
                self._cache.settle(part, place)
                return made
        except OSError as error:
            if not disk.is_full(error):
                raise
            log.warning("the disk is full, %d bytes of training data stay in memory", draft.size_bytes)
        return draft.in_memory()


def key(*parts: object) -> str:
    """A name for what follows from these parts, values that JSON can tell, and from the code and the NumPy that make arrays."""
    text = json.dumps([_maker(), *parts], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


@cache
def _maker() -> str:
    digest = hashlib.sha256(np.__version__.encode())
    for source in (*sorted(Path(core.nn.__path__[0]).rglob("*.py")), *sorted(Path(__file__).parent.glob("*.py"))):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def _found(place: Path) -> Arrays | None:
    try:
        found = _mapped(place)
        os.utime(place)
    except FileNotFoundError:
        return None
    except ValueError as error:
        log.warning("making %s again: %s", place.name, error)
        return None
    return found


def _mapped(path: Path) -> Arrays:
    """ValueError where the file is damaged."""
    with path.open("rb") as file:
        header = Header(file.read)
        tensors = {name: header.tensor(name) for name in header.names}
        size, end = os.fstat(file.fileno()).st_size, max(tensor.stop for tensor in tensors.values())
        if size != end:
            raise ValueError(f"it has {size} bytes instead of {end}")
        bytes_ = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
    arrays: dict[str, NDArray[Any]] = {}
    for name, tensor in tensors.items():
        count = (tensor.stop - tensor.start) // tensor.dtype.itemsize
        arrays[name] = np.frombuffer(bytes_, tensor.dtype, count, tensor.start if count else 0).reshape(tensor.shape)
    return Arrays(arrays, header.metadata)
