"""The states of a job and the transitions between them; nothing else is legal.

            claim             succeed
    queued ───────▶ running ──────────▶ succeeded
     ▲ ▲ │           │ │ │ │   fail
     │ │ │  release, │ │ │ └──────────▶ failed
     │ └─┼─ reap ────┘ │ │    stop
     │   │             │ └────────────▶ cancelled
     │   │  cancel     │                 ▲   ▲
     │   ├─────────────┼─────────────────┘   │
     │   │  pause      │ release, reap       │
     │   └──────────▶ paused ────────────────┘
     │      resume     │              cancel
     └─────────────────┘

A job that is to be cancelled or paused while it runs stays `running` with `cancel_requested` or `pause_requested` set until its
worker has stopped, or until its lease runs out; the API shows it as `cancelling` or `pausing`. To resume it before its worker
has stopped takes the request back. Terminal states have no exits; a job that has ended can be deleted.
"""

from enum import StrEnum
from typing import Literal


class State(StrEnum):
    QUEUED = "queued"  # waits for a worker
    RUNNING = "running"  # a worker holds its lease
    PAUSED = "paused"  # waits for its client, with its checkpoint
    SUCCEEDED = "succeeded"  # trained; the weights are stored
    FAILED = "failed"  # ended with an error that says whose fault it was
    CANCELLED = "cancelled"  # stopped because the client asked


Stopped = Literal[  # why a job that succeeded trained no further epoch: the first of these that holds
    "epochs",  # all that were asked for are done
    "budget",  # all that its seconds had room for are done, fewer than were asked for
    "early",  # what early stopping monitors improved no more
    "converged",  # L-BFGS finds no lower loss
]

MOST_NAME = 200  # characters

# Of jobs of one tenant the one with the highest priority is started first, of equal ones the oldest.
LOWEST_PRIORITY, HIGHEST_PRIORITY = -10, 10

TERMINAL = frozenset({State.SUCCEEDED, State.FAILED, State.CANCELLED})

TRANSITIONS: dict[State, frozenset[State]] = {
    State.QUEUED: frozenset({State.RUNNING, State.PAUSED, State.CANCELLED}),
    State.RUNNING: frozenset({State.QUEUED, State.PAUSED, *TERMINAL}),
    State.PAUSED: frozenset({State.QUEUED, State.CANCELLED}),
    State.SUCCEEDED: frozenset(),
    State.FAILED: frozenset(),
    State.CANCELLED: frozenset(),
}
