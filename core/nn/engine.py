"""The compiled loop: gather a minibatch, forward, loss, backward, update, and again, without returning to Python.

An epoch is `training_steps` steps of gradient descent, each on one minibatch, then `evaluation_steps` steps that only measure
the loss on rows that are not trained on. `run` takes a number of steps and stops wherever that leaves it, in the middle of an
epoch too; all it needs to go on stands in `State` and the flat vectors.
"""

from typing import Any

import numpy as np

from core.nn.kernels import layers, metrics, optimizers
from core.nn.kernels.borrow import borrowed
from core.nn.kernels.compile import entry, kernel
from core.nn.kernels.shuffle import shuffle
from core.nn.memory import records
from core.nn.spec import AnyOptimizer, GradientDescent

SGD, ADAM = range(2)

OPTIMIZER = np.dtype(
    [
        ("code", np.int64),
        ("learning_rate", np.float64),
        ("momentum", np.float64),
        ("nesterov", np.int64),
        ("beta1", np.float64),
        ("beta2", np.float64),
        ("epsilon", np.float64),
    ]
)
PLAN = np.dtype(
    [
        ("seed", np.int64),
        ("shuffle", np.int64),
        ("epochs", np.int64),
        ("batch_size", np.int64),
        ("training_steps", np.int64),
        ("evaluation_size", np.int64),  # rows per step of evaluation
        ("evaluation_steps", np.int64),
        ("validates", np.int64),  # the rows of the evaluation are not trained on
        ("patience", np.int64),  # 0: no early stopping
        ("min_delta", np.float64),
    ]
)
STATE = np.dtype(
    [
        ("epoch", np.int64),  # epochs completed
        ("step", np.int64),  # steps taken of the epoch that is under way
        ("updates", np.int64),  # steps of gradient descent taken in all
        ("loss", np.float64),  # sums over the rows of the epoch that is under way
        ("evaluation_loss", np.float64),
        ("correct", np.float64),
        ("squared_error", np.float64),
        ("absolute_error", np.float64),
        ("gradient_norm", np.float64),
        ("best_loss", np.float64),
        ("best_epoch", np.int64),
        ("reference_loss", np.float64),  # the loss that early stopping wants to see fall
        ("reference_epoch", np.int64),
        ("stopped", np.int64),  # by early stopping
        ("diverged", np.int64),
    ]
)
HISTORY = np.dtype(
    [
        ("loss", np.float64),
        ("evaluation_loss", np.float64),
        ("correct", np.float64),
        ("squared_error", np.float64),
        ("absolute_error", np.float64),
        ("gradient_norm", np.float64),
        ("learning_rate", np.float64),
    ]
)


@kernel
def gather(rows: Any, order: Any, first: int, into: Any) -> None:
    """Overwrites `into` (B, n) with the rows that stand at `first` … of the order."""
    for i in range(into.shape[0]):
        row = order[first + i]
        for j in range(into.shape[1]):
            into[i, j] = rows[row, j]


@kernel
def gradient(
    operations: Any, loss: int, outputs: int, theta: Any, grad: Any, values: Any, derivatives: Any, capacity: int, t: Any
) -> Any:
    """Forward, loss and backward for the rows at the arena's start: the sum of their losses; overwrites grad."""
    B = t.shape[0]
    offset = values.size // capacity - outputs
    layers.forward(operations, theta, values, capacity, B)
    y, dy = layers.rows(values, offset, capacity, B, outputs), layers.rows(derivatives, offset, capacity, B, outputs)
    total = layers.loss(loss, y, t, dy)
    layers.backward(operations, theta, grad, values, derivatives, capacity, B)
    return total


@kernel
def update(optimizer: Any, step: int, theta: Any, grad: Any, slots: Any) -> None:
    """One step of the optimizer; overwrites theta and the slots."""
    if optimizer.code == ADAM:
        rate, beta1, beta2 = optimizer.learning_rate, optimizer.beta1, optimizer.beta2
        optimizers.adam(theta, grad, slots[0], slots[1], step, rate, beta1, beta2, optimizer.epsilon)
    elif slots.shape[0]:
        mu, nesterov = optimizer.momentum, optimizer.nesterov != 0
        optimizers.momentum(theta, grad, slots[0], optimizer.learning_rate, mu, nesterov)
    else:
        optimizers.gradient_descent(theta, grad, optimizer.learning_rate)


@kernel
def begin_epoch(plan: Any, state: Any, order: Any) -> None:
    """Overwrites `order` with the epoch's order of the rows."""
    if plan.shuffle:
        shuffle(order, plan.seed, state.epoch + 1)


