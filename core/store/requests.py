"""Jobs as their clients see them: submit, look, cancel. Every statement carries the tenant."""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, bindparam, case, exists, func, insert, select, update

from core.errors import Conflict
from core.ids import new_id
from core.jobs import LOWEST_PRIORITY, State
from core.store.checkpoints import drop_checkpoint
from core.store.clock import now
from core.store.database import Database
from core.store.events import write_event
from core.store.idempotency import remember
from core.store.needed import hold
from core.store.records import Idempotency, Job, NewJob, Page
from core.store.rows import JOB, no_dataset, no_job, page, to_job
from core.store.sent import hold_start
from core.store.tables import QUEUED, datasets, jobs

# Built once: SQLAlchemy takes longer to build the statement of a status poll than the database to answer it.
_ONE = select(*JOB).where(jobs.c.id == bindparam("id"), jobs.c.tenant == bindparam("tenant"))
_VERSIONS = select(jobs.c.id, jobs.c.version).where(jobs.c.id.in_(bindparam("ids", expanding=True)))


# A worker hears of a cancellation within half a second, and then renews its lease while it saves what the job has learned.
UNHEARD_S = 2.0


class Requests:
    _database: Database

    def submit(self, tenant: str, new: NewJob, idempotency: Idempotency | None = None) -> Job:
        """Queues a job. The same key with the same request gives the job of the first time.

        Raises IdempotencyMismatch where the key came with another request, NotFound where a dataset is not there, or the
        weights that it starts from.
        """
        id = new_id("job")
        with self._database.writing() as writer:
            if idempotency is not None:
                first = remember(self._database, writer, tenant, idempotency, id)
                if first != id:
                    return to_job(writer.execute(_ONE, {"id": first, "tenant": tenant}).one())
            row = writer.execute(
                insert(jobs)
                .values(
                    id=id,
                    tenant=tenant,
                    state=State.QUEUED,
                    dataset_id=new.dataset_id,
                    start_id=new.start_id,
                    validation_dataset_id=new.validation_dataset_id,
                    epochs_total=new.epochs_total,
                    seed=new.seed,
                    priority=new.priority,
                    created_at=now(),
                    dispatch_at=now(),
                    metadata=dict(new.metadata),
                    spec=new.spec,
                    plan=new.plan,
                )
                .returning(*JOB)
            ).one()
            job = to_job(row)
            # The lock holds off a deletion of a dataset until this job is there to forbid it.
            for needed in filter(None, (new.dataset_id, new.validation_dataset_id)):
                hold(writer, datasets, tenant, needed, no_dataset(needed))
            if new.start_id is not None:
                hold_start(writer, tenant, new.start_id)
            write_event(writer, job.id, "submitted")
            return job

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
    ) -> Page[Job]:
        """Newest first. `metadata` must be contained in the job's; the times are exclusive."""
        query = select(*JOB).where(jobs.c.tenant == tenant)
        if state is not None:
            query = query.where(jobs.c.state == state)
        if created_after is not None:
            query = query.where(jobs.c.created_at > created_after)
        if created_before is not None:
            query = query.where(jobs.c.created_at < created_before)
        for key, value in (metadata or {}).items():
            query = query.where(self._has_metadata(key, value))
        with self._database.reading() as reader:
            return page(reader, query, jobs.c.id, to_job, cursor, limit)

    def cancel(self, tenant: str, id: str) -> Job:
        """Ends a queued job at once and asks the worker of a running one to stop; asking twice is no error.

        The lease of a running job is cut to `UNHEARD_S`, so that `reap` soon ends a job whose worker is dead.
        Raises Conflict where the job has succeeded or failed.
        """
        with self._database.writing() as writer:
            row = writer.execute(select(*JOB).where(jobs.c.id == id, jobs.c.tenant == tenant).with_for_update()).one_or_none()
            if row is None:
                raise no_job(id)
            job = to_job(row)
            change: dict[str, Any]
            if job.state == State.QUEUED:
                event = "cancelled"
                change = {"state": State.CANCELLED, "cancel_requested": True, "dispatch_at": None, "finished_at": now()}
            elif job.state == State.RUNNING and not job.cancel_requested:
                event = "cancel_requested"
                heard_by = now() + UNHEARD_S
                change = {
                    "cancel_requested": True,
                    "lease_until": case((jobs.c.lease_until < heard_by, jobs.c.lease_until), else_=heard_by),
                }
            elif job.state in (State.RUNNING, State.CANCELLED):
                return job
            else:
                raise Conflict(f"job {id} has {job.state} already: only a queued or running job can be cancelled")
            changed = update(jobs).where(jobs.c.id == id).values(**change, version=jobs.c.version + 1).returning(*JOB)
            job = to_job(writer.execute(changed).one())
            write_event(writer, id, event)
            if job.state == State.CANCELLED:
                drop_checkpoint(writer, id)
            return job

    def versions(self, ids: Iterable[str]) -> dict[str, int]:
        """The version of each of these jobs that exists, by one statement."""
        with self._database.reading() as reader:
            found = reader.execute(_VERSIONS, {"ids": list(ids)})
            return {row.id: row.version for row in found}

    def queue_length(self, tenant: str, priority: int = LOWEST_PRIORITY) -> int:
        """How many jobs of the tenant wait for a worker, of this priority at least."""
        waiting = (jobs.c.state == QUEUED, jobs.c.tenant == tenant, jobs.c.priority >= priority)
        with self._database.reading() as reader:
            return reader.scalar(select(func.count()).select_from(jobs).where(*waiting)) or 0

    def _has_metadata(self, key: str, value: str) -> ColumnElement[bool]:
        """Whatever the key holds: a JSON path would trip over quotes and dollars in it."""
        if self._database.is_sqlite:
            pairs = func.json_each(jobs.c.metadata).table_valued("key", "value")
            return exists().select_from(pairs).where(pairs.c.key == key, pairs.c.value == value)
        found: ColumnElement[str] = func.json_extract_path_text(jobs.c.metadata, key)
        return found == value
