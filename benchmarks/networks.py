"""The networks that every peer trains, and their data."""

from collections.abc import Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import numpy as np

STEPS_PER_EPOCH = 64
LEARNING_RATE = 0.001


@dataclass(frozen=True)
class Dense:
    units: int


@dataclass(frozen=True)
class Convolution:
    """`filters` of `size` × `size`, neither padding nor strides."""

    filters: int
    size: int


@dataclass(frozen=True)
class MaxPool:
    """Of squares that do not overlap; a last row or column that fills none is left out."""

    size: int


@dataclass(frozen=True)
class Flatten:
    pass


Layer = Dense | Convolution | MaxPool | Flatten
Shape = tuple[int, ...]


@dataclass(frozen=True)
class Network:
    """`inputs` is (n,) or (channels, height, width). One output means two classes, more are as many classes.

    `activation` follows every dense and convolutional layer but the last.
    """

    name: str
    inputs: Shape
    layers: tuple[Layer, ...]
    batch_size: int
    activation: str = "relu"

    @property
    def outputs(self) -> int:
        last = self.layers[-1]
        assert isinstance(last, Dense)
        return last.units

    @property
    def is_binary(self) -> bool:
        return self.outputs == 1

    @property
    def is_dense(self) -> bool:
        return all(isinstance(layer, Dense) for layer in self.layers)

    @property
    def units(self) -> Shape:
        """Of the dense layers."""
        return tuple(layer.units for layer in self.layers if isinstance(layer, Dense))

    def data(self) -> tuple[Any, Any]:
        """x (N, *inputs) and class numbers (N,) for one epoch of STEPS_PER_EPOCH full batches."""
        rng = np.random.default_rng(0)
        rows = STEPS_PER_EPOCH * self.batch_size
        return rng.standard_normal((rows, *self.inputs), np.float32), rng.integers(0, max(self.outputs, 2), rows)

    def lowered(self) -> Iterator[tuple[Layer, Shape, Shape, bool]]:
        """Each layer, the shape of what enters and of what leaves it, and whether the activation follows."""
        shape = self.inputs
        for place, layer in enumerate(self.layers):
            match layer:
                case Dense(units):
                    after: Shape = (units,)
                case Convolution(filters, size):
                    after = (filters, shape[1] - size + 1, shape[2] - size + 1)
                case MaxPool(size):
                    after = (shape[0], shape[1] // size, shape[2] // size)
                case Flatten():
                    after = (prod(shape),)
            yield layer, shape, after, isinstance(layer, Dense | Convolution) and place + 1 < len(self.layers)
            shape = after


def dense(sizes: Shape, batch_size: int, activation: str = "relu") -> Network:
    """`sizes`: inputs, hidden units, outputs."""
    name = f"{'-'.join(map(str, sizes))}{' tanh' if activation == 'tanh' else ''}, {batch_size}"
    return Network(name, sizes[:1], tuple(Dense(units) for units in sizes[1:]), batch_size, activation)


CONVOLUTIONAL = Network(
    "convolutional 28×28, 64",
    (1, 28, 28),
    (Convolution(8, 3), MaxPool(2), Convolution(16, 3), MaxPool(2), Flatten(), Dense(10)),
    64,
)
NETWORKS = {
    "xor": dense((2, 2, 1), 16),
    "iris": dense((4, 8, 3), 16),
    "moons": dense((20, 64, 64, 2), 32),
    "higgs": dense((28, 300, 300, 300, 300, 300, 1), 100, "tanh"),
    "mnist": dense((784, 128, 10), 64),
    "mnist-wide": dense((784, 512, 256, 10), 128),
    "large": dense((1024, 2048, 2048, 10), 256),
    "convolutional": CONVOLUTIONAL,
}
