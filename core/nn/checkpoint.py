"""All that a training needs to go on, bit for bit as if it had not stopped: some counters and some flat vectors."""

from dataclasses import dataclass
from typing import Any

import numpy.typing as npt

from core.nn.tensors import pack, unpack


@dataclass(frozen=True)
class Checkpoint:
    """`state` names the loop's counters and sums; `vectors` are theta, the optimizer's slots and the best weights so far."""

    state: dict[str, int | float]
    vectors: dict[str, npt.NDArray[Any]]

    @property
    def epoch(self) -> int:
        """Epochs completed."""
        return int(self.state["epoch"])

    @property
    def step(self) -> int:
        """Steps taken of the epoch that was under way."""
        return int(self.state["step"])

    def to_bytes(self) -> bytes:
        """A safetensors file whose metadata holds the state, floats in hexadecimal digits, which lose nothing."""
        state = {name: value.hex() if isinstance(value, float) else str(value) for name, value in self.state.items()}
        return pack(self.vectors, state)

    @classmethod
    def from_bytes(cls, data: bytes) -> "Checkpoint":
        """The inverse of `to_bytes`."""
        vectors, state = unpack(data)
        return cls({name: _number(text) for name, text in state.items()}, vectors)


def _number(text: str) -> int | float:
    return int(text) if text.lstrip("-").isdecimal() else float.fromhex(text)
