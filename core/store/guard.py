"""The fence: what every write of a worker is compared with."""

from typing import Any

from sqlalchemy import ColumnElement, and_, case

from core.errors import LostLease
from core.store.clock import now
from core.store.records import Claim
from core.store.tables import RUNNING, jobs


def held(claim: Claim) -> ColumnElement[bool]:
    """Whether this attempt still owns the job."""
    return and_(
        jobs.c.id == claim.job.id,
        jobs.c.fence == claim.fence,
        jobs.c.state == RUNNING,
        jobs.c.lease_owner == claim.owner,
    )


def let_go() -> dict[str, Any]:
    """What changes beside the state when a job leaves its owner. The time after the end of a lease is nobody's."""
    until = case((jobs.c.lease_until < now(), jobs.c.lease_until), else_=now())
    used_s = jobs.c.used_s + case((until > jobs.c.claimed_at, until - jobs.c.claimed_at), else_=0.0)
    return {"lease_owner": None, "lease_until": None, "pause_requested": False, "used_s": used_s}


def lost(claim: Claim) -> LostLease:
    return LostLease(f"attempt {claim.job.attempt} by {claim.owner} no longer owns {claim.job.id}")
