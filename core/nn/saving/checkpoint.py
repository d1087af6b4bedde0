"""All that a training needs to go on, bit for bit as if it had not stopped: some counters and some flat vectors."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from core.errors import UnfitCheckpoint
from core.nn.saving.tensors import Piece, TensorFile, unpack, unpack_into

State = dict[str, int | float]


@dataclass(frozen=True)
class Checkpoint:
    """`state` names the loop's counters and sums; `vectors` are theta, the optimizer's slots and the best weights so far."""

    state: State
    vectors: dict[str, npt.NDArray[Any]]

    @property
    def epoch(self) -> int:
        """Epochs completed."""
        return int(self.state["epoch"])

    @property
    def step(self) -> int:
        """Steps taken of the epoch that was under way."""
        return int(self.state["step"])

    def file(self) -> TensorFile:
        """A safetensors file whose metadata holds the state, floats in hexadecimal digits, which lose nothing."""
        state = {name: value.hex() if isinstance(value, float) else str(value) for name, value in self.state.items()}
        return TensorFile(self.vectors, state)

    def to_bytes(self) -> bytes:
        return b"".join(self.file())

    @classmethod
    def from_bytes(cls, data: bytes) -> "Checkpoint":
        """The inverse of `to_bytes`."""
        vectors, state = unpack(data)
        return cls(_numbers(state), vectors)

    def copy_into(self, vectors: Mapping[str, npt.NDArray[Any]], counters: Collection[str]) -> State:
        """Overwrites the vectors, and returns the state. UnfitCheckpoint where it has other vectors or counters."""
        has, wanted = _kinds(self.vectors), _kinds(vectors)
        if has != wanted:
            raise UnfitCheckpoint(f"the checkpoint holds {has}, not {wanted}")
        for name, vector in vectors.items():
            vector[...] = self.vectors[name]
        return _counted(self.state, counters)


@dataclass(frozen=True)
class SavedCheckpoint:
    """One that is read only once somebody has the memory for its vectors: `pieces` are those of `Checkpoint.file`."""

    pieces: Iterable[Piece]

    def copy_into(self, vectors: Mapping[str, npt.NDArray[Any]], counters: Collection[str]) -> State:
        """The same; what it raises may leave the vectors half written."""
        try:
            return _counted(_numbers(unpack_into(self.pieces, vectors)), counters)
        except ValueError as error:
            raise UnfitCheckpoint(f"the checkpoint does not fit: {error}") from error


def _kinds(vectors: Mapping[str, npt.NDArray[Any]]) -> dict[str, str]:
    return {name: f"{vector.dtype} {vector.shape}" for name, vector in sorted(vectors.items())}


def _counted(state: State, counters: Collection[str]) -> State:
    if state.keys() != set(counters):
        raise UnfitCheckpoint(f"the checkpoint counts {sorted(state)}, not {sorted(counters)}")
    return state


def _numbers(state: Mapping[str, str]) -> State:
    return {name: _number(text) for name, text in state.items()}


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdecimal() else float.fromhex(text)
