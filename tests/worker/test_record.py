"""What is written while a job trains, and when: by a clock that only the tests move."""

import tracemalloc
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TypeVar

import numpy as np
import pytest

from core.errors import LostLease
from core.nn.saving.checkpoint import Checkpoint, SavedCheckpoint
from core.nn.training import EpochResult
from core.settings import Settings
from core.store import Claim, EpochRow, Store
from tests.faults.jobs import TENANT, XOR, submit
from tests.worker.jobs import claimed
from worker.record import CHECKPOINT_SHARE, LONGEST_PAUSE_S, Record
from worker.run import train

T = TypeVar("T")
METRICS = {"accuracy": 0.5}
CHECKPOINT = Checkpoint({"epoch": 3, "step": 1}, {"theta": np.ones(3, np.float32)})


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class FakeLease:
    """Counts the writes; each waits and takes as long as it is told to."""

    def __init__(self, claim: Claim, clock: Clock) -> None:
        self.claim = claim
        self.ended = False
        self.writes = 0
        self.wait_s = self.write_s = 0.0
        self._clock = clock

    def persist(self, write: Callable[[], T]) -> T:
        self._clock.now += self.wait_s
        result = write()
        self._clock.now += self.write_s
        self.writes += 1
        return result


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def claim(store: Store, tmp_path: Path) -> Claim:
    submit(store, tmp_path, XOR)
    return claimed(store)


@pytest.fixture
def lease(claim: Claim, clock: Clock) -> FakeLease:
    return FakeLease(claim, clock)


@pytest.fixture
def record(lease: FakeLease, store: Store, clock: Clock) -> Record:
    return Record(lease, store, Settings(record_every_s=0.25, checkpoint_every_s=2.0), 4, clock)  # type: ignore[arg-type]


def result(epoch: int) -> EpochResult:
    return EpochResult(epoch, 1 / epoch, None, {"r2": float("-inf"), "accuracy": 0.5}, 0.1, 0.2)


def recorded(store: Store, claim: Claim) -> list[EpochRow]:
    return list(store.epochs.page(TENANT, claim.job.id, 0, 1000))


def test_epochs_that_follow_fast_are_written_together(record: Record, lease: FakeLease, store: Store, clock: Clock) -> None:
    for epoch in range(1, 9):
        clock.now += 0.125
        record.add(result(epoch), epoch, more=False)
        assert lease.writes == epoch // 2
    assert [row.epoch for row in recorded(store, lease.claim)] == list(range(1, 9))
    assert record.trained == 8


def test_epochs_that_ended_together_share_the_time_they_took(
    record: Record, lease: FakeLease, store: Store, clock: Clock
) -> None:
    clock.now += 1.0
    for epoch in range(1, 5):
        record.add(result(epoch), epoch, more=epoch < 4)
    clock.now += 0.5
    record.add(result(5), 5, more=False)
    assert [row.seconds for row in recorded(store, lease.claim)] == [0.25] * 4 + [0.5]
    assert [row.rows_per_second for row in recorded(store, lease.claim)] == [16.0] * 4 + [8.0]


def test_the_time_that_a_write_takes_is_no_training(record: Record, lease: FakeLease, store: Store, clock: Clock) -> None:
    lease.write_s = 5.0
    for epoch in (1, 2):
        clock.now += 1.0
        record.add(result(epoch), epoch, more=False)
    assert [row.seconds for row in recorded(store, lease.claim)] == [1.0, 1.0]


def test_metrics_that_are_no_numbers_are_left_out(record: Record, lease: FakeLease, store: Store, clock: Clock) -> None:
    clock.now += 1.0
    record.add(result(1), 1, more=False)
    assert recorded(store, lease.claim)[0].metrics == {"accuracy": 0.5}


def test_epochs_that_an_earlier_attempt_recorded_are_counted_but_not_written(
    store: Store, tmp_path: Path, clock: Clock
) -> None:
    submit(store, tmp_path, XOR)
    first = claimed(store)
    before = Record(FakeLease(first, clock), store, Settings(record_every_s=0.0), 4, clock)  # type: ignore[arg-type]
    for epoch in (1, 2):
        clock.now += 1.0
        before.add(result(epoch), epoch, more=False)
    store.jobs.release(first)
    second = claimed(store)
    lease = FakeLease(second, clock)
    record = Record(lease, store, Settings(record_every_s=0.0), 4, clock)  # type: ignore[arg-type]
    for epoch in (1, 2, 3):
        clock.now += 0.5
        record.add(result(epoch), epoch, more=False)
    assert [row.seconds for row in recorded(store, second)] == [1.0, 1.0, 0.5]
    assert (record.trained, lease.writes) == (3, 1)


def test_the_best_epoch_is_told_with_those_that_follow_it(record: Record, store: Store, clock: Clock, claim: Claim) -> None:
    for epoch, best in ((1, 1), (2, 2), (3, 2), (4, 4), (5, 4)):
        record.add(result(epoch), best, more=epoch == 3)
    record.flush()
    assert store.jobs.get(TENANT, claim.job.id).best == {"epoch": 4, "loss": 0.25, "validation_loss": None, "metrics": METRICS}


