"""How long workers have had a job."""

from sqlalchemy import ColumnElement, and_, case

from core.store.clock import now
from core.store.tables import RUNNING, jobs


def used_s() -> ColumnElement[float]:
    """Seconds in all attempts, the one that runs included; the column holds those that are over.

    The time after the end of a lease is nobody's.
    """
    until = case((jobs.c.lease_until < now(), jobs.c.lease_until), else_=now())
    runs = and_(jobs.c.state == RUNNING, until > jobs.c.claimed_at)
    return jobs.c.used_s + case((runs, until - jobs.c.claimed_at), else_=0.0)
