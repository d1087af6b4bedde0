"""The lease on a job: kept alive by a thread for as long as the job trains.

The lease is for liveness only. What keeps a job from two owners is the fence that the store compares at every write; here a
lost lease merely ends the work that nobody wants any more.
"""

import logging
import time
from collections.abc import Callable
from threading import Event, Thread
from types import TracebackType
from typing import Self, TypeVar

from core.errors import CoreError, LostLease, Unavailable
from core.store import Claim, Signals, Store, answers_within

SIGNALS_EVERY_S = 0.5  # how soon a cancellation is seen
BEATS_PER_TTL = 3
RETRY_AFTER_S = (0.05, 0.5)  # at first, at most

T = TypeVar("T")

log = logging.getLogger(__name__)


class Lease:
    """A context: inside it, the claim is renewed and `ended` tells whether the work has lost its purpose.

    That is so where the client asked for the end (`cancelled`) or for a pause, which it may have taken back since, or where
    the store said that this attempt owns the job no more (`lost`); while the database is away nobody knows, and the training
    goes on.
    """

    def __init__(self, claim: Claim, store: Store, ttl_s: float) -> None:
        self.claim = claim
        self._store = store
        self._ttl_s = ttl_s
        self._ours_until = time.monotonic() + ttl_s
        self._renew_at = time.monotonic() + ttl_s / BEATS_PER_TTL
        self._cancelled = Event()
        self._paused = Event()
        self._lost = Event()
        self._left = Event()
        self._thread = Thread(target=self._beat, name="heartbeat", daemon=True)

    @property
    def cancelled(self) -> bool:
        return self._cancelled.is_set()

    @property
    def lost(self) -> bool:
        return self._lost.is_set()

    @property
    def ended(self) -> bool:
        return self._cancelled.is_set() or self._paused.is_set() or self._lost.is_set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._left.set()
        self._thread.join()

    def persist(self, write: Callable[[], T]) -> T:
        """The result of `write`, tried again while the database is away and the job may still be ours; then LostLease."""
        pause_s, longest_s = RETRY_AFTER_S
        while True:
            if self.lost:
                raise LostLease(f"job {self.claim.job.id} has another owner")
            try:
                return write()
            except Unavailable as error:
                if time.monotonic() + pause_s > self._ours_until:
                    raise LostLease(f"job {self.claim.job.id}: the database stayed away for the whole lease") from error
            self._left.wait(pause_s)
            pause_s = min(2 * pause_s, longest_s)

    def hear(self, signals: Signals) -> None:
        """What the client wants, as a write or a read of this attempt was told."""
        if signals.cancel_requested:
            self._cancelled.set()
        if signals.pause_requested:
            self._paused.set()

    def _beat(self) -> None:
        answers_within(self._ttl_s / 2)
        pause_s = min(SIGNALS_EVERY_S, self._ttl_s / BEATS_PER_TTL)
        while not self._left.wait(pause_s) and not self.lost:
            try:
                if time.monotonic() + pause_s / 2 >= self._renew_at:
                    self._renew()
                else:
                    signals = self._store.jobs.signals(self.claim)
                    if signals.cancel_requested and not self.cancelled:
                        self._renew_at = 0.0  # the cancellation has cut the lease, for the case that nobody hears of it
                        self.hear(signals)
                        self._renew()
                    self.hear(signals)
            except LostLease:
                self._lost.set()
            except CoreError as error:  # away, or its disk is full
                log.warning("job %s: no heartbeat: %s", self.claim.job.id, error)
            except Exception:  # without this thread the job would be taken away, and its client's cancellation not be seen
                log.exception("job %s: no heartbeat", self.claim.job.id)

    def _renew(self) -> None:
        asked_at = time.monotonic()
        signals = self._store.jobs.heartbeat(self.claim, self._ttl_s)
        self._ours_until = asked_at + self._ttl_s
        self._renew_at = asked_at + self._ttl_s / BEATS_PER_TTL
        self.hear(signals)
