"""A network with its weights: the forward pass, and the gradient for whoever wants to look at it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from core.errors import InvalidData
from core.nn import engine
from core.nn.memory import aligned
from core.nn.preparation.indices import are_indices
from core.nn.preparation.names import exact
from core.nn.program import LOOKUP, Program
from core.nn.records import Tables
from core.nn.saving.weights import fill

Matrix = npt.NDArray[np.floating]
CAPACITY = 256  # rows that run through the layers at once
CHECKED_CELLS = 1 << 18  # inputs that are looked at at once


class Network:
    """A program and its theta, parameters and running statistics."""

    def __init__(self, program: Program, theta: Matrix) -> None:
        self.program = program
        self.theta = theta

    @classmethod
    def from_weights(cls, program: Program, named: Mapping[str, npt.NDArray[Any]]) -> "Network":
        """The network of these weights, under the names of `core.nn.saving.weights`."""
        theta = aligned(program.size, program.dtype)
        fill(program, named, theta)
        return cls(program, theta)

    def outputs(self, x: Matrix) -> Matrix:
        """y (N, m) for the rows of x (N, n), the last layer's activation included.

        Only reads theta: several threads may ask at once.
        """
        program, theta = self.program, self.theta
        check_indices(program, x)
        if program.statistics:  # normalising by them writes the inverse deviations behind them
            theta = aligned(program.size, program.dtype)
            theta[:] = self.theta
        y = np.empty((len(x), program.outputs), program.dtype)
        capacity = max(1, min(CAPACITY, len(x)))
        values, workspace = aligned(program.width * capacity, program.dtype), aligned(program.workspace, program.dtype)
        engine.predict(program.operations, theta, values, workspace, capacity, x, y)
        return y

    def loss_and_gradient(self, x: Matrix, t: Matrix, w: Matrix | None = None) -> tuple[float, Matrix]:
        """The mean loss over the rows of x (N, n) and t, each times its weight in w (N,), with the penalties.

        And its derivative by the parameters (P,). As in a step of training the running statistics in theta move on.
        """
        program, arena = self.program, self.program.width * len(x)
        sizes = (program.parameters, arena, arena, program.workspace)
        grad, values, derivatives, workspace = (aligned(size, program.dtype) for size in sizes)
        w = np.ones(len(x), program.dtype) if w is None else w
        tables = Tables.of(program)
        loss = engine.loss_and_gradient(tables, self.theta, grad, values, derivatives, workspace, x, t, w)
        return loss, grad


def vocabularies(program: Program) -> dict[int, int]:
    """Of an embedding that the network begins with, how many rows the table has that each input numbers: by its place."""
    operations: Any = program.operations
    lookups = operations[operations.code == LOOKUP]
    return {int(lookup.first) + place: int(lookup.vocabulary) for lookup in lookups for place in range(int(lookup["count"]))}


def check_indices(program: Program, x: Matrix) -> None:
    """InvalidData where one of the inputs x (N, n) is no row of its table in an embedding that the network begins with.

    Nothing else may reach the kernel, which does not look.
    """
    operations: Any = program.operations
    for lookup in operations[operations.code == LOOKUP]:
        first, count, vocabulary = int(lookup.first), int(lookup["count"]), int(lookup.vocabulary)
        rows = max(1, CHECKED_CELLS // count)
        for start in range(0, len(x), rows):
            indices = x[start : start + rows, first : first + count]
            strange = ~are_indices(indices, vocabulary)
            if strange.any():
                row, place = np.argwhere(strange)[0]
                raise InvalidData(
                    f"input {first + place} of row {start + row} is {exact(indices[row, place])}; the embedding takes whole "
                    f"numbers from 0 to {vocabulary - 1}"
                )
