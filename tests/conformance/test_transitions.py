"""Every transition of core.jobs happens, and no other one can."""

from collections.abc import Callable
from contextlib import suppress

import pytest
from sqlalchemy import Engine, update
from sqlalchemy.exc import IntegrityError

from core.errors import CoreError
from core.jobs import TERMINAL, TRANSITIONS, State
from core.store import Claim, Job, Store
from core.store.tables import jobs
from tests.conformance.rows import ERROR

Enter = Callable[[Store, Callable[..., Job]], tuple[Job, Claim | None]]


def _queued(store: Store, submit: Callable[..., Job]) -> tuple[Job, Claim | None]:
    return submit(), None


def _running(store: Store, submit: Callable[..., Job]) -> tuple[Job, Claim | None]:
    job = submit()
    claim = store.jobs.claim("worker-1", -1)
    assert claim is not None
    return job, claim


def _paused(store: Store, submit: Callable[..., Job]) -> tuple[Job, Claim | None]:
    job, claim = _running(store, submit)
    assert claim is not None
    store.jobs.pause("default", job.id)
    store.jobs.release(claim)
    return job, None


def _ended(end: Callable[[Store, Claim], None]) -> Enter:
    def enter(store: Store, submit: Callable[..., Job]) -> tuple[Job, Claim | None]:
        job, claim = _running(store, submit)
        assert claim is not None
        end(store, claim)
        return job, claim

    return enter


def _stop(store: Store, claim: Claim) -> None:
    store.jobs.cancel("default", claim.job.id)
    store.jobs.stop(claim)


ENTER: dict[State, Enter] = {
    State.QUEUED: _queued,
    State.RUNNING: _running,
    State.PAUSED: _paused,
    State.SUCCEEDED: _ended(lambda store, claim: store.jobs.succeed(claim, {}, {})),
    State.FAILED: _ended(lambda store, claim: store.jobs.fail(claim, ERROR)),
    State.CANCELLED: _ended(_stop),
}

Move = Callable[[Store, Job, Claim | None], object]


def _by_owner(write: Callable[[Store, Claim], object]) -> Move:
    def move(store: Store, job: Job, claim: Claim | None) -> object:
        return None if claim is None else write(store, claim)

    return move


def _cancel_and_stop(store: Store, job: Job, claim: Claim | None) -> None:
    store.jobs.cancel("default", job.id)
    if claim is not None:
        store.jobs.stop(claim)


def _cancel_and_reap(store: Store, job: Job, claim: Claim | None) -> None:
    store.jobs.cancel("default", job.id)
    store.jobs.reap(5)


def _cancel_release_and_stop(store: Store, job: Job, claim: Claim | None) -> None:
    store.jobs.cancel("default", job.id)
    if claim is not None:
        store.jobs.release(claim)
        store.jobs.stop(claim)


def _pause_and_release(store: Store, job: Job, claim: Claim | None) -> None:
    store.jobs.pause("default", job.id)
    if claim is not None:
        store.jobs.release(claim)


def _pause_and_reap(store: Store, job: Job, claim: Claim | None) -> None:
    store.jobs.pause("default", job.id)
    store.jobs.reap(5)


def _by_others(sweep: Callable[[Store], object]) -> Move:
    return lambda store, _job, _claim: sweep(store)


MOVES: dict[str, Move] = {
    "claim": _by_others(lambda store: store.jobs.claim("worker-2", 60)),
    "cancel": lambda store, job, _claim: store.jobs.cancel("default", job.id),
    "cancel and stop": _cancel_and_stop,
    "cancel and reap": _cancel_and_reap,
    "cancel, release and stop": _cancel_release_and_stop,
    "pause": lambda store, job, _claim: store.jobs.pause("default", job.id),
    "pause and release": _pause_and_release,
    "pause and reap": _pause_and_reap,
    "resume": lambda store, job, _claim: store.jobs.resume("default", job.id),
    "retry": lambda store, job, _claim: store.jobs.retry("default", job.id),
    "stop": _by_owner(lambda store, claim: store.jobs.stop(claim)),
    "succeed": _by_owner(lambda store, claim: store.jobs.succeed(claim, {}, {})),
    "fail": _by_owner(lambda store, claim: store.jobs.fail(claim, ERROR)),
    "release": _by_owner(lambda store, claim: store.jobs.release(claim)),
    "heartbeat": _by_owner(lambda store, claim: store.jobs.heartbeat(claim, 60)),
    "reap": _by_others(lambda store: store.jobs.reap(5)),
    "reap the last time": _by_others(lambda store: store.jobs.reap(1)),
    "dispatch": _by_others(lambda store: store.jobs.dispatch(10, 30)),
}

