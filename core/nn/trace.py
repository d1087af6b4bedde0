"""One row on its way through a network of dense layers, and its error on the way back: every number in one step of learning.

Forward, layer by layer. x are the layer's inputs, W[j, i] is the weight from node i of the layer before to node j of this one:

    z = W x + b                        the weighted sums
    y = f(z)                           the activations, which are the x of the next layer

The loss L compares the last layer's y with the targets t. Backward, from the last layer to the first, by the chain rule:

    error = dL/dz = dL/dy · f'(z)      each node's share of the error
    dL/dW[j, i] = error[j] · x[i]      the gradient of each weight
    dL/db[j] = error[j]                and of each bias
    dL/dx[i] = Σⱼ error[j] · W[j, i]   passed back: it is dL/dy of the layer before

Gradient descent then changes every weight by −learning rate · gradient. Rumelhart, Hinton and Williams 1986.

All of it in float64 and plain NumPy, to be read beside the engine, which does the same for many rows at once.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from core.nn import spec
from core.nn.derivatives import activate, loss_and_derivative, propagate
from core.nn.lower import lower
from core.nn.program import FUSED

Vector = NDArray[np.float64]
Matrix = NDArray[np.float64]

MOST_WEIGHTS = 10_000

_ACTIVATIONS = get_args(spec.AnyActivation)
_IDLE = (spec.Dropout, spec.Flatten, spec.Reshape, spec.Identity)  # a trained network's dropout leaves nothing out


@dataclass(frozen=True, slots=True)
class LayerTrace:
    """One layer's numbers: n inputs, m nodes. An activation that is a layer of its own has neither weights nor biases."""

    type: str
    activation: str
    weights: Matrix | None  # (m, n)
    bias: Vector | None  # (m,)
    weighted_sums: Vector  # (m,) z
    activations: Vector  # (m,) y
    errors: Vector  # (m,) dL/dz
    weights_gradient: Matrix | None  # (m, n) dL/dW
    bias_gradient: Vector | None  # (m,) dL/db


@dataclass(frozen=True, slots=True)
class Trace:
    """`targets` (m,) are what the outputs are compared with: of a class 1 at its place, less what label smoothing takes."""

    inputs: Vector
    layers: tuple[LayerTrace, ...]
    outputs: Vector
    targets: Vector
    loss: float


@dataclass(frozen=True, slots=True)
class _Step:
    """One layer on the way forward."""

    layer: spec.AnyLayer
    f: spec.AnyActivation
    x: Vector
    W: Matrix | None
    b: Vector | None
    z: Vector
    y: Vector


def trace(
    network: spec.NetworkSpec,
    loss: spec.AnyLoss,
    weights: Mapping[str, NDArray[Any]],
    x: ArrayLike,
    t: ArrayLike,
    weight: float = 1.0,
) -> Trace:
    """What one row x (n,) with the targets t does in a network that `untraceable` has nothing against.

    `weights` have the names of `core.nn.saving.weights`; t (m,) are numbers, or (1,) the number of a class, as in training.
    The loss is that of the row alone times its `weight`, label smoothing included; penalties on the weights are not.
    """
    inputs = np.asarray(x, np.float64)
    with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
        steps = list(_forward(network, loss, weights, inputs))
        last = steps[-1]
        is_fused = FUSED.get(loss.type) == last.f.type
        targets = _targets(loss, np.asarray(t, np.float64), len(last.y))
        value, derivative = loss_and_derivative(loss, last.z if is_fused else last.y, targets)
        layers = tuple(_backward(steps, weight * derivative, is_fused=is_fused))
    return Trace(inputs, layers[::-1], last.y, targets, weight * value)


def _forward(network: spec.NetworkSpec, loss: spec.AnyLoss, weights: Mapping[str, NDArray[Any]], x: Vector) -> Iterator[_Step]:
    names = (tensor.name for tensor in lower(network, loss, len(x)).tensors)
    for layer in network.layers:
        if isinstance(layer, _IDLE):
            continue
        W = b = None
        if isinstance(layer, spec.Dense):
            W = weights[next(names)].astype(np.float64)
            b = weights[next(names)].astype(np.float64) if layer.bias else None
            z = W @ x if b is None else W @ x + b
            f = layer.activation
        else:
            z, f = x, _activation(layer)
        y = activate(f, z)
        yield _Step(layer, f, x, W, b, z, y)
        x = y


def _backward(steps: list[_Step], derivative: Vector, *, is_fused: bool) -> Iterator[LayerTrace]:
    """From the last layer to the first. `derivative` is dL/dy of the last, or dL/dz where the loss includes its activation."""
    for place, step in reversed(list(enumerate(steps))):
        is_last = place == len(steps) - 1
        error = derivative if is_last and is_fused else propagate(step.f, step.z, step.y, derivative)
        has_weights = step.W is not None
        yield LayerTrace(
            type=step.layer.type,
            activation=step.f.type,
            weights=step.W,
            bias=step.b,
            weighted_sums=step.z,
            activations=step.y,
            errors=error,
            weights_gradient=np.outer(error, step.x) if has_weights else None,
            bias_gradient=None if step.b is None else error,
        )
        derivative = error if step.W is None else step.W.T @ error


def _targets(loss: spec.AnyLoss, t: Vector, outputs: int) -> Vector:
    if not isinstance(loss, spec.SoftmaxCrossEntropy):
        return t
    q = np.full(outputs, loss.label_smoothing / outputs)
    q[int(t[0])] += 1 - loss.label_smoothing
    return q


def _activation(layer: Any) -> spec.AnyActivation:
    if not isinstance(layer, _ACTIVATIONS):
        raise TypeError(f"a {layer.type} layer has no trace")
    f: spec.AnyActivation = layer
    return f


def untraceable(network: spec.NetworkSpec, parameters: int) -> str | None:
    """Why a network of so many parameters has no trace, or None."""
    for place, layer in enumerate(network.layers):
        if not isinstance(layer, (spec.Dense, *_IDLE, *_ACTIVATIONS)):
            return f"layer {place} is {layer.type}; a trace shows dense layers, and what acts on each node alone"
        if isinstance(layer, spec.PReLU) or isinstance(getattr(layer, "activation", None), spec.PReLU):
            return f"layer {place} has prelu, which learns slopes; a trace shows activations that learn nothing"
    if parameters > MOST_WEIGHTS:
        return f"the network has {parameters:,} weights and biases; a trace shows {MOST_WEIGHTS:,} or fewer"
    return None
