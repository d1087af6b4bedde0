"""The program's operations, forward in order and backward in reverse: one line for each kind of layer."""

from typing import Any

from core.nn.kernels import convolution, dense, dropout, embedding, normalisation, pooling, prelu, residual
from core.nn.kernels.activate import activate, d_activate
from core.nn.kernels.compile import kernel
from core.nn.kernels.copying import copy
from core.nn.kernels.views import matrix, vector
from core.nn.program import (
    AVERAGE_POOLING,
    BATCH_NORMALISATION,
    BRANCH,
    CONVOLUTION,
    DENSE,
    DROPOUT,
    FIRST_ACTIVATION,
    JOIN,
    LAYER_NORMALISATION,
    LOOKUP,
    MAX_POOLING,
    PASS_THROUGH,
    PRELU,
    RUNNING_NORMALISATION,
)


@kernel
def outputs(operations: Any, arena: Any, capacity: int, B: int) -> Any:
    """The (B, m) matrix of the last layer in an arena: its values, or their derivatives."""
    last = operations[operations.size - 1]
    return matrix(arena, last.y * capacity, B, last.m)


@kernel
def channels(x: Any, m: int) -> Any:
    """Rows of m channels: (B, m, k) for (B, m · k)."""
    return x.reshape(x.shape[0], m, x.shape[1] // m)


@kernel
def weights_per_filter(op: Any) -> Any:
    """K: one for each place in the window of each channel."""
    return op.channels * op.kernel_height * op.kernel_width


@kernel
def forward(operations: Any, theta: Any, values: Any, workspace: Any, capacity: int, B: int, key: Any, first: int) -> None:
    """Runs the B rows that lie at the arena's start through every layer; overwrites the rest of `values`.

    `key` decides what is random in this step, `first` is the place of the first row in its batch.
    """
    for i in range(operations.size):
        op = operations[i]
        x, y = matrix(values, op.x * capacity, B, op.n), matrix(values, op.y * capacity, B, op.m)
        if op.code == DENSE:
            dense.forward(x, matrix(theta, op.W, op.n, op.m), vector(theta, op.b, op.biases), y)
        elif op.code >= FIRST_ACTIVATION:
            activate(op, x, y)
        elif op.code == CONVOLUTION:
            W, b = matrix(theta, op.W, op.filters, weights_per_filter(op)), vector(theta, op.b, op.biases)
            convolution.forward(op, x, W, b, y, workspace)
        elif op.code == MAX_POOLING:
            pooling.maximum(op, x, y)
        elif op.code == AVERAGE_POOLING:
            pooling.average(op, x, y)
        elif op.code == DROPOUT:
            if op.x != op.y:
                copy(x.ravel(), y.ravel())
            dropout.drop(y, op.constant, key, op.number, first)
        elif op.code == BATCH_NORMALISATION:
            C, s = op.channels, op.statistics
            gamma, beta = vector(theta, op.W, C), vector(theta, op.b, C)
            running_mean, running_variance = vector(theta, s, C), vector(theta, s + C, C)
            mean, inverse = vector(theta, s + 2 * C + 1, C), vector(theta, s + 3 * C + 1, C)
            theta[s + 2 * C] += 1
            normalisation.batch_training(
                x, gamma, beta, running_mean, running_variance, op.momentum, op.constant, mean, inverse, y
            )
        elif op.code == RUNNING_NORMALISATION:
            C, s = op.channels, op.statistics
            gamma, beta = vector(theta, op.W, C), vector(theta, op.b, C)
            mean, variance, inverse = vector(theta, s, C), vector(theta, s + C, C), vector(theta, s + 3 * C + 1, C)
            normalisation.batch_inference(x, gamma, beta, mean, variance, op.constant, inverse, y)
        elif op.code == LAYER_NORMALISATION:
            statistics = matrix(values, op.statistics * capacity, B, 2)
            normalisation.layer(x, vector(theta, op.W, op.n), vector(theta, op.b, op.n), op.constant, statistics, y)
        elif op.code == LOOKUP:
            embedding.lookup(x, op.first, op.count, matrix(theta, op.W, op.vocabulary, op.dimension), y, op.place)
        elif op.code == PASS_THROUGH:
            embedding.pass_through(x, op.first, op.count, y, op.place)
        elif op.code == BRANCH:
            copy(x.ravel(), y.ravel())
        elif op.code == JOIN:
            residual.join(x.ravel(), matrix(values, op.skip * capacity, B, op.m).ravel(), y.ravel())
        elif op.code == PRELU:
            prelu.prelu(channels(x, op.biases), vector(theta, op.b, op.biases), channels(y, op.biases))


@kernel
def backward(
    operations: Any,
    theta: Any,
    grad: Any,
    values: Any,
    derivatives: Any,
    workspace: Any,
    capacity: int,
    B: int,
    key: Any,
    first: int,
) -> None:
    """Passes the outputs' derivatives back through every layer, last to first (Rumelhart, Hinton and Williams 1986).

    Overwrites `grad` with the derivative of the loss by theta, and `derivatives` with that by each layer's values.
    """
    for i in range(operations.size - 1, -1, -1):
        op = operations[i]
        x, y = matrix(values, op.x * capacity, B, op.n), matrix(values, op.y * capacity, B, op.m)
        dx, dy = matrix(derivatives, op.x * capacity, B, op.n), matrix(derivatives, op.y * capacity, B, op.m)
        if op.code == DENSE:
            W = matrix(theta, op.W, op.n, op.m)
            dense.backward(x, W, dy, matrix(grad, op.W, op.n, op.m), vector(grad, op.b, op.biases))
            if op.x > 0:  # nobody asks for the derivative by the network's own inputs
                dense.backward_to_inputs(dy, W, dx)
        elif op.code >= FIRST_ACTIVATION:
            d_activate(op, x, y, dy, dx)
        elif op.code == CONVOLUTION:
            K = weights_per_filter(op)
            convolution.backward(op, x, dy, matrix(grad, op.W, op.filters, K), vector(grad, op.b, op.biases), workspace)
            if op.x > 0:
                convolution.backward_to_inputs(op, dy, matrix(theta, op.W, op.filters, K), dx, workspace)
        elif op.code == MAX_POOLING:
            pooling.d_maximum(op, x, dy, dx)
        elif op.code == AVERAGE_POOLING:
            pooling.d_average(op, dy, dx)
        elif op.code == DROPOUT:
            if op.x != op.y:
                copy(dy.ravel(), dx.ravel())
            dropout.drop(dx, op.constant, key, op.number, first)
        elif op.code == BATCH_NORMALISATION:
            C, s = op.channels, op.statistics
            mean, inverse = vector(theta, s + 2 * C + 1, C), vector(theta, s + 3 * C + 1, C)
            dgamma, dbeta = vector(grad, op.W, C), vector(grad, op.b, C)
            normalisation.d_batch(x, vector(theta, op.W, C), mean, inverse, dy, dgamma, dbeta, dx)
        elif op.code == LAYER_NORMALISATION:
            statistics = matrix(values, op.statistics * capacity, B, 2)
            dgamma, dbeta = vector(grad, op.W, op.n), vector(grad, op.b, op.n)
            normalisation.d_layer(x, vector(theta, op.W, op.n), statistics, dy, dgamma, dbeta, dx)
        elif op.code == LOOKUP:
            embedding.d_lookup(x, op.first, op.count, dy, op.place, matrix(grad, op.W, op.vocabulary, op.dimension))
        elif op.code == BRANCH:
            residual.d_branch(dy.ravel(), matrix(derivatives, op.skip * capacity, B, op.n).ravel(), dx.ravel())
        elif op.code == JOIN:
            copy(dy.ravel(), dx.ravel())
        elif op.code == PRELU:
            slopes, d_slopes = vector(theta, op.b, op.biases), vector(grad, op.b, op.biases)
            prelu.d_prelu(channels(x, op.biases), slopes, channels(dy, op.biases), channels(dx, op.biases), d_slopes)
