"""What was kept for long enough goes: some rows at a time, and never what a job that has not ended needs.

Each method removes at most `AT_ONCE` things, in transactions of their own, and returns how many: so many say that there may
be more.
"""

from collections.abc import Callable
from contextlib import suppress
from typing import Any

from sqlalchemy import Column, ColumnElement, and_, delete, exists, or_, select, true, update

from core.errors import Conflict, NotFound
from core.store.clock import now
from core.store.database import Database
from core.store.datasets import Datasets
from core.store.jobs import Jobs
from core.store.removal import remove_epochs
from core.store.sent import AllSentWeights
from core.store.tables import NOBODY, PAUSED, QUEUED, RUNNING, datasets, idempotency_keys, jobs, sent_weights

AT_ONCE = 100


class Retention:
    def __init__(self, database: Database, jobs: Jobs, datasets: Datasets, sent_weights: AllSentWeights) -> None:
        self._database = database
        self._jobs = jobs
        self._datasets = datasets
        self._sent_weights = sent_weights

    def jobs(self, keep_s: float) -> int:
        """Jobs that ended longer ago, with all that belongs to them."""
        starters = jobs.alias("starters")
        is_needed = or_(
            *(
                exists().where(starters.c.start_id == jobs.c.id, starters.c.state == state)
                for state in (QUEUED, RUNNING, PAUSED)
            )
        )
        old = select(jobs.c.tenant, jobs.c.id).where(jobs.c.finished_at < now() - keep_s, jobs.c.tenant != NOBODY, ~is_needed)
        return self._each(old.order_by(jobs.c.finished_at), self._jobs.delete)

    def epochs(self, keep_s: float) -> int:
        """The epochs of jobs that ended longer ago; the jobs stay, with their results and weights."""
        old = select(jobs.c.id).where(jobs.c.finished_at < now() - keep_s, jobs.c.has_epochs == true())
        with self._database.reading() as reader:
            found = reader.scalars(old.order_by(jobs.c.finished_at).limit(AT_ONCE)).all()
        is_done = True
        for id in found:
            with self._database.writing() as writer:
                if remove_epochs(writer, id):
                    is_done = False
                else:
                    writer.execute(update(jobs).where(jobs.c.id == id).values(has_epochs=False))
        return len(found) if is_done else AT_ONCE

    def datasets(self, keep_s: float) -> int:
        """Datasets that came longer ago, and that no job has used since."""
        unused = _unused(keep_s, datasets.c.id, jobs.c.dataset_id, jobs.c.validation_dataset_id)
        old = select(datasets.c.tenant, datasets.c.id).where(datasets.c.created_at < now() - keep_s, unused)
        return self._each(old.order_by(datasets.c.id), self._datasets.delete)

    def sent_weights(self, keep_s: float) -> int:
        """Weights that were sent longer ago, and from which no job has started since."""
        unused = _unused(keep_s, sent_weights.c.id, jobs.c.start_id)
        old = select(sent_weights.c.tenant, sent_weights.c.id).where(sent_weights.c.created_at < now() - keep_s, unused)
        return self._each(old.order_by(sent_weights.c.id), self._sent_weights.delete)

    def keys(self, keep_s: float) -> int:
        """Idempotency keys that came longer ago: a request that is repeated after that is a new one."""
        names = (idempotency_keys.c.tenant, idempotency_keys.c.key)
        old = select(*names).where(idempotency_keys.c.created_at < now() - keep_s)
        with self._database.writing() as writer:
            found = writer.execute(old.order_by(idempotency_keys.c.created_at).limit(AT_ONCE)).all()
            for tenant, key in found:
                writer.execute(delete(idempotency_keys).where(names[0] == tenant, names[1] == key))
        return len(found)

    def _each(self, old: Any, remove: Callable[[str, str], None]) -> int:
        with self._database.reading() as reader:
            found = reader.execute(old.limit(AT_ONCE)).all()
        for tenant, id in found:
            with suppress(Conflict, NotFound):  # somebody has come to need it, or was faster
                remove(tenant, id)
        return len(found)


def _unused(keep_s: float, id: Column[str], *uses: Column[str]) -> ColumnElement[bool]:
    """No job that has not ended names it, and none that ended within `keep_s`."""
    alive = (~exists().where(use == id, jobs.c.state == state) for use in uses for state in (QUEUED, RUNNING, PAUSED))
    lately = (~exists().where(use == id, jobs.c.finished_at >= now() - keep_s) for use in uses)
    return and_(*alive, *lately)
