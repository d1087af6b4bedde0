"""What happened to jobs, as it was seen from outside and as the database tells it, and all that must be true of it.

    violations = check(histories, expected)

A pure judge: whatever was disturbed, and however, it looks at the record alone.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from core.jobs import TERMINAL, TRANSITIONS, State


@dataclass(frozen=True)
class Sighting:
    """A job's row at one moment; sightings of a job are in the order in which they were made."""

    state: State
    version: int
    fence: int
    attempt: int
    epoch: int


@dataclass(frozen=True)
class Epoch:
    epoch: int
    fence: int
    loss: float
    validation_loss: float | None


@dataclass(frozen=True)
class Snapshot:
    epoch: int
    fence: int
    sha256: str


@dataclass(frozen=True)
class Numbers:
    """What an undisturbed run gives: the weights by their SHA-256, the losses by epoch, the snapshots' SHA-256 by theirs."""

    weights: Mapping[str, str]
    losses: Sequence[tuple[float, float | None]]
    snapshots: Mapping[int, str]


@dataclass(frozen=True)
class History:
    """One request: the ids that it was answered with, each 202 again, and what the database has under the first of them."""

    key: str
    kind: str
    answers: Sequence[str]
    end: Sighting | None  # None where the database knows no such job
    events: Sequence[str] = ()
    epochs: Sequence[Epoch] = ()
    weights: Mapping[str, str] = field(default_factory=dict)
    snapshots: Sequence[Snapshot] = ()
    sightings: Sequence[Sighting] = ()
    was_cancelled: bool = False  # its client asked for that
    was_paused: bool = False  # its client asked for that, and later that it go on
    error: Any = None


@dataclass(frozen=True)
class Violation:
    rule: str  # lost, doubled, order, owner, pause, numbers, snapshot, final
    key: str
    told: str


# What an event does in each state in which it may come: the next state, and what it adds to the fence.
_EVENTS: Mapping[str, Mapping[State, tuple[State, int]]] = {
    "claimed": {State.QUEUED: (State.RUNNING, 1)},
    "released": {State.RUNNING: (State.QUEUED, 1)},
    "reaped": {State.RUNNING: (State.QUEUED, 1)},
    "succeeded": {State.RUNNING: (State.SUCCEEDED, 0)},
    "failed": {State.RUNNING: (State.FAILED, 0)},
    "pause_requested": {State.RUNNING: (State.RUNNING, 0)},
    "paused": {State.RUNNING: (State.PAUSED, 1), State.QUEUED: (State.PAUSED, 0)},
    "resumed": {State.PAUSED: (State.QUEUED, 0), State.RUNNING: (State.RUNNING, 0)},
    "cancel_requested": {State.RUNNING: (State.RUNNING, 0)},
    # By the client, by the worker or by the sweeper, which moves the fence.
    "cancelled": dict.fromkeys((State.RUNNING, State.QUEUED, State.PAUSED), (State.CANCELLED, 0)),
}
_GROWS = ("version", "fence", "attempt", "epoch")
_UNCLAIMED = (State.QUEUED, State.CANCELLED)  # what becomes of a paused job before it is claimed
_NO_TRANSITION = frozenset({"begun_anew", "epochs_fixed", "fingerprint_changed"})


def check(
    histories: Sequence[History], expected: Mapping[str, Numbers], stored: Iterable[str] | None = None
) -> list[Violation]:
    """Every violation; `expected` is by kind, `stored` the ids of all jobs that the database has, where they are known."""
    found = [Violation(rule, each.key, told) for each in histories for rule, told in _wrong(each, expected[each.kind])]
    made = {id: each.key for each in histories for id in each.answers}
    if len(made) != sum(len(set(each.answers)) for each in histories):
        found.append(Violation("doubled", "", "two requests were answered with one job"))
    found += [Violation("doubled", "", f"nobody was told of {id}") for id in set(stored or ()) - set(made)]
    return found


def _wrong(history: History, expected: Numbers) -> Iterator[tuple[str, str]]:
    if len(set(history.answers)) > 1:
        yield "doubled", f"one request made {sorted(set(history.answers))}"
    if history.end is None:
        yield "lost", "it was accepted, and is not there"
        return
    if history.end.state not in TERMINAL:
        yield "lost", f"it never ended: {history.end}"
    if history.end.state is State.FAILED:
        yield "lost", f"it failed: {history.error}"
    if history.end.state is State.CANCELLED and not history.was_cancelled:
        yield "lost", "it was cancelled, and nobody asked for that"
    yield from _order(history)
    yield from _owners(history)
    yield from _pauses(history)
    yield from _numbers(history, expected)
    yield from _snapshots(history, expected)
    yield from _finality(history)


def _order(history: History) -> Iterator[tuple[str, str]]:
    """Each epoch once and in order, as many as the row says."""
    assert history.end is not None
    numbers = [row.epoch for row in history.epochs]
    if numbers != list(range(1, len(numbers) + 1)):
        rule = "doubled" if len(set(numbers)) < len(numbers) else "order"
        yield rule, f"the epochs are {numbers}"
    if history.end.epoch != len(numbers):
        yield "order", f"{len(numbers)} epochs are recorded, the job says {history.end.epoch}"


