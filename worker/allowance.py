"""How long an attempt may take: by its tenant's quota, and by the job's own `max_seconds`, which all attempts share."""

import time

from core.errors import CapacityError, DeadlinePassed, QuotaExceeded
from core.store import Job


class Allowance:
    """From now on `job_s` seconds, or for ever; and as long as the job has seconds left."""

    def __init__(self, job_s: float | None, job: Job) -> None:
        self._job_s = job_s
        self._max_seconds = job.spec["training"].get("max_seconds")
        self._used_s = job.used_s
        self._began = time.monotonic()

    @property
    def is_over(self) -> bool:
        return self._is_past_deadline or (self._job_s is not None and self._taken_s > self._job_s)

    def exceeded(self) -> QuotaExceeded | CapacityError:
        if self._is_past_deadline:
            return DeadlinePassed(
                f"max_seconds is {self._max_seconds:g}, the job has taken {self._used_s + self._taken_s:.3g} seconds in all "
                "its attempts and is not at its end; allow more, or ask for what fits into a time with budget_s"
            )
        return QuotaExceeded(
            f"job_s: the job has taken {self._taken_s:.3g} seconds and is not at its end, your quota is {self._job_s:g}"
        )

    @property
    def _taken_s(self) -> float:
        return time.monotonic() - self._began

    @property
    def _is_past_deadline(self) -> bool:
        return self._max_seconds is not None and self._used_s + self._taken_s > self._max_seconds
