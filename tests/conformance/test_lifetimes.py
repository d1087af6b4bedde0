"""Random lives of jobs: whatever clients, workers, zombies and sweepers do in whatever order, no job leaves the table of
core.jobs, no epoch is lost or doubled, and only the last owner's word counts.
"""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from core.errors import Conflict, LostLease
from core.ids import new_id
from core.jobs import TERMINAL, TRANSITIONS, State
from core.store import Claim, Job, NewJob, Store, connect
from tests.conformance.rows import ERROR, epoch_rows

EPOCHS = 4
STUCK_LIMIT = 3
picks = st.integers(0, 2**16)


class Lifetimes(RuleBasedStateMachine):
    """Holds beside the store what it must say: who owns each job, and how far it is."""

    store: Store
    tenant: str

    @initialize()
    def begin(self) -> None:
        self.tenant = new_id("tenant")
        with TemporaryDirectory() as directory:
            table = Path(directory, "table")
            table.write_bytes(b"columns")
            self.dataset, _ = self.store.datasets.add(self.tenant, "a" * 64, "csv", {}, [], 7, None, "upload", table)
        self.seen: dict[str, Job] = {}
        self.claims: list[Claim] = []
        self.owner: dict[str, Claim | None] = {}
        self.epochs: dict[str, int] = {}

    def teardown(self) -> None:
        """Leaves no job that the next life could claim."""
        for id in getattr(self, "seen", {}):
            with suppress(Conflict):
                self.store.jobs.cancel(self.tenant, id)
            claim = self.owner[id]
            if claim is not None:
                self.store.jobs.stop(claim)

    @rule()
    def submit(self) -> None:
        job = self.store.jobs.submit(self.tenant, NewJob({}, self.dataset.id, EPOCHS))
        self.seen[job.id], self.owner[job.id], self.epochs[job.id] = job, None, 0

    @rule(lives=st.booleans())
    def claim(self, lives: bool) -> None:
        queued = sorted(id for id, job in self.seen.items() if self._now(id).state == State.QUEUED)
        claim = self.store.jobs.claim("worker", 3600 if lives else -1)
        assert (claim.job.id if claim else None) == (queued[0] if queued else None)
        if claim is not None:
            assert claim.fence > max([old.fence for old in self.claims if old.job.id == claim.job.id], default=0)
            assert claim.job.epoch == self.epochs[claim.job.id]
            self.owner[claim.job.id] = claim
            self.claims.append(claim)

    @rule(pick=picks, count=st.integers(1, 2), with_checkpoint=st.booleans())
    def record(self, pick: int, count: int, with_checkpoint: bool) -> None:
        if self.claims:
            claim = self.claims[pick % len(self.claims)]
            first = self.epochs[claim.job.id] + 1
            last = min(first + count - 1, EPOCHS)
            if last < first:
                return
            checkpoint = str(last).encode() if with_checkpoint else None
            if self._refused(claim, lambda: self.store.jobs.record_epochs(claim, epoch_rows(first, last), checkpoint)):
                return
            self.epochs[claim.job.id] = last

    @rule(pick=picks, how=st.sampled_from(["succeed", "fail", "release", "heartbeat"]))
    def write(self, pick: int, how: str) -> None:
        if self.claims:
            claim = self.claims[pick % len(self.claims)]
            jobs = self.store.jobs
            writes = {
                "succeed": lambda: jobs.succeed(claim, {}, {"last": b"weights"}),
                "fail": lambda: jobs.fail(claim, ERROR),
                "release": lambda: jobs.release(claim),
                "heartbeat": lambda: jobs.heartbeat(claim, -1),
            }
            unwanted = self._now(claim.job.id).cancel_requested
            if not self._refused(claim, writes[how]) and how != "heartbeat" and not (how == "release" and unwanted):
                self.owner[claim.job.id] = None
                if how != "release":
                    self.claims.remove(claim)  # to say it once more would be no error

    @rule(pick=picks)
    def cancel(self, pick: int) -> None:
        if self.seen:
            id = sorted(self.seen)[pick % len(self.seen)]
            if self._now(id).state in (State.SUCCEEDED, State.FAILED):
                with pytest.raises(Conflict):
                    self.store.jobs.cancel(self.tenant, id)
            else:
                self.store.jobs.cancel(self.tenant, id)

    @rule()
    def reap(self) -> None:
        for id in self.store.jobs.reap(STUCK_LIMIT):
            assert self.owner[id] is not None
            self.owner[id] = None

    @rule()
    def dispatch(self) -> None:
        assert 0 <= self.store.jobs.dispatch(2, 30) <= 2

    @invariant()
    def no_job_leaves_the_table(self) -> None:
        for id, before in getattr(self, "seen", {}).items():
            now = self._now(id)
            if now.state != before.state:
                assert now.state in TRANSITIONS[before.state]
            if before.state in TERMINAL:
                assert now == before
            assert now.version >= before.version
            assert now.fence >= before.fence
            assert (self.owner[id] is not None) == (now.state == State.RUNNING)
            assert now.state not in TERMINAL or self.store.jobs.checkpoint(id) is None
            assert now.epoch == self.epochs[id]
            assert [row.epoch for row in self.store.epochs.page(self.tenant, id)] == list(range(1, now.epoch + 1))
            events = self.store.events.page(self.tenant, id)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            assert (events[-1].type == now.state) == (now.state in TERMINAL)
            self.seen[id] = now

    def _now(self, id: str) -> Job:
        return self.store.jobs.get(self.tenant, id)

    def _refused(self, claim: Claim, write: Callable[[], object]) -> bool:
        """Whether the write was refused, which must be just when somebody else's word counts."""
        try:
            write()
        except LostLease:
            assert self.owner[claim.job.id] != claim
            return True
        assert self.owner[claim.job.id] == claim
        return False


def _live(url: str, examples: int) -> None:
    store = Store(connect(url))

    class OnThisDatabase(Lifetimes):
        pass

    OnThisDatabase.store = store
    checks = [HealthCheck.too_slow, HealthCheck.data_too_large]
    how = settings(max_examples=examples, stateful_step_count=30, deadline=None, derandomize=True, suppress_health_check=checks)
    try:
        run_state_machine_as_test(OnThisDatabase, settings=how)  # type: ignore[no-untyped-call]
    finally:
        store.close()


def test_no_life_of_a_job_leaves_the_table(database_url: str) -> None:
    _live(database_url, 40)
