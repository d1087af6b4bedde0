"""What the compiled loop reads and writes: its plan, its state, what it tells of an epoch, and the memory that it runs in."""

from typing import Any, NamedTuple, Self

import numpy as np
import numpy.typing as npt

from core.nn import spec
from core.nn.memory import aligned, aligned_rows, records
from core.nn.program import Program
from core.nn.sizes import Sizes

Matrix = npt.NDArray[np.floating]

EARLY, CONVERGED = 1, 2  # why a training stopped
IN_LOSS, IN_WEIGHTS, IN_EVALUATION = 1, 2, 3  # where the first number that is not finite was seen

PLAN = np.dtype(
    [
        ("seed", np.int64),
        ("shuffle", np.int64),
        ("epochs", np.int64),
        ("batch_size", np.int64),
        ("piece_size", np.int64),
        ("training_steps", np.int64),
        ("evaluation_size", np.int64),  # rows per step of evaluation
        ("evaluation_steps", np.int64),
        ("ranking_steps", np.int64),
        ("validates", np.int64),  # the rows of the evaluation are not trained on
        ("patience", np.int64),  # 0: no early stopping
        ("min_delta", np.float64),
        ("clip_norm", np.float64),  # 0: the gradient's norm has no bound
        ("clip_value", np.float64),  # 0: its elements have none
        ("averaging", np.float64),  # the decay; 0: weights are not averaged
    ]
)
STATE = np.dtype(
    [
        ("epoch", np.int64),  # epochs completed
        ("step", np.int64),  # steps taken of the epoch that is under way
        ("updates", np.int64),  # steps of gradient descent taken in all
        ("earlier_updates", np.int64),  # those of another training, from whose optimizer's state this one started
        ("base_rate", np.float64),  # the learning rate from which the schedule reckons
        ("momentum_product", np.float64),  # of all of NAdam's momenta so far
        ("loss", np.float64),  # sums over the rows of the epoch that is under way
        ("evaluation_loss", np.float64),
        ("gradient_norm", np.float64),
        ("best_score", np.float64),  # the lowest so far of what decides which epoch is best
        ("best_epoch", np.int64),
        ("reference_score", np.float64),  # below which early stopping wants to see it
        ("reference_epoch", np.int64),
        ("plateau_loss", np.float64),  # the loss that reduce_on_plateau wants to see fall
        ("plateau_epochs", np.int64),  # for how long it has not
        ("stopped", np.int64),  # before the last epoch: why
        ("diverged", np.int64),  # 0, or where that was seen
    ]
)
BATCH = np.dtype(
    [
        ("ordered", np.int64),  # the epoch whose order of the rows is at hand
        ("piece", np.int64),  # pieces done of the batch that is under way
        ("loss", np.float64),  # the sum over their rows
    ]
)
HISTORY = np.dtype(
    [
        ("loss", np.float64),
        ("evaluation_loss", np.float64),
        ("gradient_norm", np.float64),
        ("learning_rate", np.float64),
    ]
)


class Examples(NamedTuple):
    """x (N, n) inputs, t (N, m) targets, w (N,) the rows' weights, or none where all weigh the same.

    `scale` (m,) is what a difference of 1 is in each target's own unit, `total` the sum of the weights.
    """

    x: Any
    t: Any
    w: Any
    scale: Any
    total: float

    @classmethod
    def of(cls, x: Matrix, t: Matrix, weights: Matrix | None, scale: npt.NDArray[np.float64]) -> Self:
        """Where there are no rows, the sum of their weights is 1 all the same, since it divides."""
        w = x[:0, 0].copy() if weights is None else weights
        return cls(x, t, w, scale, float(w.sum(dtype=np.float64)) if w.size else float(max(len(x), 1)))


class Tables(NamedTuple):
    """The tables of a program that training reads."""

    trained: Any
    evaluated: Any
    loss: Any
    restraints: Any

    @classmethod
    def of(cls, program: Program) -> Self:
        return cls(program.trained, program.evaluated, program.loss, program.restraints)


class Memory(NamedTuple):
    """All that the loop writes to. `values` and `derivatives` are arenas for as many rows as `targets` has."""

    theta: Any  # (P + R,) parameters, and running statistics behind them
    grad: Any  # (P,) the derivative of the batch's loss by theta
    piece_grad: Any  # (P,) that of one piece; the same memory as grad where a batch is one piece
    slots: Any  # (S, P or a little more) what the optimizer keeps
    kept: Any  # (P + R,) what is measured and delivered: theta itself, unless it is averaged
    best: Any  # (P + R,) the best of them so far
    values: Any
    derivatives: Any
    workspace: Any
    targets: Any
    weights: Any  # of the batch's rows; all 1 where the examples have none
    order: Any  # (N,) the order of the rows in this epoch


def plan_record(training: spec.TrainingSpec, sizes: Sizes, validates: bool) -> Any:
    """The plan of a training. `validates`: there are rows that are not trained on."""
    stopping, clipping = training.early_stopping, training.gradient_clipping
    plan = records(1, PLAN)
    for name, value in {
        "seed": training.seed,
        "shuffle": training.shuffle and sizes.steps_per_epoch > 1,
        "epochs": training.epochs,
        "batch_size": sizes.batch_size,
        "piece_size": sizes.piece_size,
        "training_steps": sizes.steps_per_epoch,
        "evaluation_size": sizes.evaluation_size,
        "evaluation_steps": sizes.evaluation_steps,
        "ranking_steps": sizes.ranked_outputs,
        "validates": validates,
        "patience": stopping.patience if stopping else 0,
        "min_delta": stopping.min_delta if stopping else 0.0,
        "clip_norm": (clipping and clipping.norm) or 0.0,
        "clip_value": (clipping and clipping.value) or 0.0,
        "averaging": training.averaging.decay if training.averaging else 0.0,
    }.items():
        plan[name] = value
    return plan


def allocated(sizes: Sizes, targets: int) -> Memory:
    """The memory of a training with so many targets in a row of t."""
    program, dtype = sizes.program, sizes.program.dtype
    P, size, arena = program.parameters, program.size, program.width * sizes.capacity
    theta, grad = aligned(size, dtype), aligned(P, dtype)
    return Memory(
        theta=theta,
        grad=grad,
        piece_grad=aligned(P, dtype) if sizes.batch_size > sizes.piece_size else grad,
        slots=aligned_rows(sizes.slots, P, dtype),
        kept=aligned(size, dtype) if sizes.keeps_others else theta,
        best=aligned(size, dtype),
        values=aligned(arena, dtype),
        derivatives=aligned(arena, dtype),
        workspace=aligned(program.workspace, dtype),
        targets=np.empty((sizes.capacity, targets), dtype),
        weights=np.ones(sizes.capacity, dtype),
        order=np.arange(sizes.training_rows),
    )
