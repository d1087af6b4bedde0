"""Trained weights under the names and shapes that `torch.nn.Sequential.load_state_dict` expects.

`0.weight (out, in)` and `0.bias (out,)` are the first dense layer's. In a `Sequential` an activation is a module of its own, so
a layer after one with an activation is number 2.
"""

import json
from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.nn.program import Program, module_numbers
from core.nn.tensors import Arrays, TensorFile, unpack

Vector = npt.NDArray[np.floating]


def named_weights(program: Program, theta: Vector) -> Arrays:
    """Copies of the parameters in theta (P,), by name."""
    return {name: array.copy() for name, array in weight_views(program, theta).items()}


def weight_views(program: Program, theta: Vector) -> Arrays:
    """The parameters in theta (P,), in place, by name."""
    named: Arrays = {}
    for number, layer in zip(module_numbers(program), program.layers, strict=True):
        named[f"{number}.weight"] = theta[layer.W].reshape(layer.inputs, layer.layer.units).T
        if layer.layer.bias:
            named[f"{number}.bias"] = theta[layer.b]
    return named


def flat_weights(program: Program, named: Mapping[str, npt.NDArray[Any]], theta: Vector) -> None:
    """Overwrites theta (P,) with the parameters of these names: the inverse of `named_weights`."""
    for number, layer in zip(module_numbers(program), program.layers, strict=True):
        theta[layer.W] = named[f"{number}.weight"].T.ravel()
        if layer.layer.bias:
            theta[layer.b] = named[f"{number}.bias"]


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
