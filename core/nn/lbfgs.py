"""L-BFGS (Liu and Nocedal 1989; Byrd, Lu, Nocedal and Zhu 1995) with the line search of Moré and Thuente 1994, from SciPy.

SciPy's routine does not call the loss: it returns whenever it wants to know it somewhere, and keeps all that it remembers in
arrays that its caller owns. So a minimization can stop between any two evaluations, be stored, and go on bit for bit.
`scipy.optimize.minimize` itself runs this routine, which SciPy does not promise to keep; its version is pinned, and a test says
what is relied on.
"""

from enum import Enum
from typing import Any

import numpy as np
import numpy.typing as npt
from scipy.optimize import _lbfgsb

from core.nn import spec

Vector = npt.NDArray[np.float64]
routine: Any = _lbfgsb.setulb

NEW_X, FG = 1, 3  # the routine's tasks that end neither well nor badly
STEP_LENGTH = 13  # where `dsave` holds it


class Wish(Enum):
    """What a minimization waits for."""

    EVALUATION = "the loss and the gradient at x"
    NEXT = "to be told to go on: an iteration has ended at x"
    NOTHING = "it has converged, or its line search finds no lower loss"


class Minimization:
    """One minimization over n parameters, in double precision. `vectors` are all of its state and may be overwritten."""

    def __init__(self, optimizer: spec.LBFGS, start: npt.NDArray[np.floating]) -> None:
        n, m = start.size, optimizer.memory
        self._optimizer = optimizer
        self._bounds, self._unbounded = np.zeros(n), np.zeros(n, np.int32)
        self.x: Vector = start.astype(np.float64)  # where the loss is wanted, or where the last iteration ended
        self.gradient: Vector = np.zeros(n)  # where it was last evaluated: after an iteration, at x
        self._loss = np.zeros(1)
        self._work, self._places = np.zeros(2 * m * n + 5 * n + 11 * m * m + 8 * m), np.zeros(3 * n, np.int32)
        self._task, self._line_task = np.zeros(2, np.int32), np.zeros(2, np.int32)
        self._flags, self._integers, self._floats = np.zeros(4, np.int32), np.zeros(44, np.int32), np.zeros(29)
        self.advance()

    @property
    def vectors(self) -> dict[str, npt.NDArray[np.float64] | npt.NDArray[np.int32]]:
        return {
            "lbfgs.x": self.x,
            "lbfgs.gradient": self.gradient,
            "lbfgs.loss": self._loss,
            "lbfgs.work": self._work,
            "lbfgs.places": self._places,
            "lbfgs.task": self._task,
            "lbfgs.line_task": self._line_task,
            "lbfgs.flags": self._flags,
            "lbfgs.integers": self._integers,
            "lbfgs.floats": self._floats,
        }

    @property
    def loss(self) -> float:
        """Where it was last evaluated: after an iteration, at x."""
        return float(self._loss[0])

    @property
    def step_length(self) -> float:
        """Of the last iteration, as a share of the quasi-Newton step."""
        return float(self._floats[STEP_LENGTH])

    @property
    def wish(self) -> Wish:
        return {FG: Wish.EVALUATION, NEW_X: Wish.NEXT}.get(int(self._task[0]), Wish.NOTHING)

    def answer(self, loss: float) -> None:
        """Gives the loss at x, which was wished for, when `gradient` has been overwritten with its derivative; goes on."""
        self._loss[0] = loss
        self.advance()

    def advance(self) -> None:
        """Goes on to the next wish."""
        optimizer = self._optimizer
        routine(
            optimizer.memory,
            self.x,
            self._bounds,
            self._bounds,
            self._unbounded,
            self._loss.reshape(()),
            self.gradient,
            optimizer.loss_tolerance / np.finfo(float).eps,
            optimizer.gradient_tolerance,
            self._work,
            self._places,
            self._task,
            self._flags,
            self._integers,
            self._floats,
            optimizer.line_search_evaluations,
            self._line_task,
        )
