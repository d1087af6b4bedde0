"""What a tenant may have, and how much of it it has."""

from sqlalchemy import Column, ColumnElement, Connection, Select, Table, func, select

from core.errors import QuotaExceeded, TooManyJobs
from core.jobs import LOWEST_PRIORITY
from core.quotas import Quotas
from core.store.database import Database
from core.store.locks import Count, lock
from core.store.own import Own
from core.store.tables import PAUSED, QUEUED, datasets, jobs, sent_weights

_WAITING = (QUEUED, PAUSED)


class TenantQuotas(Own[Quotas]):
    def __init__(self, database: Database) -> None:
        super().__init__(database, Quotas, "max_")

    def check_queue(self, tenant: str, most: int | None) -> None:
        """TooManyJobs where as many wait as may. Worth a look before a request is worked on; `jobs.submit` decides."""
        if most is not None:
            with self._database.reading() as reader:
                _check_room(reader.scalar(waiting(tenant, *_WAITING)) or 0, most)

    def check_upload(self, tenant: str, size: int, most: int | None) -> None:
        """QuotaExceeded where there is no room for a file of so many bytes. Worth a look before it is received; a file of the
        size of one that is there may be that one again, and is let in."""
        if most is None:
            return
        with self._database.reading() as reader:
            used = _stored(reader, tenant)
            if used + size <= most:
                return
            for table in (datasets, sent_weights):
                same = select(table.c.id).where(table.c.tenant == tenant, table.c.size_bytes == size).limit(1)
                if reader.scalar(same) is not None:
                    return
        raise QuotaExceeded(
            f"stored_bytes: the file has {size:,} bytes, {used:,} are stored, your quota is {most:,}; "
            "delete jobs, datasets or weights that you need no more"
        )

    def room(self, tenant: str, came: int, most: int | None) -> int | None:
        """How many bytes a file may have of which it is only known how many `came`; None is any. QuotaExceeded where those are
        more than there is room for, and more than the largest file has that is there, which it may be again."""
        if most is None:
            return None
        with self._database.reading() as reader:
            used = _stored(reader, tenant)
            sizes = (reader.scalar(_largest(table, tenant)) or 0 for table in (datasets, sent_weights))
            room = max(most - used, *sizes)
        if came > room:
            raise QuotaExceeded(
                f"stored_bytes: {came:,} bytes of the file came, {used:,} are stored, your quota is {most:,}; "
                "delete jobs, datasets or weights that you need no more"
            )
        return room


def check_queue(writer: Connection, tenant: str, most: int | None, *, with_paused: bool = True) -> None:
    """TooManyJobs where more jobs wait than may, that among them which this transaction has queued; call it at its end.

    Paused jobs count like queued ones: each of them may be queued again. Of those it is asked whether there is room for them.
    """
    if most is None:
        return
    lock(writer, Count.WAITING, tenant)
    used = writer.scalar(waiting(tenant, *(_WAITING if with_paused else (QUEUED,)))) or 0
    _check_room(used - 1, most)


def waiting(tenant: str, *states: ColumnElement[str], priority: int = LOWEST_PRIORITY) -> Select[int]:
    """How many jobs of the tenant are in one of these states, of this priority at least."""
    theirs = (jobs.c.tenant == tenant, jobs.c.state.in_(states))
    counted = select(func.count()).select_from(jobs).where(*theirs)
    return counted if priority == LOWEST_PRIORITY else counted.where(jobs.c.priority >= priority)


def check_storage(writer: Connection, tenant: str, most: int | None) -> None:
    """QuotaExceeded where datasets, weights that were sent and jobs are too many bytes, what this transaction adds among them.
    Call it at the end of the transaction.
    """
    if most is None:
        return
    lock(writer, Count.STORED, tenant)
    used = _stored(writer, tenant)
    if used > most:
        raise QuotaExceeded(
            f"stored_bytes: with these there would be {used:,} bytes, your quota is {most:,}; "
            "delete jobs, datasets or weights that you need no more"
        )


_STORED = (datasets.c.stored_bytes, sent_weights.c.size_bytes, jobs.c.stored_bytes)


def _stored(reader: Connection, tenant: str) -> int:
    return sum(int(reader.scalar(_total(size, tenant)) or 0) for size in _STORED)


def _total(size: Column[int], tenant: str) -> Select[int]:
    return select(func.coalesce(func.sum(size), 0)).where(size.table.c.tenant == tenant)


def _largest(table: Table, tenant: str) -> Select[int]:
    return select(func.max(table.c.size_bytes)).where(table.c.tenant == tenant)


def _check_room(used: int, most: int) -> None:
    if used >= most:
        raise TooManyJobs(f"queued_jobs: {used:,} of your jobs wait already, your quota is {most:,}; send it again later")