def test_the_best_epoch_may_be_one_that_an_earlier_attempt_recorded(store: Store, claim: Claim, clock: Clock) -> None:
    before = Record(FakeLease(claim, clock), store, Settings(record_every_s=0.0), 4, clock)  # type: ignore[arg-type]
    for epoch in (1, 2):
        before.add(result(epoch), epoch, more=False)
    store.jobs.release(claim)
    second = claimed(store)
    assert second.job.best is not None
    record = Record(FakeLease(second, clock), store, Settings(record_every_s=0.0), 4, clock)  # type: ignore[arg-type]
    for epoch in (2, 3):
        record.add(result(epoch), 1, more=False)
    best = store.jobs.get(TENANT, claim.job.id).best
    assert best == {"epoch": 1, "loss": 1.0, "validation_loss": None, "metrics": METRICS}


def test_rows_go_into_one_transaction_with_the_checkpoint_after_them(record: Record, lease: FakeLease, store: Store) -> None:
    record.add(result(1), 1, more=False)
    assert lease.writes == 0
    record.flush(CHECKPOINT)
    assert lease.writes == 1
    assert len(recorded(store, lease.claim)) == 1
    blob = store.jobs.checkpoint(lease.claim)
    assert blob is not None
    assert Checkpoint.from_bytes(b"".join(blob)).state == CHECKPOINT.state
    record.flush()
    assert lease.writes == 1


def test_a_large_checkpoint_is_written_and_read_back_without_a_copy_of_it(
    record: Record, lease: FakeLease, store: Store
) -> None:
    theta = np.arange(2**24, dtype=np.float32)
    again = np.zeros_like(theta)
    tracemalloc.start()
    record.flush(Checkpoint({"epoch": 0, "step": 1}, {"theta": theta}))
    pieces = store.jobs.checkpoint(lease.claim)
    assert pieces is not None
    assert SavedCheckpoint(pieces).copy_into({"theta": again}, ("epoch", "step")) == {"epoch": 0, "step": 1}
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    np.testing.assert_array_equal(again, theta)
    assert peak < theta.nbytes / 2


def test_a_lost_lease_loses_the_rows_with_the_checkpoint(record: Record, lease: FakeLease, store: Store) -> None:
    record.add(result(1), 1, more=False)
    store.jobs.release(lease.claim)
    with pytest.raises(LostLease):
        record.flush(CHECKPOINT)
    assert recorded(store, lease.claim) == []
    assert store.jobs.checkpoint(lease.claim) is None


@pytest.mark.parametrize(
    ("write_s", "pause_s"),
    [(0.0, 2.0), (2.0 * CHECKPOINT_SHARE, 2.0), (10.0 * CHECKPOINT_SHARE, 10.0), (1000.0, LONGEST_PAUSE_S)],
)
def test_checkpoints_take_a_small_share_of_the_time_and_never_wait_for_very_long(
    write_s: float, pause_s: float, record: Record, lease: FakeLease, clock: Clock
) -> None:
    clock.now += 1.5
    assert not record.wants_checkpoint
    clock.now += 0.5
    assert record.wants_checkpoint
    lease.write_s = write_s
    record.flush(CHECKPOINT)
    clock.now += pause_s - 0.125
    assert not record.wants_checkpoint
    clock.now += 0.25
    assert record.wants_checkpoint


def test_an_outage_does_not_put_off_the_next_checkpoint(record: Record, lease: FakeLease, clock: Clock) -> None:
    lease.wait_s = 10.0
    record.flush(CHECKPOINT)
    clock.now += 2.0
    assert record.wants_checkpoint


def test_an_epoch_that_ends_soon_after_a_checkpoint_does_not_wait_for_the_next_one(
    record: Record, lease: FakeLease, store: Store, clock: Clock
) -> None:
    record.flush(CHECKPOINT)
    clock.now += 0.125
    record.add(result(1), 1, more=False)
    assert not record.is_due
    clock.now += 0.125
    assert record.is_due
    assert not record.wants_checkpoint
    record.flush()
    assert len(recorded(store, lease.claim)) == 1
    clock.now += 0.25
    assert not record.is_due


def test_the_training_pauses_in_the_middle_of_an_epoch_to_write_the_one_before(
    record: Record, lease: FakeLease, store: Store, clock: Clock
) -> None:
    class OneEpochAndTheBeginningOfAnother:
        epoch, best_epoch, finished = 0, 1, False

        def epochs(self, interrupted: Callable[[], bool]) -> Iterator[EpochResult]:
            if self.epoch:
                self.finished = True
                return
            self.epoch = 1
            yield result(1)
            while not interrupted():
                clock.now += 0.125

    train(OneEpochAndTheBeginningOfAnother(), record, lease, lambda: False)  # type: ignore[arg-type]
    assert len(recorded(store, lease.claim)) == 1
    assert store.jobs.checkpoint(lease.claim) is None


def test_the_epoch_asked_for_is_found_whether_it_was_just_trained_or_long_ago(
    record: Record, lease: FakeLease, clock: Clock
) -> None:
    for epoch in (1, 2):
        clock.now += 1.0
        record.add(result(epoch), epoch, more=False)
    assert [record.epoch(number).loss for number in (1, 2)] == [1.0, 0.5]
