"""What a tenant may have, and how much of it it has."""

from sqlalchemy import Connection, func, select

from core.errors import QuotaExceeded, TooManyJobs
from core.quotas import Quotas
from core.store.database import Database
from core.store.own import Own
from core.store.tables import QUEUED, datasets, jobs, sent_weights


class TenantQuotas(Own[Quotas]):
    def __init__(self, database: Database) -> None:
        super().__init__(database, Quotas, "max_")

    def check_queue(self, tenant: str, most: int | None) -> None:
        """TooManyJobs where as many wait as may. Requests at the same moment may pass it by as many as they are."""
        if most is None:
            return
        waiting = select(func.count()).select_from(jobs).where(jobs.c.state == QUEUED, jobs.c.tenant == tenant)
        with self._database.reading() as reader:
            used = reader.scalar(waiting) or 0
        if used >= most:
            raise TooManyJobs(f"queued_jobs: {used:,} of your jobs wait already, your quota is {most:,}; send it again later")


def check_storage(writer: Connection, tenant: str, most: int | None) -> None:
    """QuotaExceeded where datasets and weights that were sent are too many bytes, what this transaction adds among them."""
    if most is None:
        return
    used = 0
    for size, owner in ((datasets.c.table_bytes, datasets.c.tenant), (sent_weights.c.size_bytes, sent_weights.c.tenant)):
        used += int(writer.scalar(select(func.coalesce(func.sum(size), 0)).where(owner == tenant)) or 0)
    if used > most:
        raise QuotaExceeded(
            f"stored_bytes: with these there would be {used:,} bytes, your quota is {most:,}; "
            "delete datasets or weights that you need no more"
        )
