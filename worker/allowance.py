"""How long one attempt may take, by its tenant's quota."""

import time

from core.errors import QuotaExceeded


class Allowance:
    """`job_s` seconds from now on, or for ever."""

    def __init__(self, job_s: float | None) -> None:
        self._job_s = job_s
        self._began = time.monotonic()

    @property
    def is_over(self) -> bool:
        return self._job_s is not None and time.monotonic() - self._began > self._job_s

    def exceeded(self) -> QuotaExceeded:
        taken = time.monotonic() - self._began
        return QuotaExceeded(
            f"job_s: the job has taken {taken:.3g} seconds and is not at its end, your quota is {self._job_s:g}"
        )
