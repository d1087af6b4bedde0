"""The compiled loop: gather a minibatch, forward, loss, backward, update, and again, without returning to Python.

An epoch is `training_steps` steps of gradient descent, each on one batch, then `evaluation_steps` steps that only measure the
loss on rows that are not trained on, then `ranking_steps`, each of which ranks the evaluated rows by one class. A batch larger
than `piece_size` runs through the network in pieces, whose gradients are summed. `run` does a number of pieces and stops
wherever that leaves it. All that a training needs to go on after any step of gradient descent is its `STATE` and the flat
vectors; of a batch under way, `BATCH` remembers the pieces that are done, and of an evaluation `Measures` what is counted:
these are not kept.
"""

from typing import Any

import numpy as np

from core.nn.kernels import gradients, layers, metrics, objective
from core.nn.kernels.averaging import average
from core.nn.kernels.compile import entry, inlined, kernel
from core.nn.kernels.copying import copy
from core.nn.kernels.random import NOISE, key, shuffle
from core.nn.kernels.schedules import rate, reduce_on_plateau
from core.nn.kernels.update import update
from core.nn.kernels.views import borrowed, matrix, vector
from core.nn.metrics import Measures
from core.nn.records import EARLY, IN_EVALUATION, IN_LOSS, IN_WEIGHTS, Examples, Memory, Tables
from core.nn.schedules import REDUCE_ON_PLATEAU


@kernel
def gather(rows: Any, order: Any, first: int, into: Any) -> None:
    """Overwrites `into` (B, n) with the rows that stand at `first` … of the order."""
    for i in range(into.shape[0]):
        row = order[first + i]
        for j in range(into.shape[1]):
            into[i, j] = rows[row, j]


@kernel
def gather_weights(weights: Any, order: Any, first: int, into: Any) -> None:
    """Overwrites `into` (B,) with the weights of the rows that stand at `first` … of the order."""
    for i in range(into.size):
        into[i] = weights[order[first + i]]


@inlined
def gradient(
    operations: Any,
    loss: Any,
    theta: Any,
    grad: Any,
    values: Any,
    derivatives: Any,
    workspace: Any,
    capacity: int,
    t: Any,
    w: Any,
    share: float,
    noise: Any,
    first: Any,
) -> Any:
    """Forward, loss and backward for the rows at the arena's start: the weighted sum of their losses; overwrites grad.

    Rumelhart, Hinton and Williams 1986.
    """
    B = t.shape[0]
    layers.forward(operations, theta, values, workspace, capacity, B, noise, first)
    y, dy = layers.outputs(operations, values, capacity, B), layers.outputs(operations, derivatives, capacity, B)
    total = objective.loss(loss, y, t, w, dy, share)
    layers.backward(operations, theta, grad, values, derivatives, workspace, capacity, B, noise, first)
    return total


@kernel
def last_rate(plan: Any, state: Any, schedule: Any) -> Any:
    """The learning rate of the last step that the state counts."""
    return rate(schedule, state.base_rate, state.updates - 1, plan.training_steps, plan.epochs * plan.training_steps)


@kernel
def begin_epoch(plan: Any, state: Any, batch: Any, order: Any) -> None:
    """Overwrites `order` with the epoch's order of the rows, unless it is that already."""
    if plan.shuffle and batch.ordered != state.epoch + 1:
        shuffle(order, plan.seed, state.epoch + 1)
        batch.ordered = state.epoch + 1


