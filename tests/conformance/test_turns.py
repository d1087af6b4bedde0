"""Fair turns between tenants, priorities inside one of them, and how many of its jobs may run, on every database."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, insert, update

from core.jobs import State
from core.store import Claim, Job, Store
from core.store.tables import jobs, tenants

Submit = Callable[..., Job]


def claimed(store: Store, most_running: int | None = None) -> Claim:
    claim = store.jobs.claim("worker-1", 60, None, most_running)
    assert claim is not None
    return claim


def served(store: Store, count: int) -> list[str]:
    """Whose jobs are started, one after the other, each ended before the next is started."""
    tenants = []
    for _ in range(count):
        claim = claimed(store)
        tenants.append(claim.job.tenant)
        store.jobs.succeed(claim, {}, {})
    return tenants


def test_with_one_worker_tenants_take_turns_however_many_jobs_one_of_them_has(store: Store, submit: Submit) -> None:
    for _ in range(20):
        submit(tenant="flood")
    assert served(store, 3) == ["flood"] * 3
    for _ in range(2):
        submit(tenant="a")
        submit(tenant="b")
    assert served(store, 6) == ["a", "b", "flood", "a", "b", "flood"]
    assert served(store, 3) == ["flood"] * 3


def test_with_many_workers_the_tenant_with_the_fewest_running_jobs_is_next(store: Store, submit: Submit) -> None:
    for _ in range(6):
        submit(tenant="flood")
    assert [claimed(store).job.tenant for _ in range(3)] == ["flood"] * 3
    for _ in range(4):
        submit(tenant="late")
    assert [claimed(store).job.tenant for _ in range(6)] == ["late", "late", "late", "flood", "late", "flood"]


def test_no_turn_is_won_by_deleting_jobs_that_have_ended(store: Store, submit: Submit) -> None:
    for tenant in "abc" * 4:
        submit(tenant=tenant)
    turns = []
    for _ in range(9):
        claim = claimed(store)
        turns.append(claim.job.tenant)
        store.jobs.succeed(claim, {}, {})
        if claim.job.tenant == "a":
            store.jobs.delete("a", claim.job.id)
    assert turns == ["a", "b", "c"] * 3


@pytest.mark.parametrize("is_paused", [False, True])
def test_a_job_that_is_given_back_has_had_its_turn(store: Store, submit: Submit, is_paused: bool) -> None:
    for tenant in ("a", "b", "a", "b"):
        submit(tenant=tenant)
    turns = []
    for _ in range(4):
        claim = claimed(store)
        turns.append(claim.job.tenant)
        if is_paused:
            store.jobs.pause(claim.job.tenant, claim.job.id)
        store.jobs.release(claim)
        store.jobs.resume(claim.job.tenant, claim.job.id)
    assert turns == ["a", "b", "a", "b"]


def test_inside_a_tenant_the_highest_priority_is_first_and_then_the_oldest(store: Store, submit: Submit) -> None:
    ids = [submit(priority=priority).id for priority in (0, -10, 10, 0, 10)]
    assert [ids.index(claimed(store).job.id) for _ in ids] == [2, 4, 0, 3, 1]


def test_a_priority_counts_for_nothing_between_tenants(store: Store, submit: Submit) -> None:
    for _ in range(3):
        submit(tenant="loud", priority=10)
    submit(tenant="quiet", priority=-10)
    assert sorted(served(store, 2)) == ["loud", "quiet"]


def test_the_queue_is_counted_for_one_tenant_from_a_priority_upwards(store: Store, submit: Submit) -> None:
    submit(tenant="other", priority=10)
    for priority in (-1, 1, 0):
        submit(priority=priority)
    assert [store.jobs.queue_length("default", priority) for priority in (-10, 0, 1, 2)] == [3, 2, 1, 0]


def test_no_tenant_runs_more_jobs_than_it_may(store: Store, submit: Submit) -> None:
    for tenant in ("a", "b"):
        for _ in range(3):
            submit(tenant=tenant)
    running = [claimed(store, most_running=2) for _ in range(4)]
    assert sorted(claim.job.tenant for claim in running) == ["a", "a", "b", "b"]
    assert store.jobs.claim("worker-1", 60, None, 2) is None
    store.jobs.release(running[0])
    assert claimed(store, most_running=2).job.id == running[0].job.id


def test_a_limit_of_a_tenants_own_stands_over_the_general_one(store: Store, submit: Submit, engine: Engine) -> None:
    with engine.begin() as connection:
        connection.execute(insert(tenants).values(name="small", created_at=0.0, max_running_jobs=1))
        connection.execute(insert(tenants).values(name="large", created_at=0.0, max_running_jobs=3))
    for tenant in ("small", "large", "usual"):
        for _ in range(4):
            submit(tenant=tenant)
    taken = []
    while claim := store.jobs.claim("worker-1", 60, None, 2):
        taken.append(claim.job.tenant)
    assert {tenant: taken.count(tenant) for tenant in taken} == {"small": 1, "large": 3, "usual": 2}


@pytest.mark.parametrize("is_own", [True, False])
def test_workers_that_claim_at_once_do_not_pass_the_limit(store: Store, submit: Submit, engine: Engine, is_own: bool) -> None:
    if is_own:
        with engine.begin() as connection:
            connection.execute(update(tenants).where(tenants.c.name == "default").values(max_running_jobs=3))
    for _ in range(24):
        submit()
    with ThreadPoolExecutor(8) as pool:
        claims = list(pool.map(lambda _: store.jobs.claim("worker-1", 60, None, None if is_own else 3), range(24)))
    assert len([claim for claim in claims if claim]) == 3
    assert len(store.jobs.page("default", state=State.RUNNING, limit=100).items) == 3


def test_jobs_that_may_not_run_now_keep_no_wake_up_from_those_that_may(store: Store, submit: Submit) -> None:
    for _ in range(5):
        submit(tenant="flood")
    assert store.jobs.dispatch(4, 30, 1) == 4
    claimed(store, most_running=1)
    submit(tenant="late")
    assert store.jobs.dispatch(4, 30, 1) == 1
    assert claimed(store, most_running=1).job.tenant == "late"
    assert store.jobs.dispatch(4, -1, 1) == 0


def test_the_next_job_is_found_among_many_of_one_tenant(store: Store, submit: Submit, engine: Engine) -> None:
    """How fast that is shows in the plan of SQLite, see test_engine; here, that all of it works with thousands."""
    first = submit(tenant="flood")
    many = [{"id": f"job_f{number:031d}", "tenant": "flood", "state": "queued", "dispatch_at": 1.0} for number in range(10_000)]
    rest = {"dataset_id": first.dataset_id, "seed": 0, "created_at": 1.0, "metadata": {}, "spec": {}, "plan": {}}
    with engine.begin() as connection:
        connection.execute(insert(jobs), [{**row, **rest} for row in many])
    submit(tenant="late")
    assert sorted(served(store, 2)) == ["flood", "late"]
    assert served(store, 2) == ["flood", "flood"]
