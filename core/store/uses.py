"""When datasets, and weights that were sent, were used last: sent, taken by a new job, or let go by one that ended.

A row is large, so it is written at most once in `USED_EVERY_S`, and a time of use may lie that much too early.
"""

from typing import Any

from sqlalchemy import Connection, Table, bindparam, select, update

from core.store.clock import now
from core.store.tables import datasets, jobs, sent_weights

USED_EVERY_S = 60.0


def use(writer: Connection, *ids: str | None) -> None:
    """Says of the datasets and weights with these ids that they were used now. It waits for nobody: whoever holds such a row
    deletes it, or is about to write the same."""
    for kind, statement in _USE.items():
        theirs = [id for id in ids if id is not None and id.startswith(kind)]
        if theirs:
            writer.execute(statement, {"ids": theirs})


def use_by(writer: Connection, job_id: str) -> None:
    """What the job names was used now."""
    use(writer, *writer.execute(_NAMED, {"job_id": job_id}).one())


def _use(table: Table) -> Any:
    stale = select(table.c.id).where(table.c.id.in_(bindparam("ids", expanding=True)), table.c.used_at < now() - USED_EVERY_S)
    free = stale.with_for_update(key_share=True, skip_locked=True)
    return update(table).where(table.c.id.in_(free)).values(used_at=now())


_USE = {"ds_": _use(datasets), "wt_": _use(sent_weights)}
_NAMED = select(jobs.c.dataset_id, jobs.c.validation_dataset_id, jobs.c.start_id).where(jobs.c.id == bindparam("job_id"))
