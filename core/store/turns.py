"""Whose turn it is: the tenant with the fewest running jobs, of several the one that was served the longest ago.

So one tenant may flood the queue, and another waits for no more than one of its jobs per worker. The tenants that wait are
found by skipping through an index from one to the next, however many jobs each of them has queued. A tenant is served by every
claim of a job of its, and its own row tells when: nothing that it does to its jobs changes that.

The statements take `most_running`, the limit of tenants that have none of their own: see `limit`.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, bindparam, func, select, update

from core.store.clock import now
from core.store.tables import QUEUED, RUNNING, jobs, tenants

_NO_LIMIT = 2**53
_GENERAL: ColumnElement[int] = bindparam("most_running", type_=BigInteger)


def limit(most_running: int | None) -> dict[str, Any]:
    """The parameters of the statements below."""
    return {"most_running": _NO_LIMIT if most_running is None else most_running}


def may_run(tenant: ColumnElement[str]) -> ColumnElement[bool]:
    """Whether it runs fewer jobs than it may."""
    return _running(tenant) < _limit(tenant)


def serve(writer: Connection, tenant: str) -> None:
    """Puts the tenant behind the others."""
    writer.execute(_SERVE, {"tenant": tenant})


def _running(tenant: ColumnElement[str]) -> ColumnElement[int]:
    theirs = jobs.alias("theirs")
    running = select(func.count()).select_from(theirs).where(theirs.c.tenant == tenant, theirs.c.state == RUNNING)
    return running.scalar_subquery()


def _limit(tenant: ColumnElement[str]) -> ColumnElement[int]:
    own = select(tenants.c.max_running_jobs).where(tenants.c.name == tenant).scalar_subquery()
    return func.coalesce(own, _GENERAL)


def _turns() -> Select[str, bool]:
    first = select(func.min(jobs.c.tenant).label("tenant")).where(jobs.c.state == QUEUED)
    waiting = first.cte("waiting", recursive=True)
    after = select(func.min(jobs.c.tenant)).where(jobs.c.state == QUEUED, jobs.c.tenant > waiting.c.tenant)
    waiting = waiting.union_all(select(after.scalar_subquery()).where(waiting.c.tenant.is_not(None)))
    running = _running(waiting.c.tenant)
    most = func.coalesce(tenants.c.max_running_jobs, _GENERAL)
    return (
        select(waiting.c.tenant, most < _NO_LIMIT)
        .select_from(waiting.outerjoin(tenants, tenants.c.name == waiting.c.tenant))
        .where(waiting.c.tenant.is_not(None), running < most)
        .order_by(running, func.coalesce(tenants.c.served_at, 0), waiting.c.tenant)
    )


# The tenants that wait and may run a job, in the order of their turns, and whether the jobs that each of them runs are limited.
TURNS = _turns()

# The tenants that run as many jobs as they may.
LIMITED = (
    select(jobs.c.tenant).where(jobs.c.state == RUNNING).group_by(jobs.c.tenant).having(func.count() >= _limit(jobs.c.tenant))
)

# Where another claim holds the row it is about to write the same, and nobody waits for that one.
_SERVE = (
    update(tenants)
    .where(
        tenants.c.name.in_(
            select(tenants.c.name)
            .where(tenants.c.name == bindparam("tenant"))
            .with_for_update(key_share=True, skip_locked=True)
        )
    )
    .values(served_at=now())
)
