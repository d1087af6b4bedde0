"""Random initial weights: each layer's a pure function of (seed, place of the layer)."""

import math
from itertools import groupby

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
    """Overwrites theta with the initial parameters and statistics."""
    for place, (_, parameters) in enumerate(groupby(program.tensors, key=lambda parameter: parameter.module)):
        rng = generator(seed, INITIAL_VALUES, place)
        for parameter in parameters:
            size = math.prod(parameter.shape)
            theta[parameter.place] = draw(parameter.initializer, parameter.fan_in, parameter.fan_out, size, rng)
    for statistic in program.statistics:
        theta[statistic.place] = statistic.value
