"""Milliseconds of an optimizer's update alone, over PARAMETERS parameters, beside the copying of as many bytes."""

import time
from collections.abc import Callable
from typing import Any, get_args

import numpy as np
from numba import njit

from benchmarks.comparison import OURS, Comparison, take_turns
from core.nn.kernels.update import update
from core.nn.memory import records
from core.nn.optimizers import optimizer_record, slot_count
from core.nn.records import STATE
from core.nn.spec import AnyOptimizer, TrainingSpec

PARAMETERS = 10_000_000
# How many vectors an update reads and writes, at the least.
MOVED = {"adam": 7, "adamw": 7, "rmsprop": 5}


def optimizers() -> list[str]:
    known = {member.model_fields["type"].default for member in get_args(AnyOptimizer)}
    return [name for name in MOVED if name in known]


def measure(optimizer: str, rounds: int, with_pytorch: bool) -> Comparison:
    runs = {OURS: gradmill(optimizer)}
    if with_pytorch:
        runs["pytorch"] = pytorch(optimizer)
    copy = copying()
    return take_turns(optimizer, runs | {"copy": lambda: copy() * MOVED[optimizer] / 2}, rounds)


def bandwidth(comparison: Comparison) -> float:
    """Gigabytes per second, read and written, of a copy."""
    return MOVED[comparison.name] * 4 * PARAMETERS / comparison.time("copy") / 1e6


def gradmill(optimizer: str) -> Callable[[], float]:
    training = TrainingSpec.model_validate({"loss": "mean_squared_error", "optimizer": optimizer})
    optimizers, states = optimizer_record(training.optimizer), records(1, STATE)
    theta, grad, *slots = vectors(2 + slot_count(training.optimizer))

    @njit
    def step(optimizers: Any, states: Any, theta: Any, grad: Any, slots: Any) -> None:
        states[0].updates += 1
        update(optimizers[0], 0.001, states[0], theta, grad, slots)

    slots = np.array(slots)
    return timed(lambda: step(optimizers, states, theta, grad, slots))


def pytorch(optimizer: str) -> Callable[[], float]:
    """Fused where PyTorch has it, else its way of the fewest passes."""
    import torch

    torch.set_num_threads(1)
    theta = torch.nn.Parameter(torch.from_numpy(vectors(1)[0]))
    theta.grad = torch.from_numpy(vectors(1)[0])
    match optimizer:
        case "adam":
            step = torch.optim.Adam([theta], fused=True).step
        case "adamw":
            step = torch.optim.AdamW([theta], fused=True).step
        case _:
            step = torch.optim.RMSprop([theta], foreach=True).step
    return timed(step)


def copying() -> Callable[[], float]:
    one, other = vectors(2)
    return timed(lambda: np.copyto(one, other))


def vectors(count: int) -> list[Any]:
    """All different, all touched."""
    rng = np.random.default_rng(0)
    return [rng.random(PARAMETERS, np.float32) for _ in range(count)]


def timed(update: Callable[[], Any], times: int = 5) -> Callable[[], float]:
    update()

    def run() -> float:
        began = time.perf_counter()
        for _ in range(times):
            update()
        return (time.perf_counter() - began) / times * 1e3

    return run
