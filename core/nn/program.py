"""A network as a program: a table of operations and the plan of its memory.

    spec ──lower──▶ Program ──▶ engine

All parameters lie in ONE flat vector `theta`, layer after layer, each layer's weights W before its biases b; behind them lie
the running statistics that a layer gathers but does not learn. The values that run through the network lie in one arena: the
inputs first, then each layer's outputs; an arena of the same plan holds their derivatives. Offsets into `theta` count elements,
offsets into an arena count elements per row of the batch.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from core.nn.geometry import Geometry
from core.nn.spec import AnyInitializer

# What an operation does; the names are those of the kernels in `core.nn.kernels`.
DENSE, CONVOLUTION, MAX_POOLING, AVERAGE_POOLING, LOOKUP, PASS_THROUGH, BRANCH, JOIN, PRELU = range(9)
DROPOUT, BATCH_NORMALISATION, RUNNING_NORMALISATION, LAYER_NORMALISATION = range(50, 54)
FIRST_ACTIVATION, FIRST_OF_Z = 100, 150
SIGMOID, TANH, RELU, LEAKY_RELU, SOFTMAX, ELU, SELU, SOFTPLUS, SOFTSIGN, HARD_TANH = range(100, 110)
SILU, GELU, GELU_TANH = range(150, 153)
MEAN_SQUARED_ERROR, MEAN_ABSOLUTE_ERROR, HUBER, LOG_COSH, BINARY_CROSS_ENTROPY, SOFTMAX_CROSS_ENTROPY, POISSON = range(7)

ACTIVATIONS = {
    "sigmoid": SIGMOID,
    "tanh": TANH,
    "relu": RELU,
    "leaky_relu": LEAKY_RELU,
    "softmax": SOFTMAX,
    "elu": ELU,
    "selu": SELU,
    "softplus": SOFTPLUS,
    "softsign": SOFTSIGN,
    "hard_tanh": HARD_TANH,
}
# Their derivatives are taken of what comes in, so what comes out has a place of its own.
ACTIVATIONS_OF_Z = {"silu": SILU}
LOSSES = {
    "mean_squared_error": MEAN_SQUARED_ERROR,
    "mean_absolute_error": MEAN_ABSOLUTE_ERROR,
    "huber": HUBER,
    "log_cosh": LOG_COSH,
    "binary_cross_entropy": BINARY_CROSS_ENTROPY,
    "softmax_cross_entropy": SOFTMAX_CROSS_ENTROPY,
    "poisson": POISSON,
}
# These losses take the last weighted sums as they are and apply the activation themselves, where that is exact.
FUSED = {"binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}

OPERATION = np.dtype(
    [
        ("code", np.int64),
        ("x", np.int64),  # where the inputs lie in the arena
        ("y", np.int64),  # where the outputs lie; most activations work in place: x = y
        ("n", np.int64),  # inputs per row
        ("m", np.int64),  # outputs per row
        ("W", np.int64),  # where the weights lie in theta
        ("b", np.int64),  # where the biases lie
        ("biases", np.int64),  # how many, or 0
        ("skip", np.int64),  # where the values lie that go past a residual block
        ("constant", np.float64),  # of the formula: a slope, a rate, an epsilon
        ("second", np.float64),  # its second constant
        ("momentum", np.float64),  # of running statistics
        ("statistics", np.int64),  # where they lie: a batch's in theta, a row's in the arena
        ("number", np.int64),  # of a dropout: which one
        ("first", np.int64),  # of an embedding: its first column among the inputs
        ("count", np.int64),  # and how many
        ("place", np.int64),  # and where among the outputs
        ("vocabulary", np.int64),  # and its table's rows
        ("dimension", np.int64),  # and columns
        *((name, np.int64) for name in Geometry._fields),
    ]
)
# The weights of one layer that a penalty or a bound concerns: element k of unit u lies at start + u · unit + k · input.
RESTRAINT = np.dtype(
    [
        ("start", np.int64),
        ("units", np.int64),
        ("inputs", np.int64),
        ("unit", np.int64),
        ("input", np.int64),
        ("l1", np.float64),
        ("l2", np.float64),
        ("max_norm", np.float64),  # 0: none
    ]
)
LOSS = np.dtype([("code", np.int64), ("constant", np.float64)])


@dataclass(frozen=True)
class Tensor:
    """A part of theta under the name and shape that PyTorch gives it.

    `is_transposed`: a dense layer's weights, (m, n) there, lie in theta as W (n, m).
    """

    name: str
    place: slice
    shape: tuple[int, ...]
    is_transposed: bool

    @property
    def module(self) -> str:
        """The layer that the tensor belongs to."""
        return self.name.rpartition(".")[0]

    def view(self, theta: npt.NDArray[np.floating]) -> npt.NDArray[np.floating]:
        """The tensor in theta, not a copy."""
        part = theta[self.place]
        return part.reshape(self.shape[::-1]).T if self.is_transposed else part.reshape(self.shape)


@dataclass(frozen=True)
class Parameter(Tensor):
    """What a layer learns, and how its values begin: `fan_in` inputs reach a unit, `fan_out` units an input."""

    initializer: AnyInitializer
    fan_in: int = 1
    fan_out: int = 1


@dataclass(frozen=True)
class Statistic(Tensor):
    """What a layer gathers while it is trained, from a first `value` on."""

    value: float


@dataclass(frozen=True)
class LayerShape:
    """One of the network's layers as it was lowered."""

    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    parameters: int


@dataclass(frozen=True)
class Program:
    """What the engine runs: `operations` to predict, `evaluated` to measure the loss, `trained` to learn.

    The last two leave the last activation to a loss that includes it.
    """

    inputs: int
    outputs: int
    dtype: np.dtype[np.floating]
    operations: npt.NDArray[np.void]
    evaluated: npt.NDArray[np.void]
    trained: npt.NDArray[np.void]
    loss: npt.NDArray[np.void]
    restraints: npt.NDArray[np.void]
    tensors: tuple[Parameter, ...]
    statistics: tuple[Statistic, ...]
    layers: tuple[LayerShape, ...]
    size: int  # of theta: the parameters and what is gathered behind them
    width: int  # of the arena, in elements per row
    workspace: int  # elements that one operation needs beside its values, whatever the batch
    products: int  # multiplications of weights and inputs per row
    first_products: int  # of them those that read the network's own inputs, to which nothing is passed back
    needs_whole_batches: bool  # a layer looks at all rows of a batch at once

    @property
    def parameters(self) -> int:
        """P: how many numbers are learned."""
        return sum(layer.parameters for layer in self.layers)
