"""How much one tenant may have at once, and how long what it has is kept."""

from dataclasses import dataclass, fields
from typing import Any, Self

LARGEST_QUOTA = 2**53


class Limits:
    """Of all tenants, from the settings, or a tenant's own."""

    __slots__ = ()

    def under(self, own: Self) -> Self:
        """A tenant's own where it has some, else these."""
        return type(self)(**{name: _first(getattr(own, name), getattr(self, name)) for name in self.names()})

    @classmethod
    def names(cls) -> tuple[str, ...]:
        return tuple(field.name for field in fields(cls))  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True)
class Quotas(Limits):
    """None is no limit."""

    queued_jobs: int | None = None  # paused ones among them
    running_jobs: int | None = None
    stored_bytes: int | None = None  # of datasets, of weights that were sent, of jobs with all that is theirs
    parameters: int | None = None  # of one network
    rows: int | None = None  # of one dataset, and of all that one job looks at
    job_s: float | None = None  # of one attempt at a job


@dataclass(frozen=True, slots=True)
class KeepTimes(Limits):
    """Seconds after the end or the last use; infinity is for ever. None is what the settings say, and in those for ever."""

    jobs_s: float | None = None
    epochs_s: float | None = None  # of jobs that have ended, and their snapshots
    datasets_s: float | None = None  # and weights that were sent


def _first(own: Any, general: Any) -> Any:
    return general if own is None else own
