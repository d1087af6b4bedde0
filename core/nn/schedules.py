"""Schedules as numbers: what the compiled loop reads of them."""

from typing import Any

import numpy as np

from core.nn import spec
from core.nn.memory import records

CONSTANT, STEP, EXPONENTIAL, POLYNOMIAL, COSINE, ONE_CYCLE, REDUCE_ON_PLATEAU = range(7)

CODES = {
    "constant": CONSTANT,
    "step": STEP,
    "exponential": EXPONENTIAL,
    "polynomial": POLYNOMIAL,
    "cosine": COSINE,
    "one_cycle": ONE_CYCLE,
    "reduce_on_plateau": REDUCE_ON_PLATEAU,
}
SCHEDULE = np.dtype(
    [
        ("code", np.int64),
        ("warmup_steps", np.int64),
        ("warmup_epochs", np.int64),
        ("factor", np.float64),
        ("every", np.int64),  # epochs
        ("power", np.float64),
        ("end", np.float64),
        ("period", np.int64),  # epochs; 0: to the end
        ("multiplier", np.int64),
        ("minimum", np.float64),
        ("rise", np.float64),
        ("start_divisor", np.float64),
        ("end_divisor", np.float64),
        ("patience", np.int64),
        ("min_delta", np.float64),
    ]
)


def schedule_record(schedule: spec.AnySchedule) -> Any:
    """One record of the schedule's constants, 0 where it has none of that name."""
    record = records(1, SCHEDULE)
    record["code"] = CODES[schedule.type]
    if schedule.warmup is not None:
        record["warmup_steps"] = schedule.warmup.steps or 0
        record["warmup_epochs"] = schedule.warmup.epochs or 0
    for name, value in schedule:
        if name not in ("type", "warmup"):
            record[name] = value or 0
    return record
