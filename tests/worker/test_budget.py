"""A budget in seconds: turned into epochs once, and from then on a job like any other."""

import time
from collections.abc import Callable
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from core.jobs import State
from core.nn.initializers import initialize
from core.nn.training import Data, Training
from core.store import Job, Store
from tests.faults.jobs import LONG, TENANT, XOR, epochs, outcome, submit
from tests.nn.networks import examples, network_spec, training_spec
from tests.worker.jobs import claimed, now
from worker.budget import fitted, seconds_per_epoch
from worker.run import Worker, run

GENEROUS_S = 60.0  # on a machine that is busy with other things


def budgeted(store: Store, directory: Path, **training: Any) -> Job:
    return submit(store, directory, LONG, **{"epochs": 10_000_000, "budget_s": 2.0, **training})


def ending(job: Job) -> Any:
    assert job.result is not None
    return job.result["stopped"]


def test_a_job_with_a_budget_trains_as_many_epochs_as_fit_and_succeeds(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    submit(store, tmp_path, XOR)
    run(claimed(store), make_worker())  # which may have to compile the kernels
    job = budgeted(store, tmp_path)
    assert job.epochs_total is None
    began = time.monotonic()
    run(claimed(store), make_worker())
    assert time.monotonic() - began < GENEROUS_S
    done = now(store, job)
    assert done.state == State.SUCCEEDED, done.error
    assert done.result is not None
    assert done.result["epochs"] == done.epoch == done.epochs_total == len(epochs(store, job))
    assert 1 <= done.epoch < 10_000_000
    assert ending(done) == "budget"
    assert [event.data for event in store.events.page(TENANT, job.id, 0, 9) if event.type == "epochs_fixed"] == [
        {"epochs": done.epoch}
    ]


def test_the_same_number_of_epochs_without_a_budget_gives_the_same_bits(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job = budgeted(store, tmp_path, budget_s=1.0)
    run(claimed(store), make_worker())
    plain = submit(store, tmp_path, LONG, epochs=now(store, job).epochs_total)
    run(claimed(store), make_worker())
    assert outcome(store, plain) == outcome(store, job)


def test_a_warm_up_that_does_not_end_before_the_epochs_that_fit_is_shortened_and_told(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    schedule: dict[str, Any] = {"type": "cosine", "warmup": {"epochs": 9_999_999}}
    job = budgeted(store, tmp_path, budget_s=1.0, schedule=schedule)
    run(claimed(store), make_worker())
    (told,) = (event.data for event in store.events.page(TENANT, job.id, 0, 9) if event.type == "epochs_fixed")
    rates = [row.learning_rate for row in epochs(store, job)]
    assert len(rates) == told["epochs"]
    assert max(rates) > 2 * rates[-1]
    plain = submit(
        store, tmp_path, LONG, epochs=told["epochs"], schedule={**schedule, "warmup": {"steps": told["warmup_steps"]}}
    )
    run(claimed(store), make_worker())
    assert outcome(store, plain) == outcome(store, job)


@pytest.mark.parametrize(
    ("warmup", "epochs", "expected"),
    [
        ({"epochs": 5}, 6, {"epochs": 5}),
        ({"epochs": 5}, 5, {"steps": 10}),
        ({"epochs": 5}, 1, {"steps": 2}),
        ({"steps": 19}, 5, {"steps": 19}),
        ({"steps": 20}, 5, {"steps": 10}),
    ],
    ids=str,
)
def test_a_warm_up_takes_half_of_the_steps_only_where_it_would_not_end(
    warmup: dict[str, int], epochs: int, expected: dict[str, int]
) -> None:
    training = training_spec(schedule={"type": "cosine", "warmup": warmup}, epochs=100)
    assert fitted(training, epochs, 4) == training_spec(schedule={"type": "cosine", "warmup": expected}, epochs=epochs)


def test_a_single_step_has_no_warm_up() -> None:
    training = training_spec(schedule={"type": "cosine", "warmup": {"epochs": 5}}, epochs=100)
    assert fitted(training, 1, 1).schedule.warmup is None


def test_a_job_that_is_handed_back_goes_on_to_the_same_number_of_epochs(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job = budgeted(store, tmp_path)

    def stopping() -> bool:
        return now(store, job).epoch > 0

    run(claimed(store), make_worker(stopping=stopping))
    first = now(store, job)
    assert (first.state, first.attempt) == (State.QUEUED, 1)
    assert first.epochs_total is not None
    assert 0 < first.epoch < first.epochs_total
    run(claimed(store), make_worker())
    done = now(store, job)
    assert done.state == State.SUCCEEDED, done.error
    assert done.epoch == done.epochs_total == first.epochs_total
    plain = submit(store, tmp_path, LONG, epochs=first.epochs_total)
    run(claimed(store), make_worker())
    assert outcome(store, plain) == outcome(store, job)


def test_a_worker_that_stops_while_it_rehearses_leaves_the_number_to_the_next(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job = budgeted(store, tmp_path, budget_s=1.0)
    asked = count()
    run(claimed(store), make_worker(stopping=lambda: next(asked) > 0))
    assert (now(store, job).state, now(store, job).epochs_total) == (State.QUEUED, None)
    run(claimed(store), make_worker())
    assert now(store, job).state == State.SUCCEEDED


def test_a_job_that_is_cancelled_while_it_is_rehearsed_is_cancelled(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    job = budgeted(store, tmp_path, budget_s=86_400.0)
    claim = claimed(store)
    store.jobs.cancel(TENANT, job.id)
    run(claim, make_worker())
    assert now(store, job).state == State.CANCELLED


def test_no_more_epochs_are_trained_than_are_asked_for_and_early_stopping_applies(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path
) -> None:
    few = budgeted(store, tmp_path, epochs=3)
    run(claimed(store), make_worker())
    assert (now(store, few).epoch, now(store, few).epochs_total, ending(now(store, few))) == (3, 3, "epochs")
    stopped = budgeted(store, tmp_path, early_stopping={"patience": 2, "min_delta": 1000.0})
    run(claimed(store), make_worker())
    assert now(store, stopped).state == State.SUCCEEDED
    assert (now(store, stopped).epoch, ending(now(store, stopped))) == (3, "early")


def test_a_job_with_a_start_and_a_budget_draws_no_weights_either_to_try_how_fast_it_is(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So the plan lets it have initial weights that take long to draw."""
    first = submit(store, tmp_path, LONG, epochs=2)
    run(claimed(store), make_worker())
    drawn = []

    def seen(program: Any, seed: int, theta: Any) -> None:
        drawn.append(program)
        initialize(program, seed, theta)

    monkeypatch.setattr("core.nn.training.initialize", seen)
    for kept in (True, False):
        job = budgeted(store, tmp_path, budget_s=1.0, start={"job": first.id, "preprocessing": kept})
        run(claimed(store), make_worker())
        assert now(store, job).state == State.SUCCEEDED, now(store, job).error
        assert drawn == []
    plain = submit(store, tmp_path, LONG, epochs=2)
    run(claimed(store), make_worker())
    assert outcome(store, plain) == outcome(store, first)
    assert len(drawn) == 1


@pytest.mark.parametrize(("asked", "fits", "expected"), [(50, 3, "budget"), (50, 4, "early"), (3, 3, "epochs")])
def test_epochs_that_were_done_are_told_before_what_would_have_stopped_them(
    store: Store, make_worker: Callable[..., Worker], tmp_path: Path, asked: int, fits: int, expected: str
) -> None:
    job = budgeted(store, tmp_path, epochs=asked, early_stopping={"patience": 2, "min_delta": 1000.0})
    first = claimed(store)
    store.jobs.fix_epochs(first, fits)
    store.jobs.release(first)
    run(claimed(store), make_worker())
    assert now(store, job).state == State.SUCCEEDED
    assert (now(store, job).epoch, ending(now(store, job))) == (3, expected)


def training(**fields: object) -> Training:
    x, t = examples("mean_squared_error", 96, 3, 1, "float32")
    return Training(network_spec(4, 1, dtype="float32"), training_spec(**fields), Data(x, t, x[:32], t[:32]))


def test_time_is_shared_among_the_epochs_that_were_done() -> None:
    rehearsed = training(epochs=10_000_000)
    ticks = count()
    found = seconds_per_epoch(rehearsed, lambda: float(next(ticks)), 2.0, 10.0, lambda: False)
    assert rehearsed.epoch > 1
    assert found * rehearsed.progress == next(ticks) - 1


def test_a_training_that_ends_by_itself_ends_the_rehearsal() -> None:
    rehearsed = training(epochs=3)
    ticks = count()
    assert seconds_per_epoch(rehearsed, lambda: float(next(ticks)), 1e9, 1e9, lambda: False) == (next(ticks) - 1) / 3


def test_nothing_is_trained_where_nobody_wants_it() -> None:
    rehearsed = training(epochs=3)
    seconds_per_epoch(rehearsed, lambda: 0.0, 1.0, 1.0, lambda: True)
    assert rehearsed.progress == 0


def test_a_divergence_is_left_to_the_training_itself() -> None:
    rehearsed = training(epochs=1000, optimizer={"type": "sgd", "learning_rate": 1e6})
    ticks = count()
    assert seconds_per_epoch(rehearsed, lambda: float(next(ticks)), 1e9, 1e9, lambda: False) > 0
