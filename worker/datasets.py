"""Tables of datasets on this machine's disk: a cache of what the database holds.

A file that is there is whole: it is written beside its place, checked, and renamed into it once it is on the disk. Any file may
vanish at any time; the next job that needs it fetches it again, as it does one that is found damaged all the same.
"""

import logging
import os
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.data.table import read_columns
from core.errors import CoreError, InvalidData
from core.store import Dataset, Store

ABANDONED_AFTER_S = 3600.0

log = logging.getLogger(__name__)


class Datasets:
    """The columns of stored datasets; `directory` is shared by all worker processes of a machine and kept under `max_bytes`."""

    def __init__(self, store: Store, directory: Path, max_bytes: int) -> None:
        self._store = store
        self._directory = directory
        self._max_bytes = max_bytes

    def columns(self, dataset: Dataset, names: Sequence[str]) -> dict[str, NDArray[np.generic]]:
        """The named columns of the table, read only."""
        if dataset.source_kind == "inline":  # small, and seldom needed twice
            return self._fetched(dataset, lambda part: read_columns(part, names))
        place = self._directory / f"{dataset.table_sha256}.safetensors"
        try:
            columns = read_columns(place, names)
            os.utime(place)
            return columns
        except FileNotFoundError:
            pass
        except InvalidData as error:
            log.warning("fetching %s again: %s", dataset.id, error.message)

        def settle(part: Path) -> dict[str, NDArray[np.generic]]:
            columns = read_columns(part, names)
            with part.open("rb") as file:
                os.fsync(file.fileno())
            part.rename(place)
            return columns

        columns = self._fetched(dataset, settle)
        self._shrink(keep=place)
        return columns

    def _fetched(
        self, dataset: Dataset, use: Callable[[Path], dict[str, NDArray[np.generic]]]
    ) -> dict[str, NDArray[np.generic]]:
        """What `use` makes of a file with the dataset's table, which is gone afterwards unless `use` renamed it.

        CoreError where what we have stored is no table: that is not the client's fault any more.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(suffix=".part", dir=self._directory)
        os.close(handle)
        part = Path(name)
        try:
            self._store.datasets.download(dataset.id, part)
            return use(part)
        except InvalidData as error:
            raise CoreError(f"the stored table of {dataset.id} is damaged: {error.message}") from error
        finally:
            part.unlink(missing_ok=True)

    def _shrink(self, keep: Path) -> None:
        """Remove what killed workers left half written, then the tables that were not used for longest."""
        files = []
        for path in self._directory.iterdir():
            try:
                status = path.stat()
            except FileNotFoundError:
                continue
            if path.suffix == ".part":
                if time.time() - status.st_mtime > ABANDONED_AFTER_S:
                    path.unlink(missing_ok=True)
            else:
                files.append((status.st_mtime, status.st_size, path))
        total = sum(size for _, size, _ in files)
        for _, size, path in sorted(files):
            if total <= self._max_bytes:
                break
            if path != keep:
                path.unlink(missing_ok=True)
                total -= size
