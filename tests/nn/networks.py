"""Networks, data and trainings for the tests, small and random by a seed."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from core.nn.initializers import initialize
from core.nn.lower import lower
from core.nn.memory import aligned
from core.nn.network import Network
from core.nn.saving.checkpoint import Checkpoint
from core.nn.spec import NetworkSpec, TrainingSpec
from core.nn.training import Data, Training

CLASSIFIERS = ("binary_cross_entropy", "softmax_cross_entropy")
LOSSES = ("mean_squared_error", "mean_absolute_error", "huber", "log_cosh", "poisson", *CLASSIFIERS)
ACTIVATIONS: tuple[Any, ...] = (
    "identity",
    "sigmoid",
    "tanh",
    "relu",
    "leaky_relu",
    "prelu",
    "elu",
    {"type": "elu", "alpha": 0.7},
    "selu",
    "gelu",
    {"type": "gelu", "approximation": "tanh"},
    "silu",
    "softplus",
    {"type": "softplus", "beta": 2.0},
    "softsign",
    "hard_tanh",
    {"type": "hard_tanh", "minimum": -0.5, "maximum": 2.0},
    "softmax",
)
LAST = {"binary_cross_entropy": "sigmoid", "softmax_cross_entropy": "softmax"}
OPTIMIZERS: tuple[dict[str, Any], ...] = (
    {"type": "sgd", "learning_rate": 0.1},
    {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9},
    {"type": "sgd", "learning_rate": 0.05, "momentum": 0.9, "nesterov": True},
    {"type": "adam", "learning_rate": 0.01},
    {"type": "adam", "learning_rate": 0.02, "beta1": 0.8, "beta2": 0.99, "epsilon": 1e-3},
    {"type": "adam", "learning_rate": 0.01, "beta2": 0.9, "amsgrad": True},
    {"type": "adagrad", "learning_rate": 0.05},
    {"type": "adagrad", "learning_rate": 0.05, "initial_accumulator": 0.1, "epsilon": 1e-3},
    {"type": "adadelta", "learning_rate": 2.0},
    {"type": "rmsprop", "learning_rate": 0.01},
    {"type": "rmsprop", "learning_rate": 0.002, "rho": 0.9, "momentum": 0.8},
    {"type": "rmsprop", "learning_rate": 0.01, "rho": 0.9, "centered": True, "epsilon": 1e-2},
    {"type": "rmsprop", "learning_rate": 0.002, "momentum": 0.5, "centered": True, "epsilon": 1e-2},
    {"type": "adamw", "learning_rate": 0.01},
    {"type": "adamw", "learning_rate": 0.01, "weight_decay": 0.2, "amsgrad": True},
    {"type": "nadam", "learning_rate": 0.01},
    {"type": "lion", "learning_rate": 0.001},
    {"type": "lion", "learning_rate": 0.001, "beta1": 0.8, "weight_decay": 0.3},
)


def name_of(member: str | dict[str, Any]) -> str:
    return member if isinstance(member, str) else "-".join(str(value) for value in member.values())


def network_spec(
    *units: int, activation: Any = "tanh", last: Any = "identity", dtype: str = "float64", **dense: Any
) -> NetworkSpec:
    """Dense layers of these units; every layer but the last has `activation`."""
    layers = [{"type": "dense", "units": m, "activation": activation, **dense} for m in units]
    layers[-1]["activation"] = last
    return NetworkSpec.model_validate({"layers": layers, "dtype": dtype})


def training_spec(loss: str = "mean_squared_error", **fields: Any) -> TrainingSpec:
    return TrainingSpec.model_validate({"loss": loss, **fields})


def examples(loss: str, rows: int, inputs: int, outputs: int, dtype: str = "float64", seed: int = 0) -> tuple[Any, Any]:
    """Random x (rows, inputs) and targets such as the loss takes."""
    rng = np.random.default_rng(seed)
    x = rng.standard_normal((rows, inputs))
    if loss == "softmax_cross_entropy":
        t = rng.integers(0, outputs, (rows, 1))
    elif loss == "binary_cross_entropy":
        t = rng.integers(0, 2, (rows, outputs))
    elif loss == "poisson":
        t = rng.poisson(2.0, (rows, outputs))
    else:
        t = rng.standard_normal((rows, outputs))
    return x.astype(dtype), t.astype(dtype)


def random_network(
    spec: NetworkSpec, loss: str, inputs: int, seed: int = 0, categories: Mapping[int, int] | None = None
) -> Network:
    """Initial weights by the seed, and biases that are not 0."""
    program = lower(spec, training_spec(loss).loss, inputs, categories or {})
    theta = aligned(program.size, program.dtype)
    initialize(program, seed, theta)
    P = program.parameters
    theta[:P] += np.random.default_rng(seed + 1).normal(0, 0.2, P).astype(program.dtype)
    return Network(program, theta)


def training(
    spec: NetworkSpec,
    fields: TrainingSpec,
    x: Any,
    t: Any,
    validation: tuple[Any, Any] | None = None,
    checkpoint: Checkpoint | None = None,
) -> Training:
    validation_x, validation_t = validation if validation else (x[:0], t[:0])
    return Training(spec, fields, Data(x, t, validation_x, validation_t), checkpoint)
