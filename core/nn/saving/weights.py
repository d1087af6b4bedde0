"""Trained weights under the names and shapes that `torch.nn.Sequential.load_state_dict` expects.

`0.weight (out, in)` and `0.bias (out,)` are the first dense layer's. In a `Sequential` an activation is a module of its own, so
a layer after one with an activation is number 2.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.nn.program import Program
from core.nn.saving.tensors import Arrays, TensorFile, unpack

Vector = npt.NDArray[np.floating]


def named_weights(program: Program, theta: Vector) -> Arrays:
    """Copies of the parameters and running statistics in theta, by name."""
    return {name: array.copy() for name, array in weight_views(program, theta).items()}


def weight_views(program: Program, theta: Vector) -> Arrays:
    """The parameters and running statistics in theta, in place, by name."""
    return {tensor.name: tensor.view(theta) for tensor in (*program.tensors, *program.statistics)}


def flat_weights(program: Program, named: Mapping[str, npt.NDArray[Any]], theta: Vector) -> None:
    """Overwrites theta with the tensors of these names: the inverse of `named_weights`."""
    for name, view in weight_views(program, theta).items():
        view[...] = named[name]


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
