"""The program's operations, forward in order and backward in reverse: one line for each kind of layer."""

from typing import Any

from core.nn.kernels import dense, prelu, residual
from core.nn.kernels.activate import activate, d_activate
from core.nn.kernels.compile import inlined, kernel
from core.nn.kernels.copying import copy
from core.nn.program import BRANCH, DENSE, JOIN, PRELU


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


@inlined
def channels(x: Any, m: int) -> Any:
    """Rows of m channels: (B, m, k) for (B, m · k)."""
    return x.reshape(x.shape[0], m, x.shape[1] // m)


@kernel
def forward(operations: Any, theta: Any, values: Any, workspace: Any, capacity: int, B: int, key: Any, first: int) -> None:
    """Runs the B rows that lie at the arena's start through every layer; overwrites the rest of `values`.

    `key` decides what is random in this step, `first` is the place of the first row in its batch.
    """
    for i in range(operations.size):
        op = operations[i]
        x, y = rows(values, op.x, capacity, B, op.n), rows(values, op.y, capacity, B, op.m)
        if op.code == DENSE:
            dense.forward(x, matrix(theta, op.W, op.n, op.m), theta[op.b : op.b + op.biases], y)
        elif op.code == BRANCH:
            copy(x.ravel(), y.ravel())
        elif op.code == JOIN:
            residual.join(x.ravel(), rows(values, op.skip, capacity, B, op.m).ravel(), y.ravel())
        elif op.code == PRELU:
            prelu.prelu(channels(x, op.biases), theta[op.b : op.b + op.biases], channels(y, op.biases))
        else:
            activate(op, x, y)


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
        x, y = rows(values, op.x, capacity, B, op.n), rows(values, op.y, capacity, B, op.m)
        dx, dy = rows(derivatives, op.x, capacity, B, op.n), rows(derivatives, op.y, capacity, B, op.m)
        if op.code == DENSE:
            W = matrix(theta, op.W, op.n, op.m)
            dense.backward(x, W, dy, matrix(grad, op.W, op.n, op.m), grad[op.b : op.b + op.biases])
            if op.x > 0:  # nobody asks for the derivative by the network's own inputs
                dense.backward_to_inputs(dy, W, dx)
        elif op.code == BRANCH:
            residual.d_branch(dy.ravel(), rows(derivatives, op.skip, capacity, B, op.n).ravel(), dx.ravel())
        elif op.code == JOIN:
            copy(dy.ravel(), dx.ravel())
        elif op.code == PRELU:
            slopes, d_slopes = theta[op.b : op.b + op.biases], grad[op.b : op.b + op.biases]
            prelu.d_prelu(channels(x, op.biases), slopes, channels(dy, op.biases), channels(dx, op.biases), d_slopes)
        else:
            d_activate(op, x, y, dy, dx)
