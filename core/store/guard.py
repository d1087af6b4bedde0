"""The fence: what every write of a worker is compared with."""

from typing import Any

from sqlalchemy import ColumnElement, and_

from core.errors import LostLease
from core.store.records import Claim
from core.store.tables import RUNNING, jobs
from core.store.usage import used_s


def held(claim: Claim) -> ColumnElement[bool]:
    """Whether this attempt still owns the job."""
    return and_(
        jobs.c.id == claim.job.id,
        jobs.c.fence == claim.fence,
        jobs.c.state == RUNNING,
        jobs.c.lease_owner == claim.owner,
    )


def let_go() -> dict[str, Any]:
    """What changes beside the state when a job leaves its owner."""
    return {"lease_owner": None, "lease_until": None, "pause_requested": False, "used_s": used_s()}


def lost(claim: Claim) -> LostLease:
    return LostLease(f"attempt {claim.job.attempt} by {claim.owner} no longer owns {claim.job.id}")
