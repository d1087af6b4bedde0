"""How long one attempt may take: then the job fails, and keeps what it has learned."""

from collections.abc import Callable
from pathlib import Path

from core.jobs import State
from core.quotas import Quotas
from core.store import Store
from tests.faults.jobs import LONG, TENANT, submit
from tests.worker.jobs import claimed, now
from worker.run import Worker, run


def test_a_job_that_takes_longer_than_it_may_fails_and_keeps_its_weights(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    store.quotas.set(TENANT, Quotas(job_s=1.0))
    job = submit(store, tmp_path, LONG, epochs=10_000_000)
    run(claimed(store), make_worker())
    ended = now(store, job)
    assert ended.state == State.FAILED
    assert ended.error is not None
    assert (ended.error["fault"], ended.error["code"]) == ("capacity", "quota_exceeded")
    assert "your quota is 1" in ended.error["message"]
    assert ended.epoch > 0
    assert store.weights.get(TENANT, job.id, "last").epoch == ended.epoch


def test_a_job_that_is_done_in_time_succeeds(store: Store, make_worker: Callable[..., Worker], tmp_path: Path) -> None:
    store.quotas.set(TENANT, Quotas(job_s=3600.0))
    job = submit(store, tmp_path, LONG, epochs=2)
    run(claimed(store), make_worker())
    assert now(store, job).state == State.SUCCEEDED
