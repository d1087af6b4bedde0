"""What was kept for long enough goes: some rows at a time, and never what a job that has not ended needs.

Each method removes at most `AT_ONCE` things, in transactions of their own, and returns how many: so many say that there may
be more. It is given for how long such things are kept of tenants that have no time of their own, None for ever.
"""

from collections.abc import Callable
from contextlib import suppress

from sqlalchemy import Column, ColumnElement, and_, delete, exists, select, text, true, update

from core.errors import Conflict, NotFound
from core.store.ages import Ages
from core.store.clock import now
from core.store.database import Database
from core.store.datasets import Datasets
from core.store.jobs import Jobs
from core.store.removal import remove_epochs
from core.store.sent import AllSentWeights
from core.store.sizes import count_anew
from core.store.snapshots import remove_snapshots
from core.store.tables import ALIVE, datasets, idempotency_keys, jobs, sent_weights, tenants

AT_ONCE = 100


class Retention:
    def __init__(self, database: Database, jobs: Jobs, datasets: Datasets, sent_weights: AllSentWeights) -> None:
        self._database = database
        self._jobs = jobs
        self._datasets = datasets
        self._sent_weights = sent_weights

    def jobs(self, keep_s: float | None) -> int:
        """Jobs that ended longer ago; what belongs to them goes with the next of `Jobs.clear_deleted`."""
        return self._each(JOBS, keep_s, lambda tenant, id, _: self._jobs.discard(tenant, id))

    def epochs(self, keep_s: float | None) -> int:
        """The epochs and snapshots of jobs that ended longer ago; the jobs stay, with their results and weights."""
        found = self._old(EPOCHS, keep_s)
        is_done = True
        for _, id, _ in found:
            with self._database.writing() as writer:
                if remove_epochs(writer, id) or remove_snapshots(writer, id):
                    is_done = False
                else:
                    writer.execute(update(jobs).where(jobs.c.id == id).values(has_epochs=False))
                    count_anew(writer, id)
        return len(found) if is_done else AT_ONCE

    def datasets(self, keep_s: float | None) -> int:
        """Datasets that were sent longer ago, and that no job has used since."""
        return self._each(DATASETS, keep_s, self._datasets.delete)

    def sent_weights(self, keep_s: float | None) -> int:
        """Weights that were sent longer ago, and from which no job has started since."""
        return self._each(SENT_WEIGHTS, keep_s, self._sent_weights.delete)

    def keys(self, keep_s: float) -> int:
        """Idempotency keys that came longer ago: a request that is repeated after that is a new one."""
        names = (idempotency_keys.c.tenant, idempotency_keys.c.key)
        is_old = idempotency_keys.c.created_at < now() - keep_s
        with self._database.reading() as reader:
            found = reader.execute(select(*names).where(is_old).order_by(idempotency_keys.c.created_at).limit(AT_ONCE)).all()
        with self._database.writing() as writer:
            for tenant, key in found:  # which may have been forgotten meanwhile, and come anew
                writer.execute(delete(idempotency_keys).where(names[0] == tenant, names[1] == key, is_old))
        return len(found)

    def _each(self, ages: Ages, keep_s: float | None, remove: Callable[[str, str, float], None]) -> int:
        found = self._old(ages, keep_s)
        for tenant, id, kept_s in found:
            with suppress(Conflict, NotFound):  # somebody has come to need it, or was faster
                remove(tenant, id, kept_s)
        return len(found)

    def _old(self, ages: Ages, keep_s: float | None) -> list[tuple[str, str, float]]:
        with self._database.reading() as reader:
            return ages.too_old(reader, keep_s, AT_ONCE)


def _is_no_start() -> ColumnElement[bool]:
    """No job that has not ended starts from its weights."""
    starters = jobs.alias("starters")
    return ~exists().where(starters.c.start_id == jobs.c.id, starters.c.state.in_(ALIVE))


def _is_unneeded(id: Column[str], *needs: Column[str]) -> ColumnElement[bool]:
    """No job that has not ended names it."""
    return and_(*(~exists().where(need == id, jobs.c.state.in_(ALIVE)) for need in needs))


_HAS_EPOCHS = text("jobs.has_epochs")  # in the words of the index

JOBS = Ages(jobs.c.finished_at, tenants.c.keep_jobs_s, unneeded=_is_no_start())
EPOCHS = Ages(jobs.c.finished_at, tenants.c.keep_epochs_s, _HAS_EPOCHS, unneeded=true())
DATASETS = Ages(
    datasets.c.used_at,
    tenants.c.keep_datasets_s,
    unneeded=_is_unneeded(datasets.c.id, jobs.c.dataset_id, jobs.c.validation_dataset_id),
)
SENT_WEIGHTS = Ages(
    sent_weights.c.used_at, tenants.c.keep_datasets_s, unneeded=_is_unneeded(sent_weights.c.id, jobs.c.start_id)
)
