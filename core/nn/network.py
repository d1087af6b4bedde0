"""A network with its weights: the forward pass, and the gradient for whoever wants to look at it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.nn import engine
from core.nn.memory import aligned
from core.nn.program import Program
from core.nn.weights import flat_weights

Matrix = npt.NDArray[np.floating]
CAPACITY = 256  # rows that run through the layers at once


class Network:
    """A program and its parameters theta (P,)."""

    def __init__(self, program: Program, theta: Matrix) -> None:
        self.program = program
        self.theta = theta

    @classmethod
    def from_weights(cls, program: Program, named: Mapping[str, npt.NDArray[Any]]) -> "Network":
        """The network of these weights, under the names of `core.nn.weights`."""
        theta = aligned(program.parameters, program.dtype)
        flat_weights(program, named, theta)
        return cls(program, theta)

    def outputs(self, x: Matrix) -> Matrix:
        """y (N, m) for the rows of x (N, n), the last layer's activation included."""
        y = np.empty((len(x), self.program.outputs), self.program.dtype)
        values = aligned(self.program.width * CAPACITY, self.program.dtype)
        engine.predict(self.program.operations, self.theta, values, CAPACITY, x, y)
        return y

    def loss_and_gradient(self, x: Matrix, t: Matrix) -> tuple[float, Matrix]:
        """The mean loss over the rows of x (N, n) and t, and its derivative by theta (P,)."""
        arena = self.program.width * len(x)
        grad, values, derivatives = (aligned(size, self.program.dtype) for size in (self.program.parameters, arena, arena))
        loss = engine.loss_and_gradient(self.program.trained, self.program.loss, self.theta, grad, values, derivatives, x, t)
        return loss, grad
