"""A training as a generator of epochs; what to record and when to stop is the caller's.

for result in Training(network, training, data).epochs():
    ...
"""

from bisect import bisect
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from core.errors import Diverged, InvalidData
from core.nn import engine, metrics, spec
from core.nn.initializers import initialize
from core.nn.lower import lower
from core.nn.memory import records
from core.nn.network import check_indices
from core.nn.optimizers import optimizer_record
from core.nn.pace import pieces_per_call
from core.nn.planning.snapshots import kept_epochs
from core.nn.preparation.statistics import moments
from core.nn.records import (
    BATCH,
    CONVERGED,
    EARLY,
    HISTORY,
    IN_EVALUATION,
    IN_LOSS,
    IN_WEIGHTS,
    STATE,
    Examples,
    Tables,
    allocated,
    plan_record,
)
from core.nn.saving.checkpoint import Checkpoint, SavedCheckpoint
from core.nn.saving.weights import fill, named_weights
from core.nn.schedules import schedule_record
from core.nn.sizes import Sizes

if TYPE_CHECKING:
    from core.nn.full_batch import FullBatchDescent

Matrix = npt.NDArray[np.floating]

HISTORY_ROWS = 4096


@dataclass(frozen=True)
class Data:
    """x (N, n) inputs and t (N, m) targets to train on, and the same for validation, possibly of no rows.

    For `softmax_cross_entropy` t is (N, 1) and holds the numbers of the classes. `target_scale` (m,) is what a difference of 1
    is in each target's own unit, in which metrics are given; by default 1. `weights` (N,) say how much each row counts, 1 on
    average; by default all the same. `categories` are the inputs that hold codes, and how many codes there are of each.
    """

    x: Matrix
    t: Matrix
    validation_x: Matrix
    validation_t: Matrix
    target_scale: npt.NDArray[np.float64] | None = None
    weights: Matrix | None = None
    validation_weights: Matrix | None = None
    categories: Mapping[int, int] = field(default_factory=dict)

    def examples(self) -> tuple[Examples, Examples]:
        """The rows to train on and those to validate on, as the compiled loop reads them."""
        scale = np.ones(self.t.shape[1]) if self.target_scale is None else self.target_scale
        validation_weights = self.validation_weights
        if validation_weights is None and self.weights is not None:  # the loop has no others: rows that weigh the same
            validation_weights = np.ones(len(self.validation_x), self.weights.dtype)
        return (
            Examples.of(self.x, self.t, self.weights, scale),
            Examples.of(self.validation_x, self.validation_t, validation_weights, scale),
        )


@dataclass(frozen=True, slots=True)
class EpochResult:
    """`loss` is the mean over the epoch's batches as they were trained on; `gradient_norm` that of its last step."""

    epoch: int
    loss: float
    validation_loss: float | None
    metrics: dict[str, float]
    learning_rate: float
    gradient_norm: float


