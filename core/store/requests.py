"""Jobs as their clients see them: submit, look, repeat.

Every statement that gives a job to its client carries the tenant; `versions`, which gives numbers alone, is asked about jobs
that a client was given before.
"""

from collections.abc import Iterable, Mapping
from dataclasses import fields, replace

from sqlalchemy import ColumnElement, Connection, bindparam, exists, func, insert, select

from core.errors import Conflict, NotFound
from core.ids import new_id
from core.jobs import LOWEST_PRIORITY, State
from core.store.clock import now
from core.store.database import Database
from core.store.events import write_event
from core.store.idempotency import remember
from core.store.needed import hold
from core.store.quotas import check_queue, waiting
from core.store.records import Idempotency, Job, JobSummary, NewJob, Page
from core.store.rows import JOB, no_dataset, no_job, page, to_job
from core.store.sent import hold_start
from core.store.summaries import SUMMARY, to_summary
from core.store.tables import QUEUED, datasets, jobs

_NEW = tuple(jobs.c[field.name] for field in fields(NewJob))

# Built once: SQLAlchemy takes longer to build the statement of a status poll than the database to answer it.
_ONE = select(*JOB).where(jobs.c.id == bindparam("id"), jobs.c.tenant == bindparam("tenant"))
_VERSIONS = select(jobs.c.id, jobs.c.version).where(jobs.c.id.in_(bindparam("ids", expanding=True)))


class Requests:
    _database: Database

    def submit(self, tenant: str, new: NewJob, idempotency: Idempotency | None = None, most_queued: int | None = None) -> Job:
        """Queues a job. The same key with the same request gives the job of the first time.

        Raises IdempotencyMismatch where the key came with another request, NotFound where a dataset is not there, or the
        weights that it starts from, TooManyJobs where more than `most_queued` of the tenant would wait.
        """
        id = new_id("job")
        with self._database.writing() as writer:
            first = self._made_before(writer, tenant, idempotency, id)
            return first or _queue(writer, tenant, id, new, most_queued)

    def retry(self, tenant: str, id: str, idempotency: Idempotency | None = None, most_queued: int | None = None) -> Job:
        """Queues a new job of the spec of one that has failed or was cancelled, to be trained from its beginning.

        Conflict where its state forbids that, or where something is gone that it needs. IdempotencyMismatch and
        TooManyJobs as above.
        """
        new = new_id("job")
        with self._database.writing() as writer:
            first = self._made_before(writer, tenant, idempotency, new)
            if first is not None:
                return first
            query = select(jobs.c.state, *_NEW).where(jobs.c.id == id, jobs.c.tenant == tenant)
            row = writer.execute(query).one_or_none()
            if row is None:
                raise no_job(id)
            state, *asked = row
            if state not in (State.FAILED, State.CANCELLED):
                has = "has" if state == State.SUCCEEDED else "is"
                raise Conflict(f"job {id} {has} {state}: only a failed or cancelled job can be retried")
            again = replace(NewJob(*asked), retry_of=id)
            if again.spec.get("training", {}).get("budget_s") is not None:
                again = replace(again, epochs_total=None)
            try:
                return _queue(writer, tenant, new, again, most_queued)
            except NotFound as error:
                raise Conflict(f"job {id} cannot be retried: {error.message}") from None

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
        """Newest first. `metadata` must be contained in the job's; the times are exclusive."""
        query = select(*SUMMARY).where(jobs.c.tenant == tenant)
        if state is not None:
            query = query.where(jobs.c.state == state)
        if created_after is not None:
            query = query.where(jobs.c.created_at > created_after)
        if created_before is not None:
            query = query.where(jobs.c.created_at < created_before)
        for key, value in (metadata or {}).items():
            query = query.where(self._has_metadata(key, value))
        with self._database.reading() as reader:
            return page(reader, query, jobs.c.id, to_summary, cursor, limit)

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

    def _has_metadata(self, key: str, value: str) -> ColumnElement[bool]:
        """Whatever the key holds: a JSON path would trip over quotes and dollars in it."""
        if self._database.is_sqlite:
            pairs = func.json_each(jobs.c.metadata).table_valued("key", "value")
            return exists().select_from(pairs).where(pairs.c.key == key, pairs.c.value == value)
        found: ColumnElement[str] = func.json_extract_path_text(jobs.c.metadata, key)
        return found == value


def _queue(writer: Connection, tenant: str, id: str, new: NewJob, most_queued: int | None) -> Job:
    """NotFound where something is not there that the job needs."""
    asked = {column.name: getattr(new, column.name) for column in _NEW} | {"metadata": dict(new.metadata)}
    made = {"id": id, "tenant": tenant, "state": State.QUEUED, "created_at": now(), "dispatch_at": now()}
    row = writer.execute(insert(jobs).values(asked | made).returning(*JOB)).one()
    # The lock holds off a deletion of a dataset until this job is there to forbid it.
    for needed in filter(None, (new.dataset_id, new.validation_dataset_id)):
        hold(writer, datasets, tenant, needed, no_dataset(needed))
    if new.start_id is not None:
        hold_start(writer, tenant, new.start_id)
    write_event(writer, id, "submitted", {} if new.retry_of is None else {"retry_of": new.retry_of})
    check_queue(writer, tenant, most_queued)
    return to_job(row)