REACHED: dict[State, dict[str, State]] = {
    State.QUEUED: {
        "claim": State.RUNNING,
        "cancel": State.CANCELLED,
        "cancel and stop": State.CANCELLED,
        "cancel and reap": State.CANCELLED,
        "cancel, release and stop": State.CANCELLED,
        "pause": State.PAUSED,
        "pause and release": State.PAUSED,
        "pause and reap": State.PAUSED,
    },
    State.PAUSED: {
        "resume": State.QUEUED,
        "cancel": State.CANCELLED,
        "cancel and stop": State.CANCELLED,
        "cancel and reap": State.CANCELLED,
        "cancel, release and stop": State.CANCELLED,
    },
    State.RUNNING: {
        "pause and release": State.PAUSED,
        "pause and reap": State.PAUSED,
        "cancel and stop": State.CANCELLED,
        "cancel and reap": State.CANCELLED,
        "cancel, release and stop": State.CANCELLED,
        "succeed": State.SUCCEEDED,
        "fail": State.FAILED,
        "release": State.QUEUED,
        "reap": State.QUEUED,
        "reap the last time": State.FAILED,
    },
}


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", MOVES)
def test_a_move_leads_where_the_table_says_and_nowhere_else(
    state: State, move: str, store: Store, submit: Callable[..., Job]
) -> None:
    job, claim = ENTER[state](store, submit)
    assert store.jobs.get("default", job.id).state == state
    try:
        MOVES[move](store, job, claim)
    except CoreError:
        assert move not in REACHED.get(state, {})
    after = store.jobs.get("default", job.id)
    assert after.state == REACHED.get(state, {}).get(move, state)
    assert (after.finished_at is not None) == (after.state in TERMINAL)
    assert (after.lease_until is not None) == (after.state == State.RUNNING)


def test_every_legal_transition_is_reached() -> None:
    reached = {state: frozenset(moves.values()) for state, moves in REACHED.items()}
    assert {state: reached.get(state, frozenset()) for state in State} == TRANSITIONS


@pytest.mark.parametrize("given_back", [False, True])
@pytest.mark.parametrize("move", MOVES)
def test_a_job_that_has_ended_keeps_no_checkpoint(
    move: str,
    given_back: bool,
    store: Store,
    submit: Callable[..., Job],
    snapshot: Callable[[], dict[str, list[tuple[object, ...]]]],
) -> None:
    job, claim = _running(store, submit)
    assert claim is not None
    store.jobs.record_epochs(claim, [], b"checkpoint")
    if given_back:
        store.jobs.release(claim)
    with suppress(CoreError):
        MOVES[move](store, job, claim)
    kept = 0 if store.jobs.get("default", job.id).state in TERMINAL else 1
    rows = snapshot()
    assert len(rows["checkpoints"]) == kept
    assert len(rows["blobs"]) == 1 + kept  # the dataset's stays


@pytest.mark.parametrize(
    "broken",
    [
        {"state": "paused"},
        {"state": "resting"},
        {"pause_requested": True},
        {"state": "running"},
        {"lease_until": 1.0},
        {"dispatch_at": None},
        {"epoch": 4},
        {"epoch": -1},
        {"cancel_requested": True},
        {"state": "succeeded"},
        {"tenant": None},
        {"spec": None},
    ],
    ids=str,
)
def test_the_database_itself_refuses_a_row_that_cannot_be(
    broken: dict[str, object], engine: Engine, submit: Callable[..., Job]
) -> None:
    job = submit(epochs=3)
    with pytest.raises(IntegrityError), engine.begin() as connection:
        connection.execute(update(jobs).where(jobs.c.id == job.id).values(**broken))