class Training:
    """One network in training. All memory that it needs is taken here; `epochs` allocates nothing that grows."""

    def __init__(
        self,
        network: spec.NetworkSpec,
        training: spec.TrainingSpec,
        data: Data,
        checkpoint: Checkpoint | SavedCheckpoint | None = None,
        start: Mapping[str, npt.NDArray[Any]] | None = None,
        optimizer_state: SavedCheckpoint | None = None,
    ) -> None:
        """Goes on at the checkpoint; else it begins with `start`, weights named as in `core.nn.saving.weights`, or random ones.

        `optimizer_state` is that of another training of the same network by the same optimizer. UnfitCheckpoint where that, or
        the checkpoint, is of another one.
        """
        self.spec = training
        self._kept_epochs = kept_epochs(training)
        self.program = lower(network, training.loss, data.x.shape[1], data.categories)
        check_indices(self.program, data.x)
        check_indices(self.program, data.validation_x)
        self._validates = len(data.validation_x) > 0
        self._examples, self._evaluation = data.examples()
        if not self._validates and training.metrics:
            self._evaluation = self._examples

        targets = data.t.shape[1]
        self._sizes = Sizes.of(self.program, training, len(data.x), len(data.validation_x), targets)
        self._plan = plan_record(training, self._sizes, self._validates)
        self._tables = Tables.of(self.program)
        self._optimizer = optimizer_record(training.optimizer)
        self._schedule = schedule_record(training.schedule)
        self._memory = allocated(self._sizes, targets)
        self._state, self._batch, self._history = records(1, STATE), records(1, BATCH), records(HISTORY_ROWS, HISTORY)
        self._measures = metrics.allocated(
            training, self.program.outputs, self._sizes.evaluated_rows, self.program.dtype, self._spread(), HISTORY_ROWS
        )

        if checkpoint is None:
            self._begin(start, optimizer_state)
        self._descent = self._full_batch_descent(training.optimizer) if isinstance(training.optimizer, spec.LBFGS) else None
        if checkpoint is not None:
            self._restore(checkpoint)

    @property
    def theta(self) -> Matrix:
        """(P + R,) the parameters and the running statistics behind them, as they are."""
        theta: Matrix = self._memory.theta
        return theta

    @property
    def epoch(self) -> int:
        """Epochs completed."""
        return int(self._state["epoch"][0])

    @property
    def progress(self) -> float:
        """Epochs completed, and the share of the one under way by its rows, of which one to train on counts as three."""
        step, sizes = int(self._state["step"][0]), self._sizes
        trained = min(step * sizes.batch_size, sizes.training_rows)
        evaluated = min(max(step - sizes.steps_per_epoch, 0) * sizes.evaluation_size, sizes.evaluated_rows)
        return self.epoch + (3 * trained + evaluated) / (3 * sizes.training_rows + sizes.evaluated_rows)

    @property
    def best_epoch(self) -> int:
        """The epoch of the lowest validation loss, or of the best value of the metric that early stopping monitors; without
        validation, the last. 0: before the first has ended."""
        return int(self._state["best_epoch"][0])

    @property
    def is_to_keep(self) -> bool:
        """The weights as they are, the last `delivered`, are those of an epoch whose snapshot is asked for.

        No call of the loop goes beyond such an epoch: it is so when the last result of a call has been yielded.
        """
        return self.epoch in self._kept_epochs and not self._state["step"][0] and not self._batch["piece"][0]

    @property
    def finished(self) -> bool:
        """All epochs are done, or the training has stopped before."""
        return self.epoch == self.spec.epochs or bool(self._state["stopped"][0])

    @property
    def stopped_early(self) -> bool:
        return bool(self._state["stopped"][0] == EARLY)

    @property
    def converged(self) -> bool:
        """L-BFGS finds no lower loss."""
        return bool(self._state["stopped"][0] == CONVERGED)

    @property
    def confusion_matrix(self) -> npt.NDArray[np.int64] | None:
        """(classes, classes) how many of the evaluated rows of each true class the best network takes for each class; where
        `confusion_matrix` is among the metrics and an epoch has ended."""
        if not self._measures.confusion.size or not self.best_epoch:
            return None
        return np.asarray(self._measures.best_confusion, np.int64)

    def epochs(self, interrupted: Callable[[], bool] = lambda: False) -> Iterator[EpochResult]:
        """Trains and yields each epoch's result. `interrupted` is asked several times a second, inside an epoch too.

        Fast epochs are trained many at a time and yielded after: `checkpoint` is behind no result, but may be ahead of one that
        has not been taken yet, which is so exactly while `result.epoch < self.epoch`. Raises Diverged.
        """
        while not self.finished and not interrupted():
            first = self.epoch + 1
            ended = self._work()
            for place in range(ended):
                yield self._result(first + place, self._history[place], self._measures.values[place])
            if self._state["diverged"][0]:
                epoch, what = self.epoch + 1, self._divergent
                raise Diverged(f"{what} became NaN or infinite in epoch {epoch} of {self.spec.epochs}", epoch)

    def checkpoint(self) -> Checkpoint:
        """All that `Training` needs to go on from here, in the middle of an epoch too.

        What of an evaluation is under way begins anew. Its vectors are this training's own, no copies: store them before it
        goes on.
        """
        state = {name: self._state[name][0].item() for name in STATE.names or ()}
        if state["step"] > self._sizes.steps_per_epoch:
            state |= {"step": self._sizes.steps_per_epoch, "evaluation_loss": 0.0}
        return Checkpoint(state, self._vectors)

    def optimizer_state(self) -> Checkpoint | None:
        """What another training may start from beside the weights; None where the optimizer keeps nothing of this kind."""
        if not self._memory.slots.size or self._descent is not None:
            return None
        updates = int(self._state["earlier_updates"][0] + self._state["updates"][0])
        state = {"updates": updates, "momentum_product": float(self._state["momentum_product"][0])}
        return Checkpoint(state, self._slots)

    def delivered(self, which: str = "last") -> Matrix:
        """(P + R,) the "last" or the "best" theta, averaged where that is asked for; no copy."""
        theta: Matrix = self._memory.best if which == "best" else self._memory.kept
        return theta

    def weights(self, which: str = "last") -> dict[str, npt.NDArray[Any]]:
        """The same, by the names of `core.nn.saving.weights`."""
        return named_weights(self.program, self.delivered(which))

    def _work(self) -> int:
        """Trains for about a tenth of a second; returns how many epochs ended, whose lines stand in the history."""
        history = self._history
        if self._kept_epochs:
            history = history[: self._epochs_to_keep]
        if self._descent is not None:
            if not self._descent.piece(self._state[0]):
                return 0
            history = history[:1]  # the loop measures, and ends the epoch
        ended: int = engine.run(
            self._plan,
            self._state,
            self._batch,
            self._tables,
            self._optimizer,
            self._schedule,
            self._memory,
            self._examples,
            self._evaluation,
            self._measures,
            history,
            self._pieces_per_call,
        )
        if self._descent is not None and ended:
            self._descent.go_on(self._state[0])
        return ended

    @property
    def _epochs_to_keep(self) -> int:
        """How many epochs there are up to the next that is to be kept."""
        place = bisect(self._kept_epochs, self.epoch)
        return HISTORY_ROWS if place == len(self._kept_epochs) else self._kept_epochs[place] - self.epoch

    @property
    def _divergent(self) -> str:
        """What is no longer finite."""
        evaluated = "the validation loss" if self._validates else "the loss of the trained network"
        names = {IN_LOSS: "the loss", IN_WEIGHTS: "a weight or its gradient", IN_EVALUATION: evaluated}
        return names[int(self._state["diverged"][0])]

    @property
    def _pieces_per_call(self) -> int:
        return pieces_per_call(self._sizes, int(self._state["step"][0]), int(self._batch["piece"][0]))

    @property
    def _slots(self) -> dict[str, npt.NDArray[Any]]:
        """(P,) each, without what lies between them in memory."""
        return {f"slot.{place}": slot[: self.program.parameters] for place, slot in enumerate(self._memory.slots)}

    @property
    def _vectors(self) -> dict[str, npt.NDArray[Any]]:
        vectors = {"theta": self.theta, "best": self._memory.best, **self._slots}
        if self._memory.kept is not self.theta:
            vectors["kept"] = self._memory.kept
        if self._measures.confusion.size:
            vectors["confusion"] = self._measures.best_confusion
        return vectors if self._descent is None else vectors | self._descent.vectors

    def _full_batch_descent(self, optimizer: spec.LBFGS) -> "FullBatchDescent":
        from core.nn.full_batch import FullBatchDescent  # late: SciPy's optimizers take long to load

        return FullBatchDescent(optimizer, self.program, self._memory, self._examples, self._sizes.piece_size)

    def _begin(self, start: Mapping[str, npt.NDArray[Any]] | None, optimizer_state: SavedCheckpoint | None) -> None:
        """Everything as it is before the first step."""
        if start is None:
            initialize(self.program, self.spec.seed, self.theta)
        else:
            self._fill(start)
        self._memory.kept[:] = self._memory.best[:] = self.theta
        for name in ("best_score", "reference_score", "plateau_loss"):
            self._state[name] = np.inf
        self._state["momentum_product"] = 1.0
        if not isinstance(self.spec.optimizer, spec.LBFGS):
            self._state["base_rate"] = self.spec.optimizer.learning_rate
        if self._optimizer.initial_accumulator[0]:
            self._memory.slots[:] = self._optimizer.initial_accumulator[0]
        if optimizer_state is not None:
            state = optimizer_state.copy_into(self._slots, ("updates", "momentum_product"))
            self._state["earlier_updates"] = state["updates"]
            self._state["momentum_product"] = state["momentum_product"]

    def _fill(self, start: Mapping[str, npt.NDArray[Any]]) -> None:
        try:
            fill(self.program, start, self.theta)
        except InvalidData as error:
            further = '; float64 reaches further: set "dtype": "float64" in network' if self.theta.itemsize < 8 else ""
            raise InvalidData(f"the weights to start from: {error.message}{further}") from error

    def _restore(self, checkpoint: Checkpoint | SavedCheckpoint) -> None:
        for name, value in checkpoint.copy_into(self._vectors, STATE.names or ()).items():
            self._state[name] = value

    def _result(self, epoch: int, row: Any, values: npt.NDArray[np.float64]) -> EpochResult:
        validation_loss = float(row["evaluation_loss"]) if self._validates else None
        found = {metric.key: float(value) for metric, value in zip(metrics.measured(self.spec), values, strict=True)}
        return EpochResult(
            epoch, float(row["loss"]), validation_loss, found, float(row["learning_rate"]), float(row["gradient_norm"])
        )

    def _spread(self) -> npt.NDArray[np.float64]:
        """(m,) the variance of each target among the evaluated rows, in its own unit; where nobody asks for R², none."""
        if not any(metric.type == "r2" for metric in self.spec.metrics):
            return np.zeros(0)
        deviations = [moments(target.astype(np.float64))[1] for target in self._evaluation.t.T]
        variances: npt.NDArray[np.float64] = np.square(np.array(deviations) * self._evaluation.scale)
        return variances