@inlined
def train(
    plan: Any, state: Any, batch: Any, network: Any, loss: Any, optimizer: Any, schedule: Any, memory: Any, rows: Any
) -> None:
    """One piece of a batch: forward, backward; after the batch's last piece, one step of gradient descent."""
    first, capacity = state.step * plan.batch_size, memory.targets.shape[0]
    batch_rows, done = min(plan.batch_size, rows.x.shape[0] - first), batch.piece * plan.piece_size
    B = min(plan.piece_size, batch_rows - done)
    t, w = memory.targets[:B], vector(memory.weights, 0, B)
    gather(rows.x, memory.order, first + done, matrix(memory.values, 0, B, rows.x.shape[1]))
    gather(rows.t, memory.order, first + done, t)
    if rows.w.size:
        gather_weights(rows.w, memory.order, first + done, w)
    theta, piece_grad, values, derivatives = memory.theta, memory.piece_grad, memory.values, memory.derivatives
    share, noise = 1.0 / batch_rows, key(plan.seed, NOISE, state.updates)
    workspace = memory.workspace
    batch.loss += gradient(
        network.trained, loss, theta, piece_grad, values, derivatives, workspace, capacity, t, w, share, noise, done
    )
    if batch_rows > plan.piece_size or plan.batch_size > plan.piece_size:
        gradients.add(memory.grad, piece_grad, batch.piece == 0)
    if not np.isfinite(batch.loss):
        state.diverged = IN_LOSS
        return
    batch.piece += 1
    if done + B < batch_rows:
        return
    state.loss += batch.loss
    if network.restraints.size:
        state.loss += batch_rows * objective.penalty(network.restraints, theta, memory.grad)
    batch.piece, batch.loss = 0, 0.0
    state.step += 1
    state.updates += 1
    is_last = state.step == plan.training_steps
    if is_last or plan.clip_norm > 0:
        state.gradient_norm = metrics.norm(memory.grad)
    if plan.clip_norm > 0:
        gradients.clip_norm(memory.grad, state.gradient_norm, plan.clip_norm)
    if plan.clip_value > 0:
        gradients.clip_values(memory.grad, plan.clip_value)
    update(optimizer, last_rate(plan, state, schedule), state, vector(theta, 0, memory.grad.size), memory.grad, memory.slots)
    if network.restraints.size:
        objective.bound(network.restraints, theta)
    if plan.averaging > 0:
        average(memory.kept, theta, memory.grad.size, plan.averaging, state.updates == 1)
    if is_last and not (np.isfinite(state.gradient_norm) and metrics.is_finite(theta)):
        state.diverged = IN_WEIGHTS


@inlined
def evaluate(plan: Any, state: Any, network: Any, loss: Any, memory: Any, rows: Any, measures: Any) -> None:
    """Forward and loss for the next rows of the evaluation."""
    first, capacity, operations = (
        (state.step - plan.training_steps) * plan.evaluation_size,
        memory.targets.shape[0],
        network.evaluated,
    )
    B = min(plan.evaluation_size, rows.x.shape[0] - first)
    copy(rows.x[first : first + B].ravel(), matrix(memory.values, 0, B, rows.x.shape[1]).ravel())
    layers.forward(operations, memory.kept, memory.values, memory.workspace, capacity, B, np.uint64(0), first)
    y, t = layers.outputs(operations, memory.values, capacity, B), rows.t[first : first + B]
    w = rows.w[first : first + B] if rows.w.size else vector(memory.weights, 0, B)
    state.evaluation_loss += objective.loss(loss, y, t, w, layers.outputs(operations, memory.derivatives, capacity, B), 1.0)
    if measures.sums.size:
        metrics.measure(measures, y, t, rows.scale, first)
    state.step += 1
    if not np.isfinite(state.evaluation_loss):
        state.diverged = IN_EVALUATION


@kernel
def end_epoch(
    plan: Any,
    state: Any,
    schedule: Any,
    memory: Any,
    training: Any,
    evaluation: Any,
    measures: Any,
    values: Any,
    result: Any,
) -> None:
    """Writes the epoch's lines of the history, keeps the best weights, decides whether to stop or slow down, clears sums."""
    state.epoch += 1
    state.step = 0
    result.loss = state.loss / training.total
    result.evaluation_loss = state.evaluation_loss / evaluation.total
    result.gradient_norm = state.gradient_norm
    result.learning_rate = last_rate(plan, state, schedule)
    score = result.evaluation_loss
    if measures.metrics.size:
        metrics.conclude(measures, evaluation.x.shape[0], values)
        task = measures.task[0]
        if task.monitored >= 0:
            score = task.direction * values[task.monitored]
    is_best = keep_score(plan, state, score)
    if is_best:
        copy(memory.kept, memory.best)
    if measures.sums.size:
        metrics.clear(measures, is_best)
    if schedule.code == REDUCE_ON_PLATEAU:
        reduce_on_plateau(schedule, state, result.evaluation_loss if plan.validates else result.loss)
    state.loss = state.evaluation_loss = 0.0


@kernel
def keep_score(plan: Any, state: Any, score: float) -> bool:
    """Whether the epoch is the best so far, by the lowest score; without validation, the last is. Decides whether to stop.

    A score may be no number: then the epoch is better than none, and best only where it is the first.
    """
    is_best = not plan.validates or score < state.best_score or state.best_epoch == 0
    if is_best:
        state.best_score, state.best_epoch = np.inf if np.isnan(score) else score, state.epoch
    if plan.validates:
        if score < state.reference_score - plan.min_delta:
            state.reference_score, state.reference_epoch = score, state.epoch
        elif plan.patience and state.epoch - state.reference_epoch >= plan.patience:
            state.stopped = EARLY
    return is_best


