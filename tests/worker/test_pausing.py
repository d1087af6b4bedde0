"""Jobs that are paused while they train, and jobs that take longer than they may."""

from collections.abc import Callable
from pathlib import Path
from threading import Thread

from core.jobs import State
from core.store import Store
from tests.faults.jobs import ENDLESS, LONG, TENANT, outcome, submit
from tests.polling import until
from tests.worker.jobs import INTERRUPTED, claimed, now
from worker.run import Worker, run


def test_a_job_that_is_paused_and_resumed_gives_the_weights_of_one_run(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, prepared_undisturbed: None
) -> None:
    straight = submit(store, tmp_path, INTERRUPTED)
    run(claimed(store), make_worker())
    job = submit(store, tmp_path, INTERRUPTED)
    while now(store, job).state == State.QUEUED:
        claim, asked = claimed(store), [0]

        def pause(asked: list[int] = asked) -> bool:
            """As the client asks in the middle of the training, and the worker hears of it at once."""
            asked[0] += 1
            if asked[0] == 3:
                store.jobs.pause(TENANT, job.id)
            return asked[0] >= 3

        run(claim, make_worker(pause))
        if now(store, job).state == State.PAUSED:
            assert store.jobs.checkpoint(job.id) is not None
            store.jobs.resume(TENANT, job.id)
    done = now(store, job)
    assert done.state == State.SUCCEEDED, done.error
    assert done.attempt > 1
    assert outcome(store, job) == outcome(store, straight)


def test_a_pause_is_heard_inside_of_an_epoch(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, prepared_undisturbed: None
) -> None:
    job = submit(store, tmp_path, ENDLESS)
    training = Thread(target=run, args=(claimed(store), make_worker()))
    training.start()
    store.jobs.pause(TENANT, job.id)
    until(lambda: now(store, job).state == State.PAUSED, patience_s=30)
    training.join()
    assert now(store, job).epoch == 0
    assert store.jobs.checkpoint(job.id) is not None


def test_a_job_that_takes_longer_than_it_may_fails_and_keeps_its_weights(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job = submit(store, tmp_path, LONG, epochs=1_000_000, max_seconds=1.0)
    run(claimed(store), make_worker())
    done = now(store, job)
    assert done.state == State.FAILED
    assert done.error is not None
    assert (done.error["fault"], done.error["code"]) == ("capacity", "deadline")
    assert "max_seconds is 1" in done.error["message"]
    assert done.epoch > 0
    assert 1 <= done.used_s < 60
    assert store.weights.get(TENANT, job.id, "last").epoch == done.epoch
    assert store.weights.get(TENANT, job.id, "best").epoch >= 1


def test_all_attempts_share_the_seconds_of_a_job(store: Store, make_worker: Callable[..., Worker], tmp_path: Path) -> None:
    job = submit(store, tmp_path, LONG, epochs=1_000_000, max_seconds=1.0)
    attempts = 0
    while now(store, job).state == State.QUEUED:
        before = now(store, job).epoch
        run(claimed(store), make_worker(lambda before=before: now(store, job).epoch > before + 1))
        attempts += 1
    done = now(store, job)
    assert done.error is not None
    assert (done.state, done.error["code"]) == (State.FAILED, "deadline")
    assert attempts == done.attempt > 1
    assert done.used_s >= 1
