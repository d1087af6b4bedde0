"""Whose turn it is: the tenant with the fewest running jobs, of several the one that was served the longest ago.

So one tenant may flood the queue, and another waits for no more than one of its jobs per worker. The tenants that wait are
found by skipping through an index from one to the next, however many jobs each of them has queued.

The statements take `most_running`, the limit of tenants that have none of their own: see `limit`.
"""

from typing import Any

from sqlalchemy import BigInteger, ColumnElement, Connection, Select, bindparam, exists, func, select

from core.store.tables import QUEUED, RUNNING, jobs, tenants

_NO_LIMIT = 2**53
_CLAIMS = 5318008471  # any number that nobody else locks in this database


def limit(most_running: int | None) -> dict[str, Any]:
    """The parameters of the statements below."""
    return {"most_running": _NO_LIMIT if most_running is None else most_running}


def take_turn(writer: Connection, most_running: int | None) -> None:
    """Where tenants are limited, PostgreSQL lets only one claim at a time count what runs; it ends with the transaction."""
    if writer.dialect.name == "postgresql":
        writer.execute(_ALONE if most_running is not None else _ALONE_WHERE_LIMITED)


def _own_limit(tenant: ColumnElement[str]) -> ColumnElement[int]:
    own = select(tenants.c.max_running_jobs).where(tenants.c.name == tenant).scalar_subquery()
    return func.coalesce(own, bindparam("most_running", type_=BigInteger))


def _next_tenant() -> Select[tuple[str]]:
    first = select(func.min(jobs.c.tenant).label("tenant")).where(jobs.c.state == QUEUED)
    waiting = first.cte("waiting", recursive=True)
    after = select(func.min(jobs.c.tenant)).where(jobs.c.state == QUEUED, jobs.c.tenant > waiting.c.tenant)
    waiting = waiting.union_all(select(after.scalar_subquery()).where(waiting.c.tenant.is_not(None)))
    theirs = jobs.alias("theirs")
    is_theirs = theirs.c.tenant == waiting.c.tenant
    running = select(func.count()).select_from(theirs).where(is_theirs, theirs.c.state == RUNNING).scalar_subquery()
    served_at = select(func.max(theirs.c.started_at)).where(is_theirs, theirs.c.started_at.is_not(None)).scalar_subquery()
    return (
        select(waiting.c.tenant)
        .where(waiting.c.tenant.is_not(None), running < _own_limit(waiting.c.tenant))
        .order_by(running, func.coalesce(served_at, 0), waiting.c.tenant)
        .limit(1)
    )


# The tenant whose job is to be started next; none where nothing waits, or only such as run as many as they may.
NEXT_TENANT = _next_tenant()

# The tenants that run as many jobs as they may.
LIMITED = (
    select(jobs.c.tenant)
    .where(jobs.c.state == RUNNING)
    .group_by(jobs.c.tenant)
    .having(func.count() >= _own_limit(jobs.c.tenant))
)

_ALONE = select(func.pg_advisory_xact_lock(_CLAIMS))
_ALONE_WHERE_LIMITED = _ALONE.where(exists().where(tenants.c.max_running_jobs.is_not(None)))
