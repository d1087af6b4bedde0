"""All events of a tenant in one order, in which a reader who knows a number misses nothing that comes after it.

Transactions end in another order than they began in, so no number that is drawn inside of one tells what a reader has seen.
Events are numbered when they are there for all to see, by whoever looks first: one at a time of a tenant, since each holds its
row in `feeds`. Numbers only grow, agree with each job's own order, and are given once; those of deleted jobs are left out.
"""

from collections.abc import Iterable, Sequence
from dataclasses import fields

from sqlalchemy import ColumnElement, Connection, bindparam, func, select, update

from core.store.database import Database
from core.store.records import FeedEvent
from core.store.tables import events, feeds, jobs

AT_ONCE = 1000  # events that one transaction numbers

_EVENT = tuple((jobs if field.name == "name" else events).c[field.name] for field in fields(FeedEvent))
_IS_NEW = (events.c.tenant == bindparam("of"), events.c.number.is_(None))
_NEW = select(events.c.job_id).where(*_IS_NEW).limit(1)
_LASTS = select(feeds.c.tenant, feeds.c.last).where(feeds.c.tenant.in_(bindparam("tenants", expanding=True)))


class Feed:
    def __init__(self, database: Database) -> None:
        self._database = database

    def lasts(self, tenants: Iterable[str]) -> dict[str, int]:
        """The last number of each of these tenants, after all events that are there have one; 0 where there is none."""
        wanted = list(tenants)
        for tenant in self._waiting(events.c.tenant.in_(wanted)):
            self.number(tenant)
        with self._database.reading() as reader:
            return dict.fromkeys(wanted, 0) | {row.tenant: row.last for row in reader.execute(_LASTS, {"tenants": wanted})}

    def page(self, tenant: str, after: int = 0, limit: int = 100) -> list[FeedEvent]:
        """The numbered events that follow the number `after`."""
        with self._database.reading() as reader:
            return read_feed(reader, tenant, after, limit)

    def number(self, tenant: str) -> None:
        """Gives all events of the tenant that are there a number."""
        while self._has_new(tenant):
            self._number_some(tenant)

    def number_some(self) -> None:
        """Of every tenant, so that nobody who looks for the first time has to wait for all that has ever happened."""
        for tenant in self._waiting():
            self._number_some(tenant)

    def _waiting(self, *conditions: ColumnElement[bool]) -> Sequence[str]:
        """The tenants of events that have no number, by one look for all."""
        with self._database.reading() as reader:
            found = reader.scalars(select(events.c.tenant).where(events.c.number.is_(None), *conditions).distinct()).all()
        return [tenant for tenant in found if tenant is not None]

    def _number_some(self, tenant: str) -> None:
        with self._database.writing() as writer:
            _number(writer, self._database, tenant)

    def _has_new(self, tenant: str) -> bool:
        with self._database.reading() as reader:
            return reader.scalar(_NEW, {"of": tenant}) is not None


def read_feed(reader: Connection, tenant: str, after: int, limit: int) -> list[FeedEvent]:
    query = (
        select(*_EVENT)
        .join(jobs, jobs.c.id == events.c.job_id)
        .where(events.c.tenant == tenant, events.c.number > after, jobs.c.tenant == tenant)
        .order_by(events.c.number)
        .limit(limit)
    )
    return [FeedEvent(*row) for row in reader.execute(query)]


def _number(writer: Connection, database: Database, tenant: str) -> None:
    """Up to `AT_ONCE` events, by their times, but for each job in its own order, whatever the clock did."""
    writer.execute(database.insert(feeds).values(tenant=tenant).on_conflict_do_nothing(index_elements=["tenant"]))
    last = writer.scalar(select(feeds.c.last).where(feeds.c.tenant == tenant).with_for_update())
    columns = (events.c.job_id, events.c.seq, events.c.at)
    new = select(*columns).where(*_IS_NEW).order_by(events.c.job_id, events.c.seq).limit(AT_ONCE).subquery("new")
    reached = func.max(new.c.at).over(partition_by=new.c.job_id, order_by=new.c.seq).label("reached")
    timed = select(new.c.job_id, new.c.seq, reached).subquery("timed")
    place = func.row_number().over(order_by=(timed.c.reached, timed.c.job_id, timed.c.seq)).label("place")
    placed = select(timed.c.job_id, timed.c.seq, place).subquery("placed")
    given = (
        update(events)
        .where(events.c.job_id == placed.c.job_id, events.c.seq == placed.c.seq)
        .values(number=bindparam("last_number") + placed.c.place)
        .returning(events.c.number)
    )
    # Not their count: of those that were chosen some may be deleted meanwhile.
    numbers = writer.scalars(given, {"of": tenant, "last_number": last}).all()
    if numbers:
        writer.execute(update(feeds).where(feeds.c.tenant == tenant).values(last=max(numbers)))
