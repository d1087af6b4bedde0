"""Tables of datasets on this machine's disk: a cache of what the database holds.

The next job that needs a table that has vanished fetches it again, as it does one that is found damaged all the same.
"""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from core.data import disk
from core.data.table import Columns, read_columns
from core.errors import CapacityError, CoreError, InvalidData
from core.store import Dataset, Store
from worker.cache import Cache
from worker.interruption import Check, never

log = logging.getLogger(__name__)


class Datasets:
    """The columns of stored datasets."""

    def __init__(self, store: Store, cache: Cache) -> None:
        self._store = store
        self._cache = cache

    def columns(self, dataset: Dataset, names: Sequence[str], check: Check = never) -> Columns:
        """The named columns of the table, read only; `check` is called while it is fetched.

        CapacityError where the disk has no room for it.
        """
        if dataset.source_kind == "inline":  # small, and seldom needed twice
            return self._fetched(dataset, lambda part: read_columns(part, names), check)
        place = self._cache.place(f"{dataset.table_sha256}.safetensors")
        try:
            columns = read_columns(place, names)
            os.utime(place)
            return columns
        except FileNotFoundError:
            pass
        except InvalidData as error:
            log.warning("fetching %s again: %s", dataset.id, error.message)

        def settle(part: Path) -> Columns:
            columns = read_columns(part, names)
            self._cache.settle(part, place)
            return columns

        return self._fetched(dataset, settle, check)

    def _fetched(self, dataset: Dataset, use: Callable[[Path], Columns], check: Check) -> Columns:
        """As `_fetch`; where the disk is full, once more without the rest of the cache."""
        with disk.unless_full():
            return self._fetch(dataset, use, check)
        log.warning("the disk is full: the cache makes room for %s", dataset.id)
        self._cache.clear()
        with disk.unless_full():
            return self._fetch(dataset, use, check)
        raise CapacityError(f"the worker's disk has no room for the {dataset.table_bytes:,} bytes of {dataset.id}")

    def _fetch(self, dataset: Dataset, use: Callable[[Path], Columns], check: Check) -> Columns:
        """What `use` makes of a file with the dataset's table, which is gone afterwards unless `use` gave it a place.

        CoreError where what we have stored is no table: that is not the client's fault any more.
        """
        with self._cache.part() as part:
            try:
                self._store.datasets.download(dataset.id, part, check)
                return use(part)
            except InvalidData as error:
                raise CoreError(f"the stored table of {dataset.id} is damaged: {error.message}") from error
