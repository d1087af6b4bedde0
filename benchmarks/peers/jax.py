"""JAX: a whole epoch compiled as one `lax.scan`, with Adam by its formula.

Networks for images are compiled one step at a time: inside a `scan` XLA's convolutions on a processor are five times slower.
"""

import time
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.networks import LEARNING_RATE, STEPS_PER_EPOCH, Convolution, Dense, Flatten, MaxPool, Network
from benchmarks.peers import Run

ACTIVATIONS = {"relu": jax.nn.relu, "tanh": jnp.tanh}


def build(network: Network) -> Run:
    x, c = network.data()
    x = jnp.asarray(x if network.is_dense else x.transpose(0, 2, 3, 1))
    c = jnp.asarray(c)
    theta = initial(network)
    zeros = jax.tree.map(jnp.zeros_like, theta)

    def loss(theta: Any, x: Any, c: Any) -> Any:
        z = outputs(network, theta, x)
        if network.is_binary:
            return jnp.mean(jax.nn.softplus(z[:, 0]) - c * z[:, 0])
        return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(z), c[:, None], axis=1))

    def step(state: Any, rows: Any) -> Any:
        theta, m, v, count = state
        grad = jax.grad(loss)(theta, x[rows], c[rows])
        count += 1
        m = jax.tree.map(lambda m, g: 0.9 * m + 0.1 * g, m, grad)
        v = jax.tree.map(lambda v, g: 0.999 * v + 0.001 * g * g, v, grad)
        rate, root = LEARNING_RATE / (1 - 0.9**count), 1 - 0.999**count
        theta = jax.tree.map(lambda p, m, v: p - rate * m / (jnp.sqrt(v / root) + 1e-8), theta, m, v)
        return (theta, m, v, count), None

    def batches(key: Any) -> Any:
        return jax.random.permutation(key, len(x)).reshape(STEPS_PER_EPOCH, network.batch_size)

    @jax.jit
    def scanned(state: Any, key: Any) -> Any:
        return jax.lax.scan(step, state, batches(key))[0]

    compiled_step = jax.jit(step)

    def looped(state: Any, key: Any) -> Any:
        for rows in batches(key):
            state, _ = compiled_step(state, rows)
        return state

    epoch = scanned if network.is_dense else looped

    state = (theta, zeros, zeros, jnp.zeros(()))

    def run(epochs: int) -> float:
        began, current = time.perf_counter(), state
        for number in range(epochs):
            current = epoch(current, jax.random.key(number))
        jax.block_until_ready(current)
        return time.perf_counter() - began

    return run


def initial(network: Network) -> list[tuple[Any, Any]]:
    """Weights and biases of every layer that has them."""
    rng, theta = np.random.default_rng(1), []
    for layer, before, _, _ in network.lowered():
        match layer:
            case Dense(units):
                shape: tuple[int, ...] = (before[0], units)
            case Convolution(filters, size):
                shape = (size, size, before[0], filters)
            case _:
                continue
        W = rng.normal(0, np.prod(shape[:-1]) ** -0.5, shape)
        theta.append((jnp.asarray(W, "float32"), jnp.zeros(shape[-1])))
    return theta


def outputs(network: Network, theta: Any, x: Any) -> Any:
    """(B, m); images are (B, height, width, channels), which XLA is fastest with on a processor."""
    parameters = iter(theta)
    for layer, _, _, is_activated in network.lowered():
        match layer:
            case Dense():
                W, b = next(parameters)
                x = x @ W + b
            case Convolution():
                W, b = next(parameters)
                x = jax.lax.conv_general_dilated(x, W, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC")) + b
            case MaxPool(size):
                x = highest(x, size)
            case Flatten():
                x = x.reshape(len(x), -1)
        if is_activated:
            x = ACTIVATIONS[network.activation](x)
    return x


def highest(x: Any, size: int) -> Any:
    """Max pooling by reshaping, whose derivative is faster than that of `lax.reduce_window`."""
    B, height, width, channels = x.shape
    rows, columns = height // size, width // size
    x = x[:, : rows * size, : columns * size].reshape(B, rows, size, columns, size, channels)
    return x.max((2, 4))
