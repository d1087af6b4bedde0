"""Tables of datasets on this machine's disk: a cache of what the database holds.

The next job that needs a table that has vanished fetches it again, as it does one that is found damaged all the same.
"""

import logging
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from core.data.table import Columns, read_columns
from core.errors import CoreError, InvalidData
from core.store import Dataset, Store
from worker.cache import Cache

log = logging.getLogger(__name__)


class Datasets:
    """The columns of stored datasets."""

    def __init__(self, store: Store, cache: Cache) -> None:
        self._store = store
        self._cache = cache

    def columns(self, dataset: Dataset, names: Sequence[str]) -> Columns:
        """The named columns of the table, read only."""
        if dataset.source_kind == "inline":  # small, and seldom needed twice
            return self._fetched(dataset, lambda part: read_columns(part, names))
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

        return self._fetched(dataset, settle)

    def _fetched(self, dataset: Dataset, use: Callable[[Path], Columns]) -> Columns:
        """What `use` makes of a file with the dataset's table, which is gone afterwards unless `use` gave it a place.

        CoreError where what we have stored is no table: that is not the client's fault any more.
        """
        with self._cache.part() as part:
            try:
                self._store.datasets.download(dataset.id, part)
                return use(part)
            except InvalidData as error:
                raise CoreError(f"the stored table of {dataset.id} is damaged: {error.message}") from error
