"""Random lives of jobs: whatever clients, workers, zombies and sweepers do in whatever order, no job leaves the table of
core.jobs, no epoch is lost or doubled, and only the last owner's word counts.
"""

import os
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test
from sqlalchemy import update

from core.errors import Conflict, LostLease, NotFound
from core.ids import new_id
from core.jobs import TERMINAL, TRANSITIONS, State
from core.store import Claim, Job, NewJob, Store, connect
from core.store.tables import jobs
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
        self.starts: dict[str, str] = {}

    def teardown(self) -> None:
        """Leaves no job that the next life could claim."""
        for id in getattr(self, "seen", {}):
            if self._now(id).state in TERMINAL:
                continue
            with suppress(Conflict):
                self.store.jobs.cancel(self.tenant, id)
            claim = self.owner[id]
            if claim is not None:
                self.store.jobs.stop(claim)

    @rule(pick=picks, has_start=st.booleans())
    def submit(self, pick: int, has_start: bool) -> None:
        start = self._pick(pick) if has_start and self.seen else None
        self._begun(self.store.jobs.submit(self.tenant, NewJob({}, self.dataset.id, EPOCHS, start_id=start)))
        if start is not None:
            self.starts[list(self.seen)[-1]] = start

    def _begun(self, job: Job) -> None:
        self.seen[job.id], self.owner[job.id], self.epochs[job.id] = job, None, 0

    def _pick(self, pick: int) -> str:
        return sorted(self.seen)[pick % len(self.seen)]

    @rule(pick=picks)
    def pause(self, pick: int) -> None:
        if self.seen:
            before = self._now(self._pick(pick))
            if before.state in TERMINAL or before.cancel_requested:
                with pytest.raises(Conflict):
                    self.store.jobs.pause(self.tenant, before.id)
                return
            after = self.store.jobs.pause(self.tenant, before.id)
            assert after.state == (State.RUNNING if before.state == State.RUNNING else State.PAUSED)
            assert after.pause_requested == (before.state == State.RUNNING)

    @rule(pick=picks)
    def resume(self, pick: int) -> None:
        if self.seen:
            before = self._now(self._pick(pick))
            if before.state in TERMINAL or before.cancel_requested:
                with pytest.raises(Conflict):
                    self.store.jobs.resume(self.tenant, before.id)
                return
            after = self.store.jobs.resume(self.tenant, before.id)
            assert after.state == (State.RUNNING if before.state == State.RUNNING else State.QUEUED)
            assert not after.pause_requested

    @rule(pick=picks)
    def retry(self, pick: int) -> None:
        if self.seen:
            before = self._now(self._pick(pick))
            start = self.starts.get(before.id)
            if before.state not in (State.FAILED, State.CANCELLED) or (start is not None and start not in self.seen):
                with pytest.raises(Conflict):
                    self.store.jobs.retry(self.tenant, before.id)
                return
            again = self.store.jobs.retry(self.tenant, before.id)
            assert (again.retry_of, again.epoch, again.state) == (before.id, 0, State.QUEUED)
            self._begun(again)
            if start is not None:
                self.starts[again.id] = start

    @rule(pick=picks)
    def delete(self, pick: int) -> None:
        if self.seen:
            id = self._pick(pick)
            needed = [job for job, start in self.starts.items() if start == id and job in self.seen]
            if self._now(id).state not in TERMINAL or any(self._now(job).state not in TERMINAL for job in needed):
                with pytest.raises(Conflict):
                    self.store.jobs.delete(self.tenant, id)
                return
            self.store.jobs.delete(self.tenant, id)
            with pytest.raises(NotFound):
                self.store.jobs.get(self.tenant, id)
            for of in (self.seen, self.owner, self.epochs):
                del of[id]
            self.claims = [claim for claim in self.claims if claim.job.id != id]

    @rule(seconds=st.sampled_from([10.0, 4000.0]))
    def time_passes(self, seconds: float) -> None:
        """All that the database knows of times lies further back."""
        then = {name: jobs.c[name] - seconds for name in ("lease_until", "dispatch_at", "claimed_at", "started_at")}
        with self.store._database.writing() as writer:
            writer.execute(update(jobs).where(jobs.c.tenant == self.tenant).values(**then))

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
            store = self.store.jobs
            writes = {
                "succeed": lambda: store.succeed(claim, {}, {"last": b"weights"}),
                "fail": lambda: store.fail(claim, ERROR),
                "release": lambda: store.release(claim),
                "heartbeat": lambda: store.heartbeat(claim, -1),
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
                assert replace(now, started_at=before.started_at) == before  # but for the time that is made to pass
            assert now.state in TERMINAL or self.store.datasets.get(self.tenant, now.dataset_id) == self.dataset
            start = self.starts.get(id)
            assert now.state in TERMINAL or start is None or start in self.seen
            assert now.used_s >= before.used_s
            assert now.version >= before.version
            assert now.fence >= before.fence
            assert (self.owner[id] is not None) == (now.state == State.RUNNING)
            assert now.state not in TERMINAL or self.store.jobs.checkpoint(id) is None
            assert now.epoch == self.epochs[id]
            assert [row.epoch for row in self.store.epochs.page(self.tenant, id)] == list(range(1, now.epoch + 1))
            events = self.store.events.page(self.tenant, id)
            assert [event.seq for event in events] == list(range(1, len(events) + 1))
            assert (events[-1].type == now.state) == (now.state in {*TERMINAL, State.PAUSED})
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
    """GRADMILL_LIVES=2000 looks at more of them."""
    _live(database_url, int(os.environ.get("GRADMILL_LIVES", "25")))
