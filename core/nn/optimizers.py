"""Optimizers as numbers: which rule steps, how many vectors it keeps beside the parameters, and its constants."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from core.nn import spec
from core.nn.memory import records

GRADIENT_DESCENT, ADAGRAD, ADADELTA, RMSPROP, ADAM, NADAM, LION, LBFGS = range(8)


class Rule(NamedTuple):
    """Its code in the compiled loop, and how many slots, vectors as long as the parameters, it keeps."""

    code: int
    slots: Callable[[Any], int]


RULES = {
    "sgd": Rule(GRADIENT_DESCENT, lambda sgd: int(sgd.momentum > 0)),
    "adagrad": Rule(ADAGRAD, lambda _: 1),
    "adadelta": Rule(ADADELTA, lambda _: 2),
    "rmsprop": Rule(RMSPROP, lambda rmsprop: 1 + rmsprop.centered + (rmsprop.momentum > 0)),
    "adam": Rule(ADAM, lambda adam: 2 + adam.amsgrad),
    "adamw": Rule(ADAM, lambda adamw: 2 + adamw.amsgrad),
    "nadam": Rule(NADAM, lambda _: 2),
    "lion": Rule(LION, lambda _: 1),
    "lbfgs": Rule(LBFGS, lambda _: 0),  # keeps its own memory, see core.nn.lbfgs
}
OPTIMIZER = np.dtype(
    [
        ("code", np.int64),
        ("momentum", np.float64),
        ("nesterov", np.int64),
        ("initial_accumulator", np.float64),
        ("rho", np.float64),
        ("centered", np.int64),
        ("beta1", np.float64),
        ("beta2", np.float64),
        ("epsilon", np.float64),
        ("amsgrad", np.int64),
        ("weight_decay", np.float64),
        ("momentum_decay", np.float64),
    ]
)


def slot_count(optimizer: spec.AnyOptimizer) -> int:
    """How many vectors as long as the parameters the optimizer keeps."""
    return RULES[optimizer.type].slots(optimizer)


def minimization_bytes(optimizer: spec.AnyOptimizer, parameters: int) -> int:
    """How much a minimization by L-BFGS keeps: the last steps and changes of the gradient, and what it works in."""
    if not isinstance(optimizer, spec.LBFGS):
        return 0
    doubles = (2 * optimizer.memory + 8) * parameters + 11 * optimizer.memory**2 + 8 * optimizer.memory
    return 8 * doubles + 4 * 4 * parameters


def optimizer_record(optimizer: spec.AnyOptimizer) -> Any:
    """One record of the optimizer's constants, 0 where it has none of that name; its learning rate is the schedule's."""
    record = records(1, OPTIMIZER)
    record["code"] = RULES[optimizer.type].code
    for name, value in optimizer:
        if name in (OPTIMIZER.names or ()):
            record[name] = value
    return record
