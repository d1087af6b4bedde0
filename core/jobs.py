"""The states of a job and the transitions between them; nothing else is legal.

            claim             succeed
    queued ───────▶ running ──────────▶ succeeded
     ▲  │            │ │ │     fail
     │  │   release, │ │ └────────────▶ failed
     └──┼── reap ────┘ │      stop
        │  cancel      └──────────────▶ cancelled
        └────────────────────────────────▲

A job whose cancellation was asked for while it runs stays `running` with `cancel_requested` set until its worker stops, or
until its lease runs out; the API shows it as `cancelling`. Terminal states have no exits.
"""

from enum import StrEnum
from typing import Literal


class State(StrEnum):
    QUEUED = "queued"  # waits for a worker
    RUNNING = "running"  # a worker holds its lease
    SUCCEEDED = "succeeded"  # trained; the weights are stored
    FAILED = "failed"  # ended with an error that says whose fault it was
    CANCELLED = "cancelled"  # stopped because the client asked


Stopped = Literal[  # why a job that succeeded trained no further epoch: the first of these that holds
    "epochs",  # all that were asked for are done
    "budget",  # all that its seconds had room for are done, fewer than were asked for
    "early",  # what early stopping monitors improved no more
    "converged",  # L-BFGS finds no lower loss
]

# Of jobs of one tenant the one with the highest priority is started first, of equal ones the oldest.
LOWEST_PRIORITY, HIGHEST_PRIORITY = -10, 10

TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED}),
    State.RUNNING: frozenset({State.QUEUED, *TERMINAL}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}
