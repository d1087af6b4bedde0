"""Jobs as their clients steer them: cancel, pause, resume. What finds or changes a job carries the tenant."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Connection, case, select, update

from core.errors import Conflict
from core.jobs import State
from core.store.checkpoints import drop_checkpoint
from core.store.clock import now
from core.store.database import Database
from core.store.events import write_event
from core.store.quotas import check_queue
from core.store.records import Job
from core.store.rows import JOB, no_job, to_job
from core.store.sizes import count_anew
from core.store.tables import jobs
from core.store.uses import use_by

# A worker hears of a cancellation within half a second, and then renews its lease while it saves what the job has learned.
UNHEARD_S = 2.0


class Steering:
    """Asking twice is no error. Conflict says why a job's state forbids what is asked for."""

    _database: Database

    def cancel(self, tenant: str, id: str) -> Job:
        """Ends a job that waits at once and asks the worker of a running one to stop.

        The lease of a running job is cut to `UNHEARD_S`, so that `reap` soon ends a job whose worker is dead.
        """
        with self._database.writing() as writer:
            job = locked(writer, tenant, id)
            if job.state in (State.QUEUED, State.PAUSED):
                ended = {"state": State.CANCELLED, "cancel_requested": True, "dispatch_at": None, "finished_at": now()}
                drop_checkpoint(writer, id)
                use_by(writer, id)
                cancelled = _changed(writer, job, "cancelled", ended)
                count_anew(writer, id)
                return cancelled
            if job.state == State.RUNNING and not job.cancel_requested:
                heard_by = now() + UNHEARD_S
                lease_until = case((jobs.c.lease_until < heard_by, jobs.c.lease_until), else_=heard_by)
                asked = {"cancel_requested": True, "pause_requested": False, "lease_until": lease_until}
                return _changed(writer, job, "cancel_requested", asked)
            if job.state in (State.RUNNING, State.CANCELLED):
                return job
            raise _conflict(job, "only a queued, running or paused job can be cancelled")

    def pause(self, tenant: str, id: str) -> Job:
        """Holds a queued job at once and asks the worker of a running one to give it back with a checkpoint.

        The lease stays as it is: a worker that is slow may take its time to save all that it has trained. That of a dead one
        runs out, and `reap` pauses the job.
        """
        with self._database.writing() as writer:
            job = locked(writer, tenant, id)
            if job.state == State.QUEUED:
                return _changed(writer, job, "paused", {"state": State.PAUSED, "dispatch_at": None})
            if job.state == State.PAUSED or job.pause_requested:
                return job
            if job.state == State.RUNNING and not job.cancel_requested:
                return _changed(writer, job, "pause_requested", {"pause_requested": True})
            raise _conflict(job, "only a queued or running job can be paused")

    def resume(self, tenant: str, id: str, most_queued: int | None = None) -> Job:
        """Queues a paused job, to go on from its checkpoint. Where a running one is still to be paused, that is taken back.

        TooManyJobs where more than `most_queued` would be queued.
        """
        with self._database.writing() as writer:
            job = locked(writer, tenant, id)
            if job.state == State.PAUSED:
                resumed = _changed(writer, job, "resumed", {"state": State.QUEUED, "dispatch_at": now()})
                check_queue(writer, tenant, most_queued, with_paused=False)
                return resumed
            if job.pause_requested:
                return _changed(writer, job, "resumed", {"pause_requested": False})
            if job.state in (State.QUEUED, State.RUNNING) and not job.cancel_requested:
                return job
            raise _conflict(job, "only a paused job can be resumed")


def locked(writer: Connection, tenant: str, id: str) -> Job:
    """The job as it stays until the transaction ends, but for what that changes."""
    row = writer.execute(select(*JOB).where(jobs.c.id == id, jobs.c.tenant == tenant).with_for_update()).one_or_none()
    if row is None:
        raise no_job(id)
    return to_job(row)


def _changed(writer: Connection, job: Job, event: str, change: Mapping[str, Any]) -> Job:
    """Conflict where the job is not in its state any more."""
    is_so = (jobs.c.id == job.id, jobs.c.tenant == job.tenant, jobs.c.state == job.state)
    row = writer.execute(update(jobs).where(*is_so).values(**change, version=jobs.c.version + 1).returning(*JOB)).one_or_none()
    if row is None:
        raise Conflict(f"job {job.id} is not {job.state} any more; ask again")
    write_event(writer, job.id, event)
    return to_job(row)


def _conflict(job: Job, rule: str) -> Conflict:
    state = {State.RUNNING: "is about to be cancelled", State.CANCELLED: "is cancelled already"}
    return Conflict(f"job {job.id} {state.get(job.state, f'has {job.state} already')}: {rule}")
