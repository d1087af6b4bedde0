"""The program's operations, forward in order and backward in reverse: one line for each kind of layer."""

from typing import Any

from core.nn.kernels import activations, dense, losses
from core.nn.kernels.compile import inlined, kernel
from core.nn.program import (
    BINARY_CROSS_ENTROPY,
    DENSE,
    LEAKY_RELU,
    MEAN_ABSOLUTE_ERROR,
    RELU,
    SIGMOID,
    SOFTMAX,
    SOFTMAX_CROSS_ENTROPY,
    TANH,
)


@inlined
def rows(arena: Any, offset: int, capacity: int, B: int, width: int) -> Any:
    """The (B, width) matrix that lies at `offset` of an arena for `capacity` rows."""
    start = offset * capacity
    return arena[start : start + B * width].reshape(B, width)


@inlined
def outputs(operations: Any, arena: Any, capacity: int, B: int) -> Any:
    """The (B, m) matrix of the last layer in an arena: its values, or their derivatives."""
    last = operations[operations.size - 1]
    return rows(arena, last.y, capacity, B, last.m)


@inlined
def matrix(theta: Any, offset: int, n: int, m: int) -> Any:
    """The (n, m) matrix that lies at `offset` of a flat vector."""
    return theta[offset : offset + n * m].reshape(n, m)


@kernel
def forward(operations: Any, theta: Any, values: Any, capacity: int, B: int) -> None:
    """Runs the B rows that lie at the arena's start through every layer; overwrites the rest of `values`."""
    for i in range(operations.size):
        op = operations[i]
        if op.code == DENSE:
            x, z = rows(values, op.x, capacity, B, op.n), rows(values, op.y, capacity, B, op.m)
            dense.forward(x, matrix(theta, op.W, op.n, op.m), theta[op.b : op.b + op.biases], z)
            continue
        z = rows(values, op.y, capacity, B, op.m)
        if op.code == RELU:
            activations.relu(z.ravel())
        elif op.code == TANH:
            activations.tanh(z.ravel())
        elif op.code == SIGMOID:
            activations.sigmoid(z.ravel())
        elif op.code == LEAKY_RELU:
            activations.leaky_relu(z.ravel(), op.slope)
        elif op.code == SOFTMAX:
            activations.softmax(z)


@kernel
def backward(operations: Any, theta: Any, grad: Any, values: Any, derivatives: Any, capacity: int, B: int) -> None:
    """Passes the outputs' derivatives back through every layer, last to first (Rumelhart, Hinton and Williams 1986).

    Overwrites `grad` with the derivative of the loss by theta, and `derivatives` with that by each layer's values.
    """
    for i in range(operations.size - 1, -1, -1):
        op = operations[i]
        dz = rows(derivatives, op.y, capacity, B, op.m)
        if op.code == DENSE:
            x, W = rows(values, op.x, capacity, B, op.n), matrix(theta, op.W, op.n, op.m)
            dense.backward(x, W, dz, matrix(grad, op.W, op.n, op.m), grad[op.b : op.b + op.biases])
            if op.x > 0:  # nobody asks for the derivative by the network's own inputs
                dense.backward_to_inputs(dz, W, rows(derivatives, op.x, capacity, B, op.n))
            continue
        y = rows(values, op.y, capacity, B, op.m)
        if op.code == RELU:
            activations.d_relu(y.ravel(), dz.ravel())
        elif op.code == TANH:
            activations.d_tanh(y.ravel(), dz.ravel())
        elif op.code == SIGMOID:
            activations.d_sigmoid(y.ravel(), dz.ravel())
        elif op.code == LEAKY_RELU:
            activations.d_leaky_relu(y.ravel(), dz.ravel(), op.slope)
        elif op.code == SOFTMAX:
            activations.d_softmax(y, dz)


@kernel
def loss(code: int, y: Any, t: Any, dy: Any, share: float) -> Any:
    """The sum of the rows' losses; overwrites dy with `share` times its derivative by y."""
    if code == SOFTMAX_CROSS_ENTROPY:
        return losses.softmax_cross_entropy(y, t, dy, share)
    if code == BINARY_CROSS_ENTROPY:
        return losses.binary_cross_entropy(y, t, dy, share)
    if code == MEAN_ABSOLUTE_ERROR:
        return losses.mean_absolute_error(y, t, dy, share)
    return losses.mean_squared_error(y, t, dy, share)
