"""A network as a program: a table of operations and the plan of its memory.

    spec ──lower──▶ Program ──▶ engine

All parameters lie in ONE flat vector `theta`, layer after layer, each layer's weights W (n, m) before its biases b (m,). The
values that run through the network lie in one arena: the inputs first, then each layer's outputs; an arena of the same plan
holds their derivatives. Offsets into `theta` count elements, offsets into an arena count elements per row of the batch.
"""

from dataclasses import dataclass
from itertools import count

import numpy as np
import numpy.typing as npt

from core.nn import spec

# The first numbers are the operations of the layers, the names are the specs' tags.
DENSE, SIGMOID, TANH, RELU, LEAKY_RELU, SOFTMAX = range(6)
MEAN_SQUARED_ERROR, MEAN_ABSOLUTE_ERROR, BINARY_CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY = range(4)

ACTIVATIONS = {"sigmoid": SIGMOID, "tanh": TANH, "relu": RELU, "leaky_relu": LEAKY_RELU, "softmax": SOFTMAX}
LOSSES = {
    "mean_squared_error": MEAN_SQUARED_ERROR,
    "mean_absolute_error": MEAN_ABSOLUTE_ERROR,
    "binary_cross_entropy": BINARY_CROSS_ENTROPY,
    "softmax_cross_entropy": SOFTMAX_CROSS_ENTROPY,
}
# These losses take the last weighted sums as they are and apply the activation themselves, where that is exact.
FUSED = {"binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}

OPERATION = np.dtype(
    [
        ("code", np.int64),
        ("x", np.int64),  # where the inputs lie in the arena
        ("y", np.int64),  # where the outputs lie; an activation works in place: x = y
        ("n", np.int64),  # inputs per row
        ("m", np.int64),  # outputs per row
        ("W", np.int64),  # where the weights lie in theta
        ("b", np.int64),  # where the biases lie
        ("biases", np.int64),  # how many: m or 0
        ("slope", np.float64),
    ]
)


@dataclass(frozen=True)
class DenseParameters:
    """Where one dense layer's parameters lie in theta: `W` n · m elements, `b` m elements or none."""

    layer: spec.Dense
    inputs: int
    W: slice
    b: slice


@dataclass(frozen=True)
class Program:
    """What the engine runs. `operations` end with the last activation, `trained` leaves it to the loss that includes it."""

    inputs: int
    outputs: int
    dtype: np.dtype[np.floating]
    operations: npt.NDArray[np.void]
    trained: npt.NDArray[np.void]
    loss: int
    parameters: int
    width: int  # of the arena, in elements per row
    layers: tuple[DenseParameters, ...]


def lower(network: spec.NetworkSpec, loss: spec.AnyLoss, inputs: int) -> Program:
    """The program of a network over rows of `inputs` numbers."""
    rows: list[tuple[int | float, ...]] = []
    layers: list[DenseParameters] = []
    theta, x, n, y = 0, 0, inputs, inputs
    for layer in network.layers:
        m, biases = layer.units, layer.units if layer.bias else 0
        W, b = slice(theta, theta + n * m), slice(theta + n * m, theta + n * m + biases)
        layers.append(DenseParameters(layer, n, W, b))
        rows.append((DENSE, x, y, n, m, W.start, b.start, biases, 0.0))
        if layer.activation.type != "identity":
            slope = layer.activation.negative_slope if isinstance(layer.activation, spec.LeakyReLU) else 0.0
            rows.append((ACTIVATIONS[layer.activation.type], y, y, m, m, 0, 0, 0, slope))
        theta, x, n, y = b.stop, y, m, y + m
    operations = np.array(rows, OPERATION).view(np.recarray)
    fused = network.layers[-1].activation.type == FUSED.get(loss.type)
    return Program(
        inputs=inputs,
        outputs=n,
        dtype=np.dtype(network.dtype),
        operations=operations,
        trained=operations[:-1] if fused else operations,
        loss=LOSSES[loss.type],
        parameters=theta,
        width=y,
        layers=tuple(layers),
    )


def module_numbers(program: Program) -> list[int]:
    """The place of each dense layer in the `torch.nn.Sequential` of the same network, where an activation is a module too."""
    numbers = count()
    places = []
    for layer in program.layers:
        places.append(next(numbers))
        if layer.layer.activation.type != "identity":
            next(numbers)
    return places
