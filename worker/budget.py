"""A budget in seconds becomes a number of epochs: once, by the first attempt that gets so far, on the machine that it runs on.

From then on the job is one of so many epochs. Every later attempt trains as many, wherever it runs, and whoever sends the job
with that number instead of the budget gets the same weights. A warm-up that would not end before them is shortened, and told:
that job needs it too.
"""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import cast

from core.blas import threads
from core.errors import Diverged
from core.nn.spec import TrainingSpec, Warmup
from core.nn.training import Training
from core.store import Job, Store
from worker.beginning import at_start
from worker.data import Prepared
from worker.heartbeat import Lease

REHEARSAL_SHARE = 0.05  # of the budget
REHEARSAL_S = (0.2, 10.0)
TRAINING_SHARE = 0.9  # of what the rehearsal leaves; the rest is for writing down what is learned
RECORDING_S = 2e-4  # of one epoch, at the least: each is a row in the database


class Budget:
    """Begins when it is made: reading the data counts."""

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._ends_at = clock() + seconds

    def epochs(self, scratch: Training, interrupted: Callable[[], bool]) -> int:
        """How many fit into what is left, at least one and at most those of the spec; `scratch` is thrown away afterwards."""
        least, most = REHEARSAL_S
        rehearsal_s = min(max(REHEARSAL_SHARE * self._seconds, least), most)
        with threads(scratch.spec.threads):
            epoch_s = seconds_per_epoch(scratch, self._clock, rehearsal_s, self._seconds / 2, interrupted)
        left_s = TRAINING_SHARE * (self._ends_at - self._clock())
        return max(1, min(scratch.spec.epochs, int(left_s / max(epoch_s, RECORDING_S))))


def seconds_per_epoch(
    training: Training, clock: Callable[[], float], seconds: float, most_seconds: float, interrupted: Callable[[], bool]
) -> float:
    """Of `training`, which has not begun and is thrown away afterwards; evaluation included.

    It runs for `seconds`, and on up to `most_seconds` until it has done some part of an epoch that can be reckoned with; where
    it has not even then, an epoch takes longer than that.
    """
    began = clock()

    def is_enough() -> bool:
        passed = clock() - began
        return interrupted() or passed >= most_seconds or (passed >= seconds and training.progress > 0)

    try:
        for _ in training.epochs(is_enough):
            pass
    except Diverged:  # the training itself will tell
        pass
    passed = clock() - began
    return passed / training.progress if training.progress else passed


def budget_of(job: Job) -> Budget | None:
    """None where the job has none, or has had it turned into epochs already."""
    seconds = job.spec["training"].get("budget_s")
    return None if seconds is None or job.epochs_total is not None else Budget(seconds)


def with_epochs(prepared: Prepared, budget: Budget | None, lease: Lease, store: Store, ended: Callable[[], bool]) -> Prepared:
    """The job with the number of its epochs, which is stored before the first of them begins."""
    spec, steps = prepared.training, prepared.sizes.steps_per_epoch
    if budget is None:
        epochs = cast(int, lease.claim.job.epochs_total)  # an earlier attempt has fixed it
    else:
        epochs = budget.epochs(lease.persist(lambda: at_start(prepared, lease.claim.job.tenant, store)), ended)
        if not ended():  # else it was not tried long enough, and nobody trains now
            warmup_steps = shortened_warmup(spec, epochs, steps)
            lease.persist(lambda: store.jobs.fix_epochs(lease.claim, epochs, warmup_steps))
    return replace(prepared, training=fitted(spec, epochs, steps))


def fitted(training: TrainingSpec, epochs: int, steps_per_epoch: int) -> TrainingSpec:
    """The same training in so many epochs."""
    schedule, warmup_steps = training.schedule, shortened_warmup(training, epochs, steps_per_epoch)
    if warmup_steps is not None:
        schedule = schedule.model_copy(update={"warmup": Warmup(steps=warmup_steps) if warmup_steps else None})
    return training.model_copy(update={"epochs": epochs, "schedule": schedule})


def shortened_warmup(training: TrainingSpec, epochs: int, steps_per_epoch: int) -> int | None:
    """Half of the steps where the warm-up of the schedule would not end before so many epochs; else None, it stays as it is."""
    warmup = training.schedule.warmup
    if warmup is None or (warmup.steps or (warmup.epochs or 0) * steps_per_epoch) < epochs * steps_per_epoch:
        return None
    return epochs * steps_per_epoch // 2