@kernel
def end_epoch(
    plan: Any, state: Any, rows: int, evaluated: int, learning_rate: float, theta: Any, best: Any, result: Any
) -> None:
    """Writes the epoch's line of the history, keeps the best weights, decides whether to stop, and clears the sums.

    The best are those of the lowest validation loss; without validation, the last that are finite.
    """
    state.epoch += 1
    state.step = 0
    result.loss = state.loss / rows
    result.evaluation_loss = state.evaluation_loss / max(evaluated, 1)
    result.correct = state.correct / max(evaluated, 1)
    result.squared_error = state.squared_error / max(evaluated, 1)
    result.absolute_error = state.absolute_error / max(evaluated, 1)
    result.gradient_norm = state.gradient_norm
    result.learning_rate = learning_rate
    if result.evaluation_loss < state.best_loss if plan.validates else metrics.is_finite(theta):
        state.best_loss, state.best_epoch = result.evaluation_loss, state.epoch
        best[:] = theta
    if plan.validates:
        if result.evaluation_loss < state.reference_loss - plan.min_delta:
            state.reference_loss, state.reference_epoch = result.evaluation_loss, state.epoch
        elif plan.patience and state.epoch - state.reference_epoch >= plan.patience:
            state.stopped = 1
    state.loss = state.evaluation_loss = state.correct = state.squared_error = state.absolute_error = 0.0


@entry
def run(
    plans: Any,
    states: Any,
    operations: Any,
    loss: int,
    optimizers: Any,
    theta: Any,
    grad: Any,
    slots: Any,
    best: Any,
    values: Any,
    derivatives: Any,
    targets: Any,
    capacity: int,
    x: Any,
    t: Any,
    evaluation_x: Any,
    evaluation_t: Any,
    order: Any,
    history: Any,
    steps: int,
) -> int:
    """Takes up to `steps` steps; returns how many epochs ended, whose lines stand in `history`.

    Stops earlier when the history is full, the last epoch is done, early stopping says so or the loss is no longer finite.
    """
    theta, grad, slots, best = borrowed(theta), borrowed(grad), borrowed(slots), borrowed(best)
    values, derivatives, targets = borrowed(values), borrowed(derivatives), borrowed(targets)
    operations, x, t, order = borrowed(operations), borrowed(x), borrowed(t), borrowed(order)
    evaluation_x, evaluation_t, history = borrowed(evaluation_x), borrowed(evaluation_t), borrowed(history)
    plan, state, optimizer = plans[0], states[0], optimizers[0]
    n, outputs = x.shape[1], operations[operations.size - 1].m
    ended = 0
    begin_epoch(plan, state, order)
    for _ in range(steps):
        if state.step < plan.training_steps:
            first = state.step * plan.batch_size
            B = min(plan.batch_size, x.shape[0] - first)
            batch_t = targets[:B]
            gather(x, order, first, layers.rows(values, 0, capacity, B, n))
            gather(t, order, first, batch_t)
            batch_loss = gradient(operations, loss, outputs, theta, grad, values, derivatives, capacity, batch_t)
            if not np.isfinite(batch_loss):
                state.diverged = 1
                return ended
            state.loss += batch_loss
            state.updates += 1
            if state.step == plan.training_steps - 1:
                state.gradient_norm = metrics.norm(grad)
            update(optimizer, state.updates, theta, grad, slots)
        else:
            first = (state.step - plan.training_steps) * plan.evaluation_size
            B = min(plan.evaluation_size, evaluation_x.shape[0] - first)
            layers.rows(values, 0, capacity, B, n)[:] = evaluation_x[first : first + B]
            layers.forward(operations, theta, values, capacity, B)
            offset = values.size // capacity - outputs
            y, dy = layers.rows(values, offset, capacity, B, outputs), layers.rows(derivatives, offset, capacity, B, outputs)
            batch_loss = layers.loss(loss, y, evaluation_t[first : first + B], dy)
            if not np.isfinite(batch_loss):
                state.diverged = 1
                return ended
            state.evaluation_loss += batch_loss
            metrics.measure(loss, y, evaluation_t[first : first + B], state)
        state.step += 1
        if state.step == plan.training_steps + plan.evaluation_steps:
            rate = optimizer.learning_rate
            end_epoch(plan, state, x.shape[0], evaluation_x.shape[0], rate, theta, best, history[ended])
            ended += 1
            if state.epoch == plan.epochs or state.stopped or ended == history.size:
                return ended
            begin_epoch(plan, state, order)
    return ended


@entry
def loss_and_gradient(operations: Any, loss: int, theta: Any, grad: Any, values: Any, derivatives: Any, x: Any, t: Any) -> Any:
    """The mean loss over the rows of x (B, n) and t; overwrites grad (P,) and the arenas, which are for exactly B rows."""
    B, outputs = x.shape[0], operations[operations.size - 1].m
    layers.rows(values, 0, B, B, x.shape[1])[:] = x
    return gradient(operations, loss, outputs, theta, grad, values, derivatives, B, t) / B


@entry
def predict(operations: Any, theta: Any, values: Any, capacity: int, x: Any, y: Any) -> None:
    """Overwrites y (N, m) with the network's outputs for the rows of x (N, n), `capacity` rows at a time."""
    offset = values.size // capacity - y.shape[1]
    for first in range(0, x.shape[0], capacity):
        B = min(capacity, x.shape[0] - first)
        layers.rows(values, 0, capacity, B, x.shape[1])[:] = x[first : first + B]
        layers.forward(operations, theta, values, capacity, B)
        y[first : first + B] = layers.rows(values, offset, capacity, B, y.shape[1])


def optimizer_record(optimizer: AnyOptimizer) -> Any:
    """The optimizer's constants, as the loop reads them."""
    record = records(1, OPTIMIZER)
    record["code"] = SGD if isinstance(optimizer, GradientDescent) else ADAM
    for name, value in optimizer:
        if name != "type":
            record[name] = value
    return record
