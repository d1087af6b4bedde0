"""What is older than its tenant has such kept.

The tenants are found by skipping through an index of (tenant, time) from one to the next, with the oldest row of each; from
there the rows are read that are too old. So it costs little to find that none is, however many there are.
"""

import math

from sqlalchemy import Column, ColumnElement, Connection, Double, Integer, Select, TextClause, bindparam, func, select

from core.store.clock import now
from core.store.tables import NOBODY, tenants

KEEP_S = bindparam("keep_s", type_=Double)  # how long the rows of the tenant that is looked at are kept


class Ages:
    """The rows of one table, by their time `at`."""

    def __init__(
        self, at: Column[float], own: Column[float], *which: ColumnElement[bool] | TextClause, unneeded: ColumnElement[bool]
    ) -> None:
        """`own` is the column of a tenant's own time; `which` is what the index of (tenant, at) is limited to.

        `unneeded` is true of the rows that may go; it may contain KEEP_S.
        """
        self.tenants = _tenants(at, own, which)
        table = at.table
        is_old = (table.c.tenant == bindparam("tenant"), at < now() - KEEP_S)
        most = bindparam("most", type_=Integer)
        self.rows = select(table.c.id).where(*is_old, *which, unneeded).order_by(at).limit(most)

    def too_old(self, reader: Connection, keep_s: float | None, most: int) -> list[tuple[str, str, float]]:
        """(tenant, id, the tenant's time) of so many; `keep_s` is that of those with none of their own, None for ever."""
        found: list[tuple[str, str, float]] = []
        general = {"keep_s": math.inf if keep_s is None else keep_s}
        for tenant, time in reader.execute(self.tenants, general).all():
            limits = {"tenant": tenant, "keep_s": time, "most": most - len(found)}
            found += [(tenant, id, time) for id in reader.scalars(self.rows, limits)]
            if len(found) == most:
                break
        return found


def _tenants(at: Column[float], own: Column[float], which: tuple[ColumnElement[bool] | TextClause, ...]) -> Select[str, float]:
    """Of whose rows one at least is too old, and how long they are kept."""
    table = at.table
    first = select(func.min(table.c.tenant).label("name")).where(table.c.tenant > NOBODY, at.is_not(None), *which)
    owners = first.cte("owners", recursive=True)
    after = select(func.min(table.c.tenant)).where(table.c.tenant > owners.c.name, at.is_not(None), *which)
    owners = owners.union_all(select(after.scalar_subquery()).where(owners.c.name.is_not(None)))
    time = func.coalesce(select(own).where(tenants.c.name == owners.c.name).scalar_subquery(), KEEP_S)
    oldest = select(func.min(at)).where(table.c.tenant == owners.c.name, at.is_not(None), *which).scalar_subquery()
    return select(owners.c.name, time).where(owners.c.name.is_not(None), oldest < now() - time)
