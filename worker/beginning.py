"""The training of an attempt: at its start, or where the last checkpoint was taken."""

from core.nn.saving.checkpoint import SavedCheckpoint
from core.nn.training import Training
from core.store import Claim, Store
from worker.data import Prepared
from worker.start import starting_state, starting_weights


def begin(prepared: Prepared, claim: Claim, store: Store) -> Training:
    """Goes on where an earlier attempt left off."""
    pieces = store.jobs.checkpoint(claim) if claim.job.attempt > 1 else None
    if pieces is None:
        return at_start(prepared, claim.job.tenant, store)
    return Training(prepared.network, prepared.training, prepared.data, SavedCheckpoint(pieces))


def at_start(prepared: Prepared, tenant: str, store: Store) -> Training:
    """Before its first step, with the weights that the job says, or random ones."""
    start = prepared.training.start
    weights, state = starting_weights(tenant, start, store), starting_state(tenant, start, store)
    return Training(prepared.network, prepared.training, prepared.data, start=weights, optimizer_state=state)
