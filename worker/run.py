"""One attempt at a job: prepare its data, go on where the last attempt left off, train, and say how it ended."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from core.blas import threads
from core.errors import CapacityError, DeadlinePassed, Diverged, LostLease, QuotaExceeded, Unavailable, UserError
from core.exports.contents import metadata
from core.exports.golden import Golden
from core.jobs import Stopped
from core.nn.predictor import Predictor
from core.nn.saving.model import SavedModel
from core.nn.saving.tensors import TensorFile
from core.nn.saving.weights import weight_views, weights_file
from core.nn.training import Training
from core.settings import Settings
from core.store import Claim, Job, Store, Which
from worker import verdict
from worker.allowance import Allowance
from worker.arrays import Shelf
from worker.attempts import MOST_DEATHS, Attempts, ended_by_the_kernel
from worker.beginning import begin
from worker.budget import budget_of, with_epochs
from worker.data import Prepared, prepare
from worker.datasets import Datasets
from worker.failure import explain, explain_divergence, out_of_memory
from worker.heartbeat import Lease
from worker.interruption import Interrupted, check
from worker.memory import allowed_bytes, limited
from worker.record import Record

WHICH: tuple[Which, ...] = ("best", "last")

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Worker:
    """A process that trains: its name, what its numbers depend on, where jobs and tables come from, whether it is to stop."""

    owner: str
    fingerprint: dict[str, str]
    store: Store
    datasets: Datasets
    shelf: Shelf
    settings: Settings
    stopping: Callable[[], bool]


def run(claim: Claim, worker: Worker) -> None:
    """Train the claimed job to its end, or until it is cancelled, handed back or lost."""
    with Lease(claim, worker.store, worker.settings.lease_ttl_s) as lease:
        try:
            error = failure(lease, worker)
            if error is not None:
                lease.persist(lambda: worker.store.jobs.fail(claim, error))
        except (LostLease, Unavailable) as reason:
            log.warning("job %s, attempt %d, gave up: %s", claim.job.id, claim.job.attempt, reason.message)


def failure(lease: Lease, worker: Worker) -> dict[str, Any] | None:
    """What went wrong with an attempt that the job cannot survive, else None."""
    job, most_bytes = lease.claim.job, allowed_bytes(lease.claim.job, worker.settings)
    try:
        with Attempts(worker.settings.data_dir / "attempts").noted(job) as deaths:
            if deaths >= MOST_DEATHS:
                raise ended_by_the_kernel(deaths)
            with limited(most_bytes):
                attempt(lease, worker)
    except (LostLease, Unavailable):
        raise
    except (UserError, CapacityError) as error:
        return explain(error)
    except MemoryError:
        log.exception("job %s took more than %d bytes", job.id, most_bytes)
        return explain(out_of_memory(most_bytes))
    except Exception as error:  # whatever breaks one job must not take the process and its next jobs along
        log.exception("job %s failed", job.id)
        return explain(error)
    return None


def attempt(lease: Lease, worker: Worker) -> None:
    """One try at the job, from the claim to a transition of its state."""
    claim, store, budget = lease.claim, worker.store, budget_of(lease.claim.job)
    quotas = lease.persist(lambda: store.quotas.of(claim.job.tenant, worker.settings.quotas))
    allowance = Allowance(quotas.job_s, claim.job)
    look = check(lease, allowance, worker.stopping)
    try:
        prepared = lease.persist(lambda: prepare(claim.job, store, worker.datasets, worker.shelf, look))
        if prepared.training.budget_s is not None:
            prepared = with_epochs(prepared, budget, lease, store, lambda: lease.ended or worker.stopping())
        training = lease.persist(lambda: begin(prepared, claim, store, look))
    except Interrupted:
        if not handed_back(lease, store):
            end_cancelled(lease, worker)
        return
    record = Record(lease, store, worker.settings, len(prepared.data.x))
    try:
        with threads(prepared.training.threads):
            keeping = partial(snapshot, training, prepared) if prepared.training.snapshots else None
            train(training, record, lease, lambda: worker.stopping() or allowance.is_over, keeping)
        if allowance.is_over and not (training.finished or lease.ended or worker.stopping()):
            raise allowance.exceeded()
        conclude(training, prepared, record, lease, store)
    except (QuotaExceeded, DeadlinePassed) as error:
        record.flush()
        told, so_far = explain(error), weights(training, prepared)
        lease.persist(lambda: store.jobs.fail(claim, told, so_far, epochs_of(training)))
    except Diverged as error:
        record.flush()
        told = explain_divergence(error, prepared.training, prepared.columns)
        kept = last_good_weights(training, prepared)
        lease.persist(lambda: store.jobs.fail(claim, told, kept, dict.fromkeys(kept, training.best_epoch)))
    finally:
        log.info("job %s, attempt %d: trained %d epochs", claim.job.id, claim.job.attempt, record.trained)


def end_cancelled(lease: Lease, worker: Worker) -> None:
    """A cancellation came before the job could be handed back: what was learned in earlier attempts is stored all the same."""
    claim = lease.claim
    if claim.job.epoch:
        attempt(lease, worker)
    else:
        lease.persist(lambda: worker.store.jobs.stop(claim))


def train(
    training: Training,
    record: Record,
    lease: Lease,
    stopping: Callable[[], bool],
    weights: Callable[[], TensorFile] | None = None,
) -> None:
    """Epoch after epoch, pausing for checkpoints in the middle of long ones too, until all are done or nobody wants more.

    Where snapshots are to be kept, `weights` gives the last ones as they are stored.
    """

    def ended() -> bool:
        return lease.ended or stopping()

    def interrupted() -> bool:
        return ended() or record.is_due

    if weights is not None and training.is_to_keep and training.epoch == 0:
        record.keep_start(weights())
    while not training.finished and not ended():
        for result in training.epochs(interrupted):
            more, kept = result.epoch < training.epoch, None
            if weights is not None and not more and training.is_to_keep and record.lacks(result.epoch):
                kept = weights()
            record.add(result, training.best_epoch, more, kept)
        if record.is_due and not training.finished and not ended():
            record.flush(training.checkpoint() if record.wants_checkpoint else None)


def conclude(training: Training, prepared: Prepared, record: Record, lease: Lease, store: Store) -> None:
    """Succeeded, cancelled, paused or handed back, with everything recorded before."""
    claim = lease.claim
    if training.finished:
        record.flush()
        kept, result = weights(training, prepared), summary(training, prepared, record, claim.job)
        lease.persist(lambda: store.jobs.succeed(claim, result, kept, epochs_of(training)))
        return
    if not lease.cancelled:
        record.flush(training.checkpoint())
        if handed_back(lease, store):
            return
    record.flush()
    kept = weights(training, prepared)
    lease.persist(lambda: store.jobs.stop(claim, kept, epochs_of(training)))


def handed_back(lease: Lease, store: Store) -> bool:
    """To the queue, or to its client, who wants it paused; False where it is cancelled, and this attempt is to end it."""
    if not lease.cancelled:
        lease.hear(lease.persist(lambda: store.jobs.release(lease.claim)))
    return not lease.cancelled


def weights(training: Training, prepared: Prepared) -> dict[Which, TensorFile]:
    """What was learned so far, ready to be stored; nothing before the first epoch has ended."""
    if training.epoch == 0:
        return {}
    return {**learned(training, prepared), **optimizer_state(training, prepared)}


def learned(training: Training, prepared: Prepared) -> dict[Which, TensorFile]:
    if training.best_epoch == training.epoch and training.checkpoint().step == 0:
        return dict.fromkeys(WHICH, saved(training, prepared, "last"))
    return {which: saved(training, prepared, which) for which in WHICH}


def optimizer_state(training: Training, prepared: Prepared) -> dict[Which, TensorFile]:
    """What another job may go on with, where that is asked for and the optimizer keeps anything."""
    state = training.optimizer_state() if prepared.training.keep_optimizer_state else None
    return {} if state is None else {"optimizer": state.file()}


def last_good_weights(training: Training, prepared: Prepared) -> dict[Which, TensorFile]:
    """The best weights of a training that diverged: its last ones may be infinite."""
    return dict.fromkeys(WHICH, saved(training, prepared, "best")) if training.best_epoch else {}


def saved(training: Training, prepared: Prepared, which: Which) -> TensorFile:
    """A file of the weights as they are in the training, to be stored before it goes on: nothing is copied."""
    model = SavedModel(prepared.card, weight_views(training.program, training.delivered(which)))
    try:
        golden = Golden.of(model, Predictor)
    except MemoryError:  # a copy of the weights is too much for the job; whoever asks for another form makes them then
        golden = Golden.none()
    return weights_file(model.weights, metadata(model, golden))


def snapshot(training: Training, prepared: Prepared) -> TensorFile:
    """The last weights, as `saved` has them, for whoever looks back: without what other forms test themselves with."""
    model = SavedModel(prepared.card, weight_views(training.program, training.delivered()))
    return weights_file(model.weights, metadata(model, Golden.none()))


def epochs_of(training: Training) -> dict[Which, int]:
    """The epoch that each of the weights belongs to."""
    return {"best": training.best_epoch, "last": training.epoch}


def summary(training: Training, prepared: Prepared, record: Record, job: Job) -> dict[str, Any]:
    """The `result` of a job that succeeded: how long it trained and why no longer, what the best and the last weights reach,
    what is to be said of that, and, where that was asked for, which classes the best ones confuse."""

    def reached(number: int) -> dict[str, Any]:
        row = record.epoch(number)
        return {"loss": row.loss, "validation_loss": row.validation_loss, "metrics": row.metrics}

    best, last = training.best_epoch, training.epoch
    result: dict[str, Any] = {"epochs": last, "stopped": stopped(training, job), "best_epoch": best}
    result |= {"best": reached(best), "last": reached(last)}
    result["warnings"] = verdict.warnings(prepared, result["best"]["metrics"])
    counts = training.confusion_matrix
    if counts is not None:
        result["confusion_matrix"] = {"classes": prepared.preprocessing.labels, "counts": counts.tolist()}
    return result


def stopped(training: Training, job: Job) -> Stopped:
    """Why a training that has finished went no further: where all its epochs are done, that is why, whatever else held then."""
    if training.epoch == training.spec.epochs:
        return "budget" if training.epoch < job.spec["training"]["epochs"] else "epochs"
    return "early" if training.stopped_early else "converged"
