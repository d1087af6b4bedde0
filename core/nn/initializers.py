"""Random initial weights: each layer's a pure function of (seed, place of the layer)."""

import math

import numpy as np
import numpy.typing as npt

from core.nn import spec
from core.nn.program import Program
from core.nn.streams import INITIAL_VALUES, generator

Array = npt.NDArray[np.floating]


def draw(initializer: spec.AnyInitializer, n: int, m: int, size: int, rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """`size` values for a layer of n inputs and m outputs, in double precision whatever the network's."""
    match initializer:
        case spec.Zeros():
            return np.zeros(size)
        case spec.Uniform(limit=limit):
            return rng.uniform(-limit, limit, size)
        case spec.Normal(deviation=deviation):
            return rng.normal(0.0, deviation, size)
        case spec.GlorotUniform():
            limit = math.sqrt(6 / (n + m))
            return rng.uniform(-limit, limit, size)
        case spec.GlorotNormal():
            return rng.normal(0.0, math.sqrt(2 / (n + m)), size)
        case spec.HeUniform():
            limit = math.sqrt(6 / n)
            return rng.uniform(-limit, limit, size)
        case spec.HeNormal():
            return rng.normal(0.0, math.sqrt(2 / n), size)


def initialize(program: Program, seed: int, theta: Array) -> None:
    """Overwrites theta (P,) with the initial weights and biases."""
    for place, layer in enumerate(program.layers):
        n, m, rng = layer.inputs, layer.layer.units, generator(seed, INITIAL_VALUES, place)
        theta[layer.W] = draw(layer.layer.weight_initializer, n, m, n * m, rng)
        theta[layer.b] = draw(layer.layer.bias_initializer, n, m, layer.b.stop - layer.b.start, rng)
