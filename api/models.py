"""Trained networks in the memory of this process, ready to predict, the least recently used of which go first.

They are kept by the hash of their weights: whoever asks has been let in to the job that these belong to, at this very request.
"""

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

from starlette.concurrency import run_in_threadpool

from api.limits.turns import Turns
from core.errors import TooLarge
from core.store import Snapshot, Store

if TYPE_CHECKING:
    from core.nn.predictor import Predictor

MOST_WAITING, MOST_OF_ONE = 256, 128
BYTES_PER_NETWORK = 2**17  # beside its numbers: its program, its preprocessing and Python's objects


class Models:
    """At most `max_bytes` of networks are kept; one that is larger by itself is not taken."""

    def __init__(self, store: Store, max_bytes: int) -> None:
        self._store = store
        self._max_bytes = max_bytes
        self._loading = Turns(1, MOST_WAITING, MOST_OF_ONE)  # one at a time: each takes several times its size
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, tuple[Predictor, int]] = OrderedDict()

    @property
    def size_bytes(self) -> int:
        with self._lock:
            return sum(size for _, size in self._kept.values())

    def get(self, weights: Snapshot) -> "Predictor | None":
        """The network, where it is in memory already."""
        with self._lock:
            if weights.sha256 not in self._kept:
                return None
            self._kept.move_to_end(weights.sha256)
            return self._kept[weights.sha256][0]

    async def loaded(self, weights: Snapshot, tenant: str) -> "Predictor":
        """The network, read from the store unless it is there already; several that ask at once have it read once.

        TooLarge where it would take more than all of them together may.
        """
        size = weights.size_bytes + BYTES_PER_NETWORK
        if size > self._max_bytes:
            raise TooLarge(
                f"the network takes {size:,} bytes of memory; the service predicts with networks of up to {self._max_bytes:,} "
                "(GRADMILL_MAX_MODELS_BYTES). Its weights can be downloaded"
            )
        async with self._loading.turn(tenant):
            found = self.get(weights)
            if found is None:
                self._make_room(size)
                found = await run_in_threadpool(self._read, weights)
                with self._lock:
                    self._kept[weights.sha256] = found, size
            return found

    def _read(self, weights: Snapshot) -> "Predictor":
        from core.nn.predictor import Predictor  # with the engine: not before somebody needs it
        from core.nn.saving.model import SavedModel

        return Predictor(SavedModel.from_safetensors(b"".join(self._store.blobs.read(weights.blob_id, 0, weights.size_bytes))))

    def _make_room(self, size: int) -> None:
        with self._lock:
            total = sum(each for _, each in self._kept.values())
            while total + size > self._max_bytes:
                _, (_, freed) = self._kept.popitem(last=False)
                total -= freed
