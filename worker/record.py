"""What an attempt leaves in the database while it trains: epochs, batched, with them snapshots; and checkpoints, rationed."""

import time
from collections.abc import Callable
from math import isfinite

from core.nn.saving.checkpoint import Checkpoint
from core.nn.saving.tensors import TensorFile
from core.nn.training import EpochResult
from core.settings import Settings
from core.store import EpochRow, Store
from worker.heartbeat import Lease

CHECKPOINT_SHARE = 0.05  # of the time may go into checkpoints
LONGEST_PAUSE_S = 60.0  # between two checkpoints, however long one takes: so much may have to be trained again


class Record:
    """Epochs that follow fast are written together; a checkpoint goes with the epochs before it in one transaction.

    Epochs that an earlier attempt recorded are trained again when its last checkpoint is older, but not recorded again.
    """

    def __init__(
        self,
        lease: Lease,
        store: Store,
        settings: Settings,
        training_rows: int,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.trained = 0  # epochs that this attempt finished
        self._lease = lease
        self._store = store
        self._settings = settings
        self._training_rows = training_rows
        self._recorded = lease.claim.job.epoch
        self._finished: list[EpochResult] = []
        self._rows: list[EpochRow] = []
        self._latest: EpochRow | None = None
        self._best_epoch: int | None = None
        self._clock = clock
        self._began = self._written_at = clock()
        self._checkpoint_due = self._written_at + settings.checkpoint_every_s

    @property
    def wants_checkpoint(self) -> bool:
        return self._clock() >= self._checkpoint_due

    @property
    def is_due(self) -> bool:
        """Whether to write now: a checkpoint, or epochs that have waited for others that do not come."""
        return self.wants_checkpoint or (bool(self._rows) and self._rows_are_due)

    @property
    def _rows_are_due(self) -> bool:
        return self._clock() - self._written_at >= self._settings.record_every_s

    def keep_start(self, weights: TensorFile) -> None:
        """The weights before the first step, unless an earlier attempt has kept them."""
        self._lease.persist(lambda: self._store.jobs.keep_start(self._lease.claim, weights))

    def lacks(self, epoch: int) -> bool:
        """No attempt has recorded the epoch."""
        return epoch > self._recorded

    def add(self, result: EpochResult, best_epoch: int, more: bool, snapshot: TensorFile | None = None) -> None:
        """Record an epoch that was just finished, at once or with those that follow; at once with its snapshot.

        `more` says that further ones were finished together with it and are about to be added: they share the time they took.
        `best_epoch` is the best of all these.
        """
        self._finished.append(result)
        if more:
            return
        seconds = max(self._clock() - self._began, 1e-9) / len(self._finished)
        rows = [self._row(finished, seconds) for finished in self._finished]
        self.trained += len(rows)
        self._best_epoch = best_epoch
        self._latest = rows[-1]
        self._rows += [row for row in rows if self.lacks(row.epoch)]
        self._finished = []
        if snapshot is not None:
            jobs, claim = self._store.jobs, self._lease.claim
            self._write(lambda: jobs.record_snapshot(claim, self._rows, snapshot, best_epoch))
        elif self._rows_are_due:
            self.flush()
        self._began = self._clock()

    def flush(self, checkpoint: Checkpoint | None = None) -> None:
        """Write what waits; with a checkpoint, the time of the write, not of a wait for it, decides when the next is due."""
        if not self._rows and checkpoint is None:
            return
        began = 0.0

        def write() -> None:
            nonlocal began
            began = self._clock()
            file, epoch = (None, None) if checkpoint is None else (checkpoint.file(), checkpoint.epoch)
            self._store.jobs.record_epochs(self._lease.claim, self._rows, file, epoch, self._best_epoch)

        self._write(write)
        if checkpoint is not None:
            pause_s = min((self._written_at - began) / CHECKPOINT_SHARE, LONGEST_PAUSE_S)
            self._checkpoint_due = self._written_at + max(self._settings.checkpoint_every_s, pause_s)

    def epoch(self, number: int) -> EpochRow:
        """A recorded epoch."""
        if self._latest is not None and self._latest.epoch == number:
            return self._latest
        job = self._lease.claim.job
        return self._lease.persist(lambda: self._store.epochs.page(job.tenant, job.id, number - 1, 1))[0]

    def _write(self, write: Callable[[], object]) -> None:
        """What waits, by `write`."""
        self._lease.persist(write)
        if self._rows:
            self._recorded = self._rows[-1].epoch
            self._rows = []
        self._written_at = self._clock()

    def _row(self, result: EpochResult, seconds: float) -> EpochRow:
        return EpochRow(
            epoch=result.epoch,
            loss=result.loss,
            validation_loss=result.validation_loss,
            metrics={name: value for name, value in result.metrics.items() if isfinite(value)},
            learning_rate=result.learning_rate,
            gradient_norm=result.gradient_norm,
            seconds=seconds,
            rows_per_second=self._training_rows / seconds,
        )
