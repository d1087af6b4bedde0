"""The same training in each library: a peer takes (sizes, batch size) and gives a function that trains some epochs.

That function returns the seconds it took. Data, shapes and optimizer are the same for all; every peer is written the way its
own documentation recommends for speed on one core.
"""

import time
import warnings
from collections.abc import Callable
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

STEPS_PER_EPOCH = 64
LEARNING_RATE = 0.001

Run = Callable[[int], float]


def data(sizes: tuple[int, ...], batch_size: int) -> tuple[Any, Any]:
    """x (N, n) and class numbers (N,) for one epoch of STEPS_PER_EPOCH full batches."""
    rng = np.random.default_rng(0)
    rows = STEPS_PER_EPOCH * batch_size
    return rng.standard_normal((rows, sizes[0]), np.float32), rng.integers(0, sizes[-1], rows)


def gradmill(sizes: tuple[int, ...], batch_size: int) -> Run:
    """The service's own engine."""
    from core.nn.spec import NetworkSpec, TrainingSpec
    from core.nn.training import Data, Training

    x, c = data(sizes, batch_size)
    t = c[:, None].astype(np.float32)
    layers: list[dict[str, Any]] = [{"units": units, "activation": "relu"} for units in sizes[1:]]
    layers[-1]["activation"] = "identity"
    network = NetworkSpec.model_validate({"layers": layers})

    def run(epochs: int) -> float:
        fields = {"loss": "softmax_cross_entropy", "epochs": epochs, "batch_size": batch_size}
        training = Training(network, TrainingSpec.model_validate(fields), Data(x, t, x[:0], t[:0]))
        began = time.perf_counter()
        for _ in training.epochs():
            pass
        return time.perf_counter() - began

    return run


def pytorch(sizes: tuple[int, ...], batch_size: int) -> Run:
    """Eager mode, with the fused Adam."""
    import torch

    torch.set_num_threads(1)
    x, c = map(torch.from_numpy, data(sizes, batch_size))
    layers: list[torch.nn.Module] = []
    for n, m in pairwise(sizes):
        layers += [torch.nn.Linear(n, m), torch.nn.ReLU()]
    model = torch.nn.Sequential(*layers[:-1])
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)

    def run(epochs: int) -> float:
        began = time.perf_counter()
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(batch_size):
                optimizer.zero_grad()
                loss = torch.nn.functional.cross_entropy(model(x[rows]), c[rows])
                loss.backward()  # type: ignore[no-untyped-call]
                optimizer.step()
        return time.perf_counter() - began

    return run


def jax(sizes: tuple[int, ...], batch_size: int) -> Run:
    """A whole epoch compiled as one `lax.scan`, with Adam by its formula."""
    import os

    os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import jax
    import jax.numpy as jnp

    x, c = map(jnp.asarray, data(sizes, batch_size))
    rng = np.random.default_rng(1)
    pairs = list(pairwise(sizes))
    theta = [(jnp.asarray(rng.normal(0, n**-0.5, (n, m)), "float32"), jnp.zeros(m)) for n, m in pairs]
    zeros = jax.tree.map(jnp.zeros_like, theta)

    def loss(theta: Any, x: Any, c: Any) -> Any:
        for W, b in theta[:-1]:
            x = jax.nn.relu(x @ W + b)
        z = x @ theta[-1][0] + theta[-1][1]
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

    @jax.jit
    def epoch(state: Any, key: Any) -> Any:
        rows = jax.random.permutation(key, len(x)).reshape(STEPS_PER_EPOCH, batch_size)
        return jax.lax.scan(step, state, rows)[0]

    state = (theta, zeros, zeros, jnp.zeros(()))
    jax.block_until_ready(epoch(state, jax.random.key(0)))

    def run(epochs: int) -> float:
        began, current = time.perf_counter(), state
        for number in range(epochs):
            current = epoch(current, jax.random.key(number))
        jax.block_until_ready(current)
        return time.perf_counter() - began

    return run


def scikit_learn(sizes: tuple[int, ...], batch_size: int) -> Run:
    """MLPClassifier."""
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    x, c = data(sizes, batch_size)

    def run(epochs: int) -> float:
        model = MLPClassifier(
            sizes[1:-1], batch_size=batch_size, max_iter=epochs, tol=0.0, n_iter_no_change=10**9, alpha=0.0, random_state=0
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            began = time.perf_counter()
            model.fit(x, c)
            return time.perf_counter() - began

    return run


def gemm_floor(sizes: tuple[int, ...], batch_size: int) -> Run:
    """Only the matrix products of a step, by `numpy.dot` into memory that is there already."""
    rng = np.random.default_rng(0)
    products = []
    for place, (n, m) in enumerate(pairwise(sizes)):
        x, W, dz = (rng.standard_normal(shape, np.float32) for shape in ((batch_size, n), (n, m), (batch_size, m)))
        products += [(x, W, np.empty_like(dz)), (x.T, dz, np.empty_like(W))]
        if place:
            products.append((dz, W.T, np.empty_like(x)))

    def run(epochs: int) -> float:
        began = time.perf_counter()
        for _ in range(epochs * STEPS_PER_EPOCH):
            for one, other, out in products:
                np.dot(one, other, out=out)
        return time.perf_counter() - began

    return run


PEERS: dict[str, Callable[[tuple[int, ...], int], Run]] = {
    "gradmill": gradmill,
    "pytorch": pytorch,
    "jax": jax,
    "scikit-learn": scikit_learn,
    "gemm floor": gemm_floor,
}
MODULES = {"pytorch": "torch", "jax": "jax", "scikit-learn": "sklearn"}


def is_available(name: str) -> bool:
    """The peer's library is installed."""
    return name not in MODULES or find_spec(MODULES[name]) is not None