def _owners(history: History) -> Iterator[tuple[str, str]]:
    """The events lead from owner to owner, one at a time, and every epoch was written under the fence of one of them."""
    assert history.end is not None
    if not history.events or history.events[0] != "submitted":
        yield "owner", f"the first event is {list(history.events[:1])}, not that it was submitted"
        return
    state, fence, attempt, fences = State.QUEUED, 0, 0, []
    for number, event in enumerate(history.events[1:], 2):
        if event in _NO_TRANSITION:
            continue
        if event not in _EVENTS:
            yield "owner", f"event {number} is {event}, which means nothing"
            continue
        if state not in _EVENTS[event]:
            yield ("final" if state in TERMINAL else "owner"), f"event {number}, {event}, came while it was {state}"
        state, step = _EVENTS[event].get(state, next(iter(_EVENTS[event].values())))
        fence += step
        if event == "claimed":
            attempt += 1
            fences.append(fence)
    if state is not history.end.state:
        yield "owner", f"the events lead to {state}, the job is {history.end.state}"
    allowed = {fence, fence + 1} if state is State.CANCELLED else {fence}
    if history.end.fence not in allowed:
        yield "owner", f"the events lead to fence {fence}, the job has {history.end.fence}"
    if attempt != history.end.attempt:
        yield "owner", f"it was claimed {attempt} times, the job says {history.end.attempt}"
    under = [row.fence for row in history.epochs]
    if strangers := set(under) - set(fences):
        yield "owner", f"epochs were written under the fences {sorted(strangers)}, which no claim gave out"
    if any(after < before for before, after in pairwise(under)):
        yield "owner", f"an owner wrote after the next one had begun: the fences of the epochs are {under}"


def _pauses(history: History) -> Iterator[tuple[str, str]]:
    """It is paused where its client asks for that, and then stays as it is until that asks for the opposite."""
    assert history.end is not None
    if not history.was_paused and {"pause_requested", "paused"}.intersection(history.events):
        yield "pause", "it was paused, and nobody asked for that"
    runs = is_wanted = False
    for number, event in enumerate(history.events, 1):
        if event in _NO_TRANSITION:
            continue
        if is_wanted and event in ("pause_requested", "released", "reaped"):
            yield "pause", f"event {number}, {event}, came while it was to be paused"
        if runs and not is_wanted and event in ("paused", "resumed"):
            yield "pause", f"event {number}, {event}, came while nobody wanted it paused"
        runs = event == "claimed" or (runs and event.endswith(("_requested", "resumed")))
        is_wanted = event == "pause_requested"
    for before, after in pairwise((*history.sightings, history.end)):
        if before.state is not State.PAUSED or after.attempt != before.attempt:
            continue
        if (after.fence, after.epoch) != (before.fence, before.epoch) or after.state not in (State.PAUSED, *_UNCLAIMED):
            yield "pause", f"it was trained while it was paused: {before}, and then: {after}"


def _numbers(history: History, expected: Numbers) -> Iterator[tuple[str, str]]:
    """Bit for bit those of an undisturbed run; a cancelled job has the first of them."""
    assert history.end is not None
    losses = [(row.loss, row.validation_loss) for row in history.epochs]
    wanted = list(expected.losses)
    if history.end.state is State.SUCCEEDED:
        if len(losses) != len(wanted):
            yield "order", f"{len(losses)} of {len(wanted)} epochs were trained"
        if dict(history.weights) != dict(expected.weights):
            yield "numbers", f"the weights are {dict(history.weights)}, not {dict(expected.weights)}"
    for epoch, (loss, other) in enumerate(zip(losses, wanted, strict=False), 1):
        if loss != other:
            yield "numbers", f"the losses of epoch {epoch} are {loss}, not {other}"
            break


def _snapshots(history: History, expected: Numbers) -> Iterator[tuple[str, str]]:
    """Those of an undisturbed run, bit for bit, up to the last epoch; each by the owner that wrote its epoch."""
    assert history.end is not None
    kept = [each.epoch for each in history.snapshots]
    if len(set(kept)) < len(kept):
        yield "snapshot", f"the snapshots are of the epochs {kept}"
    wanted = {epoch for epoch in expected.snapshots if epoch <= history.end.epoch}
    if history.end.epoch == 0:  # the first is kept before the first epoch: a job that was cancelled may have it or not
        wanted &= set(kept)
    if set(kept) != wanted:
        yield "snapshot", f"snapshots are kept of the epochs {sorted(set(kept))}, not of {sorted(wanted)}"
    under = {row.epoch: row.fence for row in history.epochs}
    for each in history.snapshots:
        if each.epoch in wanted and each.sha256 != expected.snapshots[each.epoch]:
            yield "snapshot", f"the snapshot of epoch {each.epoch} is {each.sha256}, not {expected.snapshots[each.epoch]}"
        if each.epoch in under and each.fence != under[each.epoch]:
            yield "owner", f"{each} was not written by the owner of its epoch, {under[each.epoch]}"
        if each.epoch == 0 and not 0 < each.fence <= under.get(1, history.end.fence):
            yield "owner", f"{each} was written by nobody who could train the first epoch"


def _finality(history: History) -> Iterator[tuple[str, str]]:
    """Nothing that was seen goes backwards, and what has ended changes no more."""
    assert history.end is not None
    for before, after in pairwise((*history.sightings, history.end)):
        if before.state in TERMINAL and after != before:
            yield "final", f"it had {before.state}, and then: {after}"
        elif any(getattr(after, name) < getattr(before, name) for name in _GROWS):
            yield "order", f"it went backwards from {before} to {after}"
        elif after.version == before.version and after.state is not before.state:
            yield "final", f"the same version was {before.state} and {after.state}"
        elif after.version == before.version + 1 and not _is_legal(before.state, after.state):
            yield "final", f"it went from {before.state} to {after.state} in one step"


def _is_legal(before: State, after: State) -> bool:
    return before is after or after in TRANSITIONS[before]