@kernel
def uncounted(memory: Any) -> Any:
    """The same memory, whose views cost no counting."""
    return Memory(
        borrowed(memory.theta),
        borrowed(memory.grad),
        borrowed(memory.piece_grad),
        borrowed(memory.slots),
        borrowed(memory.kept),
        borrowed(memory.best),
        borrowed(memory.values),
        borrowed(memory.derivatives),
        borrowed(memory.workspace),
        borrowed(memory.targets),
        borrowed(memory.weights),
        borrowed(memory.order),
    )


@kernel
def uncounted_examples(rows: Any) -> Any:
    """The same examples, likewise."""
    return Examples(borrowed(rows.x), borrowed(rows.t), borrowed(rows.w), borrowed(rows.scale), rows.total)


@kernel
def uncounted_measures(measures: Any) -> Any:
    """The same measures, likewise."""
    return Measures(
        borrowed(measures.task),
        borrowed(measures.metrics),
        borrowed(measures.sums),
        borrowed(measures.hits),
        borrowed(measures.spread),
        borrowed(measures.confusion),
        borrowed(measures.best_confusion),
        borrowed(measures.scores),
        borrowed(measures.keys),
        borrowed(measures.sorted_keys),
        borrowed(measures.digits),
        borrowed(measures.values),
    )


@entry
def run(
    plans: Any,
    states: Any,
    batches: Any,
    network: Any,
    optimizers: Any,
    schedules: Any,
    memory: Any,
    training: Any,
    evaluation: Any,
    measures: Any,
    history: Any,
    pieces: int,
) -> int:
    """Does up to so many pieces; returns how many epochs ended, whose lines stand in `history` and `measures.values`.

    Stops earlier when the history is full, the last epoch is done, early stopping says so or a number is no longer finite. The
    first three, the loss, the optimizer and the schedule are arrays of one record each.
    """
    network = Tables(
        borrowed(network.trained), borrowed(network.evaluated), borrowed(network.loss), borrowed(network.restraints)
    )
    memory, history, measures = uncounted(memory), borrowed(history), uncounted_measures(measures)
    training, evaluation = uncounted_examples(training), uncounted_examples(evaluation)
    plan, state, batch, loss = plans[0], states[0], batches[0], network.loss[0]
    optimizer, schedule = optimizers[0], schedules[0]
    ranking = plan.training_steps + plan.evaluation_steps
    end, ended = ranking + plan.ranking_steps, 0
    begin_epoch(plan, state, batch, memory.order)
    for _ in range(pieces):
        if state.step < plan.training_steps:
            train(plan, state, batch, network, loss, optimizer, schedule, memory, training)
        elif state.step < ranking:
            evaluate(plan, state, network, loss, memory, evaluation, measures)
        elif state.step < end:
            metrics.rank(measures, state.step - ranking)
            state.step += 1
        if state.diverged:
            return ended
        if state.step == end:
            values = measures.values[ended]
            end_epoch(plan, state, schedule, memory, training, evaluation, measures, values, history[ended])
            ended += 1
            if state.epoch == plan.epochs or state.stopped or ended == history.size:
                return ended
            begin_epoch(plan, state, batch, memory.order)
    return ended


@entry
def loss_and_gradient(
    network: Any, theta: Any, grad: Any, values: Any, derivatives: Any, workspace: Any, x: Any, t: Any, w: Any
) -> Any:
    """The mean loss over the rows of x (B, n) and t with their weights w (B,), and the penalties.

    Overwrites grad (P,) and the arenas, which are for exactly B rows.
    """
    B = x.shape[0]
    copy(x.ravel(), matrix(values, 0, B, x.shape[1]).ravel())
    noise = key(0, NOISE, 0)
    operations, loss = network.trained, network.loss[0]
    total = gradient(operations, loss, theta, grad, values, derivatives, workspace, B, t, w, 1.0 / B, noise, np.int64(0))
    return total / B + objective.penalty(network.restraints, theta, grad)


@entry
def predict(operations: Any, theta: Any, values: Any, workspace: Any, capacity: int, x: Any, y: Any) -> None:
    """Overwrites y (N, m) with the network's outputs for the rows of x (N, n), `capacity` rows at a time."""
    for first in range(0, x.shape[0], capacity):
        B = min(capacity, x.shape[0] - first)
        copy(x[first : first + B].ravel(), matrix(values, 0, B, x.shape[1]).ravel())
        layers.forward(operations, theta, values, workspace, capacity, B, np.uint64(0), first)
        copy(layers.outputs(operations, values, capacity, B).ravel(), y[first : first + B].ravel())
