"""The judge of histories passes good ones and rejects each way in which one can be bad."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import pytest

from core.jobs import State
from tests.faults.history import Epoch, History, Numbers, Sighting, Snapshot, check

LOSSES = [(1.0, None), (0.5, None), (0.25, 0.3)]
EXPECTED = {"xor": Numbers({"best": "b", "last": "l"}, LOSSES, {0: "s0", 1: "s1", 3: "s3"})}
GOOD = History(
    key="first",
    kind="xor",
    answers=["job_1", "job_1"],
    end=Sighting(State.SUCCEEDED, 9, 3, 2, 3),
    events=["submitted", "claimed", "reaped", "claimed", "succeeded"],
    epochs=[Epoch(1, 1, *LOSSES[0]), Epoch(2, 3, *LOSSES[1]), Epoch(3, 3, *LOSSES[2])],
    weights={"best": "b", "last": "l"},
    snapshots=[Snapshot(0, 1, "s0"), Snapshot(1, 1, "s1"), Snapshot(3, 3, "s3")],
    sightings=[
        Sighting(State.QUEUED, 1, 0, 0, 0),
        Sighting(State.RUNNING, 3, 1, 1, 1),
        Sighting(State.QUEUED, 4, 2, 1, 1),
        Sighting(State.SUCCEEDED, 9, 3, 2, 3),
    ],
)
CANCELLED = replace(
    GOOD,
    end=Sighting(State.CANCELLED, 6, 2, 1, 1),
    events=["submitted", "claimed", "cancel_requested", "cancelled"],
    epochs=GOOD.epochs[:1],
    weights={},
    snapshots=GOOD.snapshots[:2],
    sightings=GOOD.sightings[:2],
    was_cancelled=True,
)
# Before its first epoch was recorded, and after the weights of epoch 0 were kept.
CANCELLED_AT_ONCE = replace(
    CANCELLED, end=Sighting(State.CANCELLED, 6, 2, 1, 0), epochs=[], snapshots=GOOD.snapshots[:1], sightings=()
)
# Paused while it ran, resumed, paused while it waited, resumed; a third pause was taken back.
PAUSED = replace(
    GOOD,
    end=Sighting(State.SUCCEEDED, 12, 3, 2, 3),
    events=[
        *("submitted", "claimed", "pause_requested", "paused", "resumed", "paused", "resumed"),
        *("claimed", "pause_requested", "resumed", "succeeded"),
    ],
    sightings=[
        Sighting(State.RUNNING, 3, 1, 1, 1),
        Sighting(State.PAUSED, 5, 2, 1, 1),
        Sighting(State.QUEUED, 6, 2, 1, 1),
        Sighting(State.PAUSED, 7, 2, 1, 1),
        Sighting(State.RUNNING, 9, 3, 2, 1),
    ],
    was_paused=True,
)


def paused(event: str, instead: Sequence[str]) -> Sequence[str]:
    """The events of the paused job with others in the place of the first such one."""
    at = PAUSED.events.index(event)
    return [*PAUSED.events[:at], *instead, *PAUSED.events[at + 1 :]]


def end(**changes: object) -> Sighting:
    assert GOOD.end is not None
    return replace(GOOD.end, **changes)  # type: ignore[arg-type]


def paused_at(**changes: object) -> Sighting:
    """The paused job a while later."""
    return replace(PAUSED.sightings[1], version=7, **changes)  # type: ignore[arg-type]


def snapshots(*rows: tuple[int, int, str]) -> list[Snapshot]:
    return [Snapshot(*row) for row in rows]


def epochs(*rows: tuple[int, int, float]) -> list[Epoch]:
    return [Epoch(number, fence, loss, LOSSES[min(number, 3) - 1][1]) for number, fence, loss in rows]


BAD: dict[str, tuple[str, Callable[[], History]]] = {
    "a job that is gone": ("lost", lambda: replace(GOOD, end=None)),
    "a job that never ends": (
        "lost",
        lambda: replace(GOOD, end=end(state=State.RUNNING), sightings=[], events=GOOD.events[:4]),
    ),
    "a job that failed": ("lost", lambda: replace(GOOD, end=end(state=State.FAILED), events=[*GOOD.events[:4], "failed"])),
    "a job that nobody wanted cancelled": ("lost", lambda: replace(CANCELLED, was_cancelled=False)),
    "one request and two jobs": ("doubled", lambda: replace(GOOD, answers=["job_1", "job_2"])),
    "an epoch that was recorded twice": (
        "doubled",
        lambda: replace(GOOD, epochs=epochs((1, 1, 1.0), (2, 3, 0.5), (2, 3, 0.5), (3, 3, 0.25))),
    ),
    "an epoch that is missing": ("order", lambda: replace(GOOD, epochs=epochs((1, 1, 1.0), (3, 3, 0.25)))),
    "epochs in the wrong order": ("order", lambda: replace(GOOD, epochs=epochs((2, 1, 0.5), (1, 3, 1.0), (3, 3, 0.25)))),
    "a last epoch that was not recorded": (
        "order",
        lambda: replace(GOOD, epochs=GOOD.epochs[:2], end=end(epoch=2), sightings=[]),
    ),
    "a row that counts other epochs": ("order", lambda: replace(GOOD, end=end(epoch=2), sightings=[])),
    "two owners at the same time": (
        "owner",
        lambda: replace(GOOD, events=["submitted", "claimed", "claimed", "succeeded"], end=end(fence=2), sightings=[]),
    ),
    "an epoch by an owner that nobody knows": (
        "owner",
        lambda: replace(GOOD, epochs=epochs((1, 1, 1.0), (2, 2, 0.5), (3, 3, 0.25))),
    ),
    "an epoch by the owner before": ("owner", lambda: replace(GOOD, epochs=epochs((1, 3, 1.0), (2, 1, 0.5), (3, 3, 0.25)))),
    "a fence that moved without an event": ("owner", lambda: replace(GOOD, end=end(fence=4), sightings=[])),
    "an attempt without an event": ("owner", lambda: replace(GOOD, end=end(attempt=3), sightings=[])),
    "an event that means nothing": ("owner", lambda: replace(GOOD, events=[*GOOD.events[:4], "blessed", "succeeded"])),
    "no submission": ("owner", lambda: replace(GOOD, events=GOOD.events[1:])),
    "another loss": ("numbers", lambda: replace(GOOD, epochs=epochs((1, 1, 1.0), (2, 3, 0.5000001), (3, 3, 0.25)))),
    "other weights": ("numbers", lambda: replace(GOOD, weights={"best": "b", "last": "x"})),
    "no weights": ("numbers", lambda: replace(GOOD, weights={})),
    "another loss of a cancelled job": ("numbers", lambda: replace(CANCELLED, epochs=epochs((1, 1, 2.0)))),
    "a snapshot that is missing": ("snapshot", lambda: replace(GOOD, snapshots=snapshots((0, 1, "s0"), (3, 3, "s3")))),
    "no first snapshot": ("snapshot", lambda: replace(GOOD, snapshots=GOOD.snapshots[1:])),
    "no last snapshot": ("snapshot", lambda: replace(GOOD, snapshots=GOOD.snapshots[:2])),
    "no snapshots": ("snapshot", lambda: replace(GOOD, snapshots=[])),
    "a snapshot that is kept twice": ("snapshot", lambda: replace(GOOD, snapshots=[*GOOD.snapshots, GOOD.snapshots[1]])),
    "a snapshot of other weights": (
        "snapshot",
        lambda: replace(GOOD, snapshots=[*GOOD.snapshots[:2], Snapshot(3, 3, "other")]),
    ),
    "snapshots that are each other's": (
        "snapshot",
        lambda: replace(GOOD, snapshots=snapshots((0, 1, "s1"), (1, 1, "s0"), (3, 3, "s3"))),
    ),
    "a snapshot of an epoch that nobody asked for": (
        "snapshot",
        lambda: replace(GOOD, snapshots=[*GOOD.snapshots, Snapshot(2, 3, "s2")]),
    ),
    "a snapshot of an epoch that was not recorded": (
        "snapshot",
        lambda: replace(CANCELLED, snapshots=[*CANCELLED.snapshots, Snapshot(3, 1, "s3")]),
    ),
    "a cancelled job that lost a snapshot": ("snapshot", lambda: replace(CANCELLED, snapshots=CANCELLED.snapshots[:1])),
    "another snapshot before the first epoch": (
        "snapshot",
        lambda: replace(CANCELLED_AT_ONCE, snapshots=snapshots((0, 1, "s1"))),
    ),
    "a snapshot by another owner than its epoch": (
        "owner",
        lambda: replace(GOOD, snapshots=[*GOOD.snapshots[:2], Snapshot(3, 1, "s3")]),
    ),
    "a first snapshot by an owner after the first epoch": (
        "owner",
        lambda: replace(GOOD, snapshots=[Snapshot(0, 3, "s0"), *GOOD.snapshots[1:]]),
    ),
    "a job that nobody wanted paused": ("pause", lambda: replace(PAUSED, was_paused=False)),
    "a job that stays paused": (
        "lost",
        lambda: replace(PAUSED, end=PAUSED.sightings[1], events=PAUSED.events[:4], epochs=GOOD.epochs[:1], sightings=[]),
    ),
    "a running job that was paused unasked": ("pause", lambda: replace(PAUSED, events=paused("pause_requested", []))),
    "a job to be paused that is given to the next worker": (
        "pause",
        lambda: replace(PAUSED, events=[*PAUSED.events[:3], "released", *PAUSED.events[7:]], sightings=[]),
    ),
    "a job to be paused that is taken back for the next worker": (
        "pause",
        lambda: replace(PAUSED, events=[*PAUSED.events[:3], "reaped", *PAUSED.events[7:]], sightings=[]),
    ),
    "a running job that was resumed unasked": (
        "pause",
        lambda: replace(PAUSED, events=[*PAUSED.events[:8], "resumed", "succeeded"]),
    ),
    "a paused job that is claimed": ("owner", lambda: replace(PAUSED, events=paused("resumed", []))),
    "a paused job that is paused": ("owner", lambda: replace(PAUSED, events=paused("paused", ["paused", "paused"]))),
    "a paused job that succeeds": (
        "owner",
        lambda: replace(PAUSED, events=[*PAUSED.events[:4], "succeeded"], end=end(fence=2, attempt=1), sightings=[]),
    ),
    "a waiting job that is resumed": ("owner", lambda: replace(PAUSED, events=paused("resumed", ["resumed", "resumed"]))),
    "a pause that leaves the fence to the worker": ("owner", lambda: replace(PAUSED, end=end(fence=2), sightings=[])),
    "an epoch during a pause": ("pause", lambda: replace(PAUSED, sightings=[*PAUSED.sightings[:2], paused_at(epoch=2)])),
    "a fence that moves during a pause": (
        "pause",
        lambda: replace(PAUSED, sightings=[*PAUSED.sightings[:2], paused_at(fence=3)]),
    ),
    "a paused job that runs without a claim": (
        "pause",
        lambda: replace(PAUSED, sightings=[*PAUSED.sightings[:2], paused_at(state=State.RUNNING)]),
    ),
    "another loss after a pause": (
        "numbers",
        lambda: replace(PAUSED, epochs=epochs((1, 1, 1.0), (2, 3, 0.5000001), (3, 3, 0.25))),
    ),
    "an event after the end": ("final", lambda: replace(GOOD, events=[*GOOD.events, "reaped"])),
    "a second end": ("final", lambda: replace(GOOD, events=[*GOOD.events, "cancelled"], was_cancelled=True)),
    "an end that was taken back": (
        "final",
        lambda: replace(GOOD, sightings=[Sighting(State.CANCELLED, 5, 2, 1, 1)], was_cancelled=True),
    ),
    "an ended job that changes": ("final", lambda: replace(GOOD, sightings=[end(version=8)])),
    "a step that no table allows": (
        "final",
        lambda: replace(GOOD, sightings=[Sighting(State.QUEUED, 8, 3, 2, 3)]),
    ),
    "epochs that become fewer": ("order", lambda: replace(GOOD, sightings=[Sighting(State.RUNNING, 5, 3, 2, 4)])),
    "a fence that goes back": ("order", lambda: replace(GOOD, sightings=[Sighting(State.RUNNING, 5, 4, 2, 2)])),
}


GOOD_ONES = {
    "succeeded": GOOD,
    "cancelled": CANCELLED,
    "paused": PAUSED,
    "cancelled before its first epoch": CANCELLED_AT_ONCE,
    "cancelled before anything was kept": replace(CANCELLED_AT_ONCE, snapshots=[]),
}


@pytest.mark.parametrize("history", GOOD_ONES.values(), ids=GOOD_ONES)
def test_a_good_history_passes(history: History) -> None:
    assert check([history], EXPECTED, ["job_1"]) == []


@pytest.mark.parametrize("planted", BAD)
def test_a_bad_history_is_rejected_by_its_rule(planted: str) -> None:
    rule, history = BAD[planted]
    assert rule in {violation.rule for violation in check([history()], EXPECTED)}


def test_a_job_that_nobody_was_told_of_is_one_too_many() -> None:
    assert [violation.rule for violation in check([GOOD], EXPECTED, ["job_1", "job_2"])] == ["doubled"]


def test_two_requests_do_not_share_a_job() -> None:
    assert [violation.rule for violation in check([GOOD, replace(GOOD, key="second")], EXPECTED)] == ["doubled"]
