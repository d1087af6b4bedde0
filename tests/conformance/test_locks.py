"""What happens at the same moment, on PostgreSQL, where transactions run beside each other."""

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine, event

from core.errors import Conflict
from core.store import Claim, Job, NewJob, Store


@pytest.fixture
def database_url(postgres_url: str) -> str:
    """Writers of SQLite wait for each other."""
    return postgres_url


def claimed(store: Store) -> Claim:
    claim = store.jobs.claim("worker-1", 60)
    assert claim is not None
    return claim


@pytest.mark.parametrize("needed", ["dataset", "weights", "job"])
def test_what_a_job_needs_stays_though_it_changes_its_state_while_somebody_looks(
    needed: str, store: Store, submit: Callable[..., Job], engine: Engine
) -> None:
    first = submit()
    start = {"weights": store.sent_weights.add("default", "a" * 64, {}, b"weights")[0].id, "job": first.id}.get(needed)
    store.jobs.cancel("default", first.id)
    job = store.jobs.submit("default", NewJob({}, first.dataset_id, 3, start_id=start))
    claims = [claimed(store)]

    @event.listens_for(engine, "before_cursor_execute")
    def leave_the_state_that_is_looked_for(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        if "FROM jobs" not in statement or "FOR UPDATE" in statement:
            return
        if claims and "'running'" in statement:
            store.jobs.release(claims.pop())
        elif not claims and "'queued'" in statement:
            claims.append(claimed(store))

    other = Store(engine)
    delete = {"dataset": other.datasets.delete, "weights": other.sent_weights.delete, "job": other.jobs.delete}[needed]
    with pytest.raises(Conflict, match=job.id):
        delete("default", {"dataset": first.dataset_id}.get(needed, str(start)))
