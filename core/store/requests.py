"""Jobs as their clients see them: submit, look, repeat.

Every statement that gives a job to its client carries the tenant; `versions`, which gives numbers alone, is asked about jobs
that a client was given before.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import fields, replace

from sqlalchemy import Connection, bindparam, insert, select

from core.errors import Conflict, NotFound, Unavailable
from core.ids import new_id, time_of
from core.jobs import LOWEST_PRIORITY, State
from core.store.clock import now
from core.store.database import Database
from core.store.events import write_event
from core.store.idempotency import remember
from core.store.needed import hold
from core.store.quotas import check_queue, check_storage, waiting
from core.store.records import Idempotency, Job, JobSummary, NewJob, Page
from core.store.rows import JOB, no_dataset, no_job, to_job
from core.store.sent import hold_start
from core.store.sizes import sizes_of
from core.store.summaries import APART_S, Sought, read_page
from core.store.tables import QUEUED, datasets, jobs

_NEW = tuple(jobs.c[field.name] for field in fields(NewJob))

# Built once: SQLAlchemy takes longer to build the statement of a status poll than the database to answer it.
_ONE = select(*JOB).where(jobs.c.id == bindparam("id"), jobs.c.tenant == bindparam("tenant"))
_VERSIONS = select(jobs.c.id, jobs.c.version).where(jobs.c.id.in_(bindparam("ids", expanding=True)))


class Requests:
    _database: Database

    def submit(
        self,
        tenant: str,
        new: NewJob,
        idempotency: Idempotency | None = None,
        most_queued: int | None = None,
        most_stored_bytes: int | None = None,
    ) -> Job:
        """Queues a job. The same key with the same request gives the job of the first time.

        Raises IdempotencyMismatch where the key came with another request, NotFound where a dataset is not there, or the
        weights that it starts from, TooManyJobs where more than `most_queued` of the tenant would wait, QuotaExceeded where
        its snapshots would not fit into `most_stored_bytes`.
        """

        def queue(id: str) -> Job:
            with self._database.writing() as writer:
                first = self._made_before(writer, tenant, idempotency, id)
                return first or _queue(writer, tenant, id, new, most_queued, most_stored_bytes)

        return _with_an_id(queue)

    def retry(
        self,
        tenant: str,
        id: str,
        idempotency: Idempotency | None = None,
        most_queued: int | None = None,
        most_stored_bytes: int | None = None,
    ) -> Job:
        """Queues a new job of the spec of one that has failed or was cancelled, to be trained from its beginning.

        Conflict where its state forbids that, or where something is gone that it needs. IdempotencyMismatch, TooManyJobs and
        QuotaExceeded as above.
        """

        def queue(new: str) -> Job:
            with self._database.writing() as writer:
                first = self._made_before(writer, tenant, idempotency, new)
                if first is not None:
                    return first
                again = _repeated(writer, tenant, id)
                try:
                    return _queue(writer, tenant, new, again, most_queued, most_stored_bytes)
                except NotFound as error:
                    raise Conflict(f"job {id} cannot be retried: {error.message}") from None

        return _with_an_id(queue)

    def get(self, tenant: str, id: str) -> Job:
        """One row by its primary key."""
        with self._database.reading() as reader:
            row = reader.execute(_ONE, {"id": id, "tenant": tenant}).one_or_none()
        if row is None:
            raise no_job(id)
        return to_job(row)

    def page(
        self,
        tenant: str,
        *,
        state: State | None = None,
        metadata: Mapping[str, str] | None = None,
        created_after: float | None = None,
        created_before: float | None = None,
        cursor: str | None = None,
        limit: int = 20,
    ) -> Page[JobSummary]:
        """Newest first. `metadata` must be contained in the job's; the times are exclusive.

        By metadata and times at most `LOOKED_AT` jobs are looked at for a page: where few of them are sought it is short, even
        empty, and has a next one all the same.
        """
        sought = Sought(state, metadata or {}, created_after, created_before)
        with self._database.reading() as reader:
            return read_page(reader, tenant, sought, cursor, limit)

    def versions(self, ids: Iterable[str]) -> dict[str, int]:
        """The version of each of these jobs that exists, by one statement."""
        with self._database.reading() as reader:
            found = reader.execute(_VERSIONS, {"ids": list(ids)})
            return {row.id: row.version for row in found}

    def queue_length(self, tenant: str, priority: int = LOWEST_PRIORITY) -> int:
        """How many jobs of the tenant wait for a worker, of this priority at least."""
        with self._database.reading() as reader:
            return reader.scalar(waiting(tenant, QUEUED, priority=priority)) or 0

    def _made_before(self, writer: Connection, tenant: str, idempotency: Idempotency | None, id: str) -> Job | None:
        """The job that the key made before; None where from now on it is the one with this id."""
        first = id if idempotency is None else remember(self._database, writer, tenant, idempotency, id)
        return None if first == id else to_job(writer.execute(_ONE, {"id": first, "tenant": tenant}).one())


class _ClocksApart(Unavailable):
    """An id would tell another time than the job that it is of."""

    def __init__(self, id: str, created_at: float) -> None:
        super().__init__(f"the clock of this machine is {time_of(id) - created_at:.0f} s ahead of the database's")
        self.created_at = created_at


def _with_an_id(queue: Callable[[str], Job]) -> Job:
    """What `queue` makes of a new id: by this machine's clock, or the database's where they are too far apart for lists."""
    try:
        return queue(new_id("job"))
    except _ClocksApart as apart:
        return queue(new_id("job", apart.created_at))


def _repeated(writer: Connection, tenant: str, id: str) -> NewJob:
    """What a job that failed or was cancelled had asked for; Conflict where it did not."""
    row = writer.execute(select(jobs.c.state, *_NEW).where(jobs.c.id == id, jobs.c.tenant == tenant)).one_or_none()
    if row is None:
        raise no_job(id)
    state, *asked = row
    if state not in (State.FAILED, State.CANCELLED):
        has = "has" if state == State.SUCCEEDED else "is"
        raise Conflict(f"job {id} {has} {state}: only a failed or cancelled job can be retried")
    again = replace(NewJob(*asked), retry_of=id)
    is_timed = again.spec.get("training", {}).get("budget_s") is not None
    return replace(again, epochs_total=None) if is_timed else again


def _queue(
    writer: Connection, tenant: str, id: str, new: NewJob, most_queued: int | None, most_stored_bytes: int | None
) -> Job:
    """NotFound where something is not there that the job needs."""
    asked = {column.name: getattr(new, column.name) for column in _NEW} | {"metadata": dict(new.metadata)}
    made = {"id": id, "tenant": tenant, "state": State.QUEUED, "created_at": now(), "dispatch_at": now()}
    row = writer.execute(insert(jobs).values(asked | made | sizes_of(new)).returning(*JOB)).one()
    if abs(time_of(id) - row.created_at) > APART_S:
        raise _ClocksApart(id, row.created_at)
    # The lock holds off a deletion of a dataset until this job is there to forbid it.
    for needed in filter(None, (new.dataset_id, new.validation_dataset_id)):
        hold(writer, datasets, tenant, needed, no_dataset(needed))
    if new.start_id is not None:
        hold_start(writer, tenant, new.start_id)
    write_event(writer, id, "submitted", {} if new.retry_of is None else {"retry_of": new.retry_of})
    check_queue(writer, tenant, most_queued)
    check_storage(writer, tenant, most_stored_bytes)
    return to_job(row)
