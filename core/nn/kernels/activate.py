"""Activations by their numbers: the forward formula, and its derivative on the way back."""

from typing import Any

from core.nn.kernels import activations
from core.nn.kernels.compile import kernel
from core.nn.program import LEAKY_RELU, RELU, SIGMOID, SOFTMAX, TANH


@kernel
def activate(op: Any, z: Any, y: Any) -> None:
    """y = f(z), both (B, m); y is z for an activation that works in place."""
    if op.code == RELU:
        activations.relu(y.ravel())
    elif op.code == TANH:
        activations.tanh(y.ravel())
    elif op.code == SIGMOID:
        activations.sigmoid(y.ravel())
    elif op.code == LEAKY_RELU:
        activations.leaky_relu(y.ravel(), op.constant)
    elif op.code == SOFTMAX:
        activations.softmax(y)


@kernel
def d_activate(op: Any, z: Any, y: Any, dy: Any, dz: Any) -> None:
    """dz = dy · f′(z), all (B, m); in place dz is dy, and z is y."""
    if op.code == RELU:
        activations.d_relu(y.ravel(), dz.ravel())
    elif op.code == TANH:
        activations.d_tanh(y.ravel(), dz.ravel())
    elif op.code == SIGMOID:
        activations.d_sigmoid(y.ravel(), dz.ravel())
    elif op.code == LEAKY_RELU:
        activations.d_leaky_relu(y.ravel(), dz.ravel(), op.constant)
    elif op.code == SOFTMAX:
        activations.d_softmax(y, dz)
