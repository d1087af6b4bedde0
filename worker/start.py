"""What a job starts from: the weights of another job, with the preprocessing that belongs to them, or weights that were sent.

Neither changes, and neither goes away while the job waits or runs: every attempt that finds no checkpoint begins alike.
"""

import hashlib
import json
from functools import partial

from core.errors import CoreError
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.saving.checkpoint import SavedCheckpoint
from core.nn.saving.tensors import StoredArrays, read_header
from core.nn.spec import Start
from core.store import SentWeights, Store, Weights
from worker.interruption import Check, checked, never


def starting_weights(tenant: str, start: Start | None, store: Store, check: Check = never) -> StoredArrays | None:
    """By the names of `core.nn.saving.weights`, one at a time in memory; None where the job starts from random ones."""
    if start is None:
        return None
    source, digest = _source(tenant, start, store), hashlib.sha256()
    read = partial(store.blobs.read, source.blob_id)
    for piece in checked(read(0, source.size_bytes), check):
        digest.update(piece)
    if digest.hexdigest() != source.sha256:
        raise CoreError(f"the weights of {start.source} are damaged")
    return StoredArrays(read, source.size_bytes)


def starting_state(tenant: str, start: Start | None, store: Store, check: Check = never) -> SavedCheckpoint | None:
    """What the optimizer of that job kept, where this one's goes on with it."""
    if start is None or start.job is None or not start.optimizer_state:
        return None
    source = store.weights.get(tenant, start.job, "optimizer")
    return SavedCheckpoint(checked(store.blobs.read(source.blob_id, 0, source.size_bytes), check))


def kept_preprocessing(tenant: str, start: Start | None, store: Store) -> Preprocessing | None:
    """That of the job whose weights are the start, where it is kept."""
    if start is None or not start.keeps_preprocessing:
        return None
    source = _source(tenant, start, store)
    header = read_header(store.blobs.read(source.blob_id, 0, source.size_bytes))
    return Preprocessing.from_json(json.loads(header.metadata["preprocessing"]))


def _source(tenant: str, start: Start, store: Store) -> Weights | SentWeights:
    if start.job is not None:
        return store.weights.get(tenant, start.job, start.epoch)
    return store.sent_weights.get(tenant, start.source)
