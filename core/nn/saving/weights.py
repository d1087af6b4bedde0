"""Trained weights under the names and shapes that `torch.nn.Sequential.load_state_dict` expects.

`0.weight (out, in)` and `0.bias (out,)` are the first dense layer's. In a `Sequential` an activation is a module of its own, so
a layer after one with an activation is number 2.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import InvalidData
from core.nn.program import Program
from core.nn.saving.tensors import Arrays, TensorFile, unpack

COUNTER = ".num_batches_tracked"  # of batch normalisation; nothing depends on it, and not every library has it
_MOST_SHOWN = 8  # sizes of one shape

Vector = npt.NDArray[np.floating]
Shapes = Mapping[str, Sequence[int]]


def named_weights(program: Program, theta: Vector) -> Arrays:
    """Copies of the parameters and running statistics in theta, by name."""
    return {name: array.copy() for name, array in weight_views(program, theta).items()}


def weight_views(program: Program, theta: Vector) -> Arrays:
    """The parameters and running statistics in theta, in place, by name."""
    return {tensor.name: tensor.view(theta) for tensor in (*program.tensors, *program.statistics)}


def mismatch(program: Program, shapes: Shapes) -> str | None:
    """The first tensor, in the order of the network, that is missing or of another shape; then those too many; else None."""
    wanted = {tensor.name: tuple(tensor.shape) for tensor in (*program.tensors, *program.statistics)}
    for name, shape in wanted.items():
        if name not in shapes and name.endswith(COUNTER):
            continue
        if name not in shapes:
            has = ", ".join(sorted(shapes)[:10]) + (", …" if len(shapes) > 10 else "")
            return f'they have no tensor "{name}", which has the shape {list(shape)} in this network; theirs are {has}'
        if tuple(shapes[name]) != shape:
            return f'their tensor "{name}" has the shape {shown_shape(shapes[name])}; in this network it has {list(shape)}'
    extra = next((name for name in shapes if name not in wanted and not name.endswith(COUNTER)), None)
    return None if extra is None else f'they have a tensor "{extra}", which this network has not'


def shown_shape(shape: Sequence[int]) -> str:
    """As a list; of one that somebody made long, its beginning."""
    return str(list(shape)) if len(shape) <= _MOST_SHOWN else f"[{', '.join(map(str, shape[:_MOST_SHOWN]))}, …]"


def fill(program: Program, named: Mapping[str, npt.NDArray[Any]], theta: Vector) -> None:
    """Overwrites theta with tensors of any type that `mismatch` has nothing against: the inverse of `named_weights`.

    InvalidData where one holds a value that is no finite number in theta's type.
    """
    for name, view in weight_views(program, theta).items():
        if name not in named and name.endswith(COUNTER):
            continue
        with np.errstate(over="ignore"):
            view[...] = named[name]
        if not np.isfinite(view).all():
            raise InvalidData(f'tensor "{name}" holds a value that is no finite number in {theta.dtype}')


def weights_file(weights: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, Any]) -> TensorFile:
    """A safetensors file; each of the metadata's values is stored as JSON."""
    return TensorFile(weights, {name: json.dumps(value) for name, value in metadata.items()})


def to_safetensors(weights: Mapping[str, npt.NDArray[Any]], metadata: Mapping[str, Any]) -> bytes:
    """The bytes of `weights_file`."""
    return b"".join(weights_file(weights, metadata))


def from_safetensors(data: bytes) -> tuple[Arrays, dict[str, Any]]:
    """The inverse of `to_safetensors`."""
    weights, metadata = unpack(data)
    return weights, {name: json.loads(text) for name, text in metadata.items()}
