"""The training of an attempt: at its start, or where the last checkpoint was taken."""

import logging

from core.errors import InvalidData, UnfitCheckpoint
from core.nn.saving.checkpoint import SavedCheckpoint
from core.nn.training import Training
from core.store import Claim, Store
from worker.data import Prepared
from worker.interruption import Check, checked, never
from worker.start import starting_state, starting_weights

log = logging.getLogger(__name__)


def begin(prepared: Prepared, claim: Claim, store: Store, check: Check = never) -> Training:
    """Goes on where an earlier attempt left off; from the start where another version took the checkpoint, which is told."""
    pieces = store.jobs.checkpoint(claim) if claim.job.attempt > 1 else None
    if pieces is not None:
        try:
            return Training(prepared.network, prepared.training, prepared.data, SavedCheckpoint(checked(pieces, check)))
        except UnfitCheckpoint as error:
            reason = error.message
        log.warning("job %s, attempt %d, begins anew: %s", claim.job.id, claim.job.attempt, reason)
        store.jobs.begin_anew(claim, reason)
    return at_start(prepared, claim.job.tenant, store, check)


def at_start(prepared: Prepared, tenant: str, store: Store, check: Check = never) -> Training:
    """Before its first step, with the weights that the job says, or random ones."""
    start = prepared.training.start
    weights, state = starting_weights(tenant, start, store, check), starting_state(tenant, start, store, check)
    try:
        return Training(prepared.network, prepared.training, prepared.data, start=weights, optimizer_state=state)
    except UnfitCheckpoint as error:
        source = "" if start is None else start.source
        raise InvalidData(
            f"the optimizer's state of {source} does not fit: {error.message}; another version of the service kept it: leave "
            "optimizer_state out of training.start"
        ) from error
