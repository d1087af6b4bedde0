"""Random initial weights: each layer's a pure function of (seed, place of the layer)."""

import math
from itertools import groupby

import numpy as np
import numpy.typing as npt

from core.nn import spec
from core.nn.program import Program
from core.nn.streams import INITIAL_VALUES, generator

Array = npt.NDArray[np.floating]


def draw(
    initializer: spec.AnyInitializer, n: int, m: int, shape: tuple[int, ...], rng: np.random.Generator
) -> npt.NDArray[np.float64]:
    """Values of this shape for a layer of n inputs and m outputs, in double precision whatever the network's."""
    match initializer:
        case spec.Zeros():
            return np.zeros(shape)
        case spec.Constants(value=value):
            return np.full(shape, value)
        case spec.Uniform(limit=limit):
            return rng.uniform(-limit, limit, shape)
        case spec.Normal(deviation=deviation):
            return rng.normal(0.0, deviation, shape)
        case spec.TruncatedNormal(deviation=deviation):
            return deviation * within_two(shape, rng)
        case spec.GlorotUniform():
            limit = math.sqrt(6 / (n + m))
            return rng.uniform(-limit, limit, shape)
        case spec.GlorotNormal():
            return rng.normal(0.0, math.sqrt(2 / (n + m)), shape)
        case spec.HeUniform():
            limit = math.sqrt(6 / n)
            return rng.uniform(-limit, limit, shape)
        case spec.HeNormal():
            return rng.normal(0.0, math.sqrt(2 / n), shape)
        case spec.LeCunUniform():
            limit = math.sqrt(3 / n)
            return rng.uniform(-limit, limit, shape)
        case spec.LeCunNormal():
            return rng.normal(0.0, math.sqrt(1 / n), shape)
        case spec.Orthogonal(gain=gain):
            return gain * orthogonal(shape, rng)


def within_two(shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """N(0, 1) of numbers within ±2: those beyond are drawn again."""
    values = rng.standard_normal(shape)
    while (beyond := np.abs(values) > 2).any():
        values[beyond] = rng.standard_normal(np.count_nonzero(beyond))
    return values


def orthogonal(shape: tuple[int, ...], rng: np.random.Generator) -> npt.NDArray[np.float64]:
    """Q of normal numbers' decomposition Q R with R's diagonal made positive, so every Q is equally likely (Mezzadri 2007).

    The first axis are the rows, all others the columns; a vector is a column.
    """
    rows, columns = shape[0], math.prod(shape[1:])
    Q, R = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
    Q *= np.where(np.diagonal(R) < 0, -1.0, 1.0)
    return (Q if rows >= columns else Q.T).reshape(shape)


def work_of_orthogonal(shape: tuple[int, ...]) -> int:
    """How long `orthogonal` takes, in tenths of a nanosecond as it was measured: r c² for r ≥ c, and more where c is small."""
    rows, columns = shape[0], math.prod(shape[1:])
    return rows * columns * (min(rows, columns) + 1000)


def initialize(program: Program, seed: int, theta: Array) -> None:
    """Overwrites theta with the initial parameters and statistics."""
    for place, (_, parameters) in enumerate(groupby(program.tensors, key=lambda parameter: parameter.module)):
        rng = generator(seed, INITIAL_VALUES, place)
        for parameter in parameters:
            shape = parameter.shape[::-1] if parameter.is_transposed else parameter.shape  # as it lies in theta
            theta[parameter.place] = draw(parameter.initializer, parameter.fan_in, parameter.fan_out, shape, rng).ravel()
    for statistic in program.statistics:
        theta[statistic.place] = statistic.value
