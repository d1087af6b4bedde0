"""The learning rate of a step: a pure function of how many were taken before, so that nothing of it need be remembered.

`base` is the optimizer's rate η₀, `update` counts the steps done from 0, `steps` are those of an epoch, `total` those of the
whole training. Double precision throughout.
"""

import math
from typing import Any

from core.nn.kernels.compile import kernel
from core.nn.schedules import CONSTANT, COSINE, EXPONENTIAL, ONE_CYCLE, POLYNOMIAL, STEP


@kernel
def rate(schedule: Any, base: float, update: int, steps: int, total: int) -> Any:
    """Of the step after `update` others. In a warm-up of n steps the k-th has k / n of the schedule's first rate.

    The schedule counts its steps from the end of the warm-up. Goyal et al. 2017, section 2.2.
    """
    warmup = schedule.warmup_steps + schedule.warmup_epochs * steps
    rest = max(total - warmup, 1)
    if update < warmup:
        return (update + 1) / warmup * scheduled(schedule, base, 0, steps, rest)
    return scheduled(schedule, base, update - warmup, steps, rest)


@kernel
def scheduled(schedule: Any, base: float, update: int, steps: int, total: int) -> Any:
    """The rate without a warm-up."""
    if schedule.code == CONSTANT:
        return base
    if schedule.code == STEP:
        return base * schedule.factor ** (update // (steps * schedule.every))
    if schedule.code == EXPONENTIAL:
        return base * schedule.factor ** (update // steps)
    if schedule.code == POLYNOMIAL:
        return schedule.end + (base - schedule.end) * (1.0 - update / total) ** schedule.power
    if schedule.code == COSINE:
        return cosine(schedule, base, update, steps, total)
    if schedule.code == ONE_CYCLE:
        return one_cycle(schedule, base, update, total)
    return base  # reduce_on_plateau lowers the base itself


@kernel
def cosine(schedule: Any, base: float, update: int, steps: int, total: int) -> Any:
    """Half a cosine from `base` to the minimum in every period. Loshchilov and Hutter 2017, eq. 5."""
    period = schedule.period * steps if schedule.period else total
    if schedule.multiplier == 1:
        update = update % period
    else:
        while update >= period:
            update -= period
            period *= schedule.multiplier
    return between(base, schedule.minimum, update / period)


@kernel
def one_cycle(schedule: Any, base: float, update: int, total: int) -> Any:
    """Up to `base` with the last step of the first share, down with the last of all. Smith and Topin 2018, section 3."""
    start, peak = base / schedule.start_divisor, schedule.rise * total - 1.0
    if update <= peak:
        return between(start, base, update / peak if peak > 0.0 else 1.0)
    return between(base, start / schedule.end_divisor, (update - peak) / (total - 1.0 - peak))


@kernel
def between(first: float, last: float, share: float) -> Any:
    """Along half a cosine: `first` where the share is 0, `last` where it is 1."""
    return last + (first - last) * (1.0 + math.cos(math.pi * share)) / 2.0


@kernel
def reduce_on_plateau(schedule: Any, state: Any, loss: float) -> None:
    """η ← max(minimum, factor · η) after more than `patience` epochs without a fall of the loss by more than min_delta."""
    if loss < state.plateau_loss - schedule.min_delta:
        state.plateau_loss, state.plateau_epochs = loss, 0
        return
    state.plateau_epochs += 1
    if state.plateau_epochs > schedule.patience:
        state.base_rate = min(state.base_rate, max(schedule.minimum, schedule.factor * state.base_rate))
        state.plateau_epochs = 0
