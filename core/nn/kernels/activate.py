"""Activations by their numbers: the forward formula, and its derivative on the way back."""

from typing import Any

from core.nn.kernels import activations, gates, softmax
from core.nn.kernels.compile import kernel
from core.nn.kernels.copying import copy
from core.nn.program import (
    ELU,
    FIRST_OF_Z,
    GELU,
    GELU_TANH,
    HARD_TANH,
    LEAKY_RELU,
    RELU,
    SELU,
    SIGMOID,
    SILU,
    SOFTMAX,
    SOFTPLUS,
    SOFTSIGN,
    TANH,
)


@kernel
def activate(op: Any, z: Any, y: Any) -> None:
    """y = f(z), both (B, m), which may be the same."""
    if op.code < FIRST_OF_Z and op.x != op.y:
        copy(z.ravel(), y.ravel())
    if op.code == RELU:
        activations.relu(y.ravel())
    elif op.code == TANH:
        activations.tanh(y.ravel())
    elif op.code == SIGMOID:
        activations.sigmoid(y.ravel())
    elif op.code == LEAKY_RELU:
        activations.leaky_relu(y.ravel(), op.constant)
    elif op.code == SOFTMAX:
        softmax.softmax(y)
    elif op.code == ELU:
        activations.elu(y.ravel(), 1.0, op.constant)
    elif op.code == SELU:
        activations.elu(y.ravel(), activations.SELU_SCALE, activations.SELU_ALPHA)
    elif op.code == SOFTPLUS:
        activations.softplus(y.ravel(), op.constant)
    elif op.code == SOFTSIGN:
        activations.softsign(y.ravel())
    elif op.code == HARD_TANH:
        activations.hard_tanh(y.ravel(), op.constant, op.second)
    elif op.code == SILU:
        gates.silu(z.ravel(), y.ravel())
    elif op.code == GELU:
        gates.gelu(z.ravel(), y.ravel())
    elif op.code == GELU_TANH:
        gates.gelu_tanh(z.ravel(), y.ravel())


@kernel
def d_activate(op: Any, z: Any, y: Any, dy: Any, dz: Any) -> None:
    """dz = dy · f′(z), all (B, m); dz may be dy, where z is y."""
    if op.code < FIRST_OF_Z and op.x != op.y:
        copy(dy.ravel(), dz.ravel())
    if op.code == RELU:
        activations.d_relu(y.ravel(), dz.ravel())
    elif op.code == TANH:
        activations.d_tanh(y.ravel(), dz.ravel())
    elif op.code == SIGMOID:
        activations.d_sigmoid(y.ravel(), dz.ravel())
    elif op.code == LEAKY_RELU:
        activations.d_leaky_relu(y.ravel(), dz.ravel(), op.constant)
    elif op.code == SOFTMAX:
        softmax.d_softmax(y, dz)
    elif op.code == ELU:
        activations.d_elu(y.ravel(), dz.ravel(), 1.0, op.constant)
    elif op.code == SELU:
        activations.d_elu(y.ravel(), dz.ravel(), activations.SELU_SCALE, activations.SELU_ALPHA)
    elif op.code == SOFTPLUS:
        activations.d_softplus(y.ravel(), dz.ravel(), op.constant)
    elif op.code == SOFTSIGN:
        activations.d_softsign(y.ravel(), dz.ravel())
    elif op.code == HARD_TANH:
        activations.d_hard_tanh(y.ravel(), dz.ravel(), op.constant, op.second)
    elif op.code == SILU:
        gates.d_silu(z.ravel(), dy.ravel(), dz.ravel())
    elif op.code == GELU:
        gates.d_gelu(z.ravel(), dy.ravel(), dz.ravel())
    elif op.code == GELU_TANH:
        gates.d_gelu_tanh(z.ravel(), dy.ravel(), dz.ravel())
