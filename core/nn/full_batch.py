"""A training by L-BFGS: the loss of all rows and its derivative, computed piece by piece, and where they lead."""

from typing import Any

import numpy as np
import numpy.typing as npt

from core.nn import engine, spec
from core.nn.lbfgs import Minimization, Wish
from core.nn.program import Program
from core.nn.records import CONVERGED, IN_LOSS, Examples, Memory, Tables


class FullBatchDescent:
    """What L-BFGS does in an epoch, in the memory that the loop has anyway.

    theta is where the line search looks, `kept` where the last iteration ended.
    """

    def __init__(self, optimizer: spec.LBFGS, program: Program, memory: Memory, rows: Examples, piece_size: int) -> None:
        self._network, self._memory, self._rows, self._piece_size = Tables.of(program), memory, rows, piece_size
        self._width, self._theta = program.width, memory.theta[: program.parameters]
        self._minimization = Minimization(optimizer, self._theta)
        self._done, self._loss = 0, 0.0  # rows of the evaluation under way, and their share of the loss

    @property
    def vectors(self) -> dict[str, npt.NDArray[Any]]:
        """All that need be kept beside theta; an evaluation under way begins anew."""
        return self._minimization.vectors

    def piece(self, state: Any) -> bool:
        """Evaluates the next rows, unless an iteration has ended: then True, and its figures stand in the state.

        Where no iteration can follow, says so in the state; the very first says it only when its epoch has ended.
        """
        if self._minimization.wish is not Wish.EVALUATION:
            return True
        self._evaluate_piece()
        if self._done:
            return False
        minimization = self._minimization
        if not (np.isfinite(self._loss) and np.isfinite(minimization.gradient).all()):
            state.diverged = IN_LOSS
            return False
        minimization.answer(self._loss)
        wish: Wish = minimization.wish
        if wish is Wish.EVALUATION or (wish is Wish.NOTHING and state.epoch > 0):
            self._look(state)
            return False
        self._end_iteration(state)
        return True

    def go_on(self, state: Any) -> None:
        """To the next iteration, when the epoch of one has ended."""
        if self._minimization.wish == Wish.NEXT:
            self._minimization.advance()
        self._look(state)

    def _look(self, state: Any) -> None:
        """Where the line search wants it, rounded to the network's precision."""
        with np.errstate(over="ignore"):  # the loss will tell
            self._theta[:] = self._minimization.x
        if self._minimization.wish == Wish.NOTHING and not state.stopped:
            state.stopped = CONVERGED

    def _end_iteration(self, state: Any) -> None:
        minimization, kept = self._minimization, self._memory.kept
        kept[:] = self._memory.theta
        kept[: self._theta.size] = minimization.x
        state.loss = minimization.loss * self._rows.total
        state.gradient_norm = np.linalg.norm(minimization.gradient)
        state.base_rate = minimization.step_length
        state.updates += 1
        state.step = 1

    def _evaluate_piece(self) -> None:
        """Adds the share of the next rows to the loss and the gradient at theta: the mean over all rows, with the penalties."""
        memory, rows, first, N = self._memory, self._rows, self._done, len(self._rows.x)
        B = min(self._piece_size, N - first)
        piece = slice(first, first + B)
        loss = engine.loss_and_gradient(
            self._network,
            memory.theta,
            memory.grad,
            memory.values[: self._width * B],
            memory.derivatives[: self._width * B],
            memory.workspace,
            rows.x[piece],
            rows.t[piece],
            rows.w[piece] if rows.w.size else memory.weights[:B],
        )
        gradient, grad, share = self._minimization.gradient, memory.grad, B / N
        if first == 0:
            gradient[:], self._loss = 0, 0.0
        grad *= grad.dtype.type(share)
        gradient += grad
        self._loss += share * loss
        self._done = (first + B) % N
