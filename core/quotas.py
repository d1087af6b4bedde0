"""How much one tenant may have at once. None is no limit."""

from dataclasses import dataclass, fields
from typing import Any

LARGEST_QUOTA = 2**53


@dataclass(frozen=True, slots=True)
class Quotas:
    queued_jobs: int | None = None
    running_jobs: int | None = None
    stored_bytes: int | None = None  # of datasets and of weights that were sent
    parameters: int | None = None  # of one network
    rows: int | None = None  # of one dataset, and of all that one job looks at
    job_s: float | None = None  # of one attempt at a job

    def under(self, own: "Quotas") -> "Quotas":
        """A tenant's own where it has some, else these."""
        return Quotas(**{each.name: _first(getattr(own, each.name), getattr(self, each.name)) for each in fields(self)})


def _first(own: Any, general: Any) -> Any:
    return general if own is None else own
