"""Columns that rows to predict bring although the network did not learn from them: those that the training data had."""

import threading
from collections import OrderedDict
from collections.abc import Collection

from core.errors import NotFound
from core.store import Store

MOST_JOBS, MOST_CHARACTERS = 1000, 4096


class Beside:
    """Remembers of the last jobs the names that were asked for and found, as those who send an id with each row ask every time.
    Columns of a dataset never change; whoever asks has been let in to the job at this very request."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._lock = threading.Lock()
        self._found: OrderedDict[str, frozenset[str]] = OrderedDict()

    def known(self, tenant: str, job: str, names: Collection[str]) -> Collection[str] | None:
        """Those of the names that the data of the job have; None where it or they are gone, and nobody knows."""
        with self._lock:
            found = self._found.get(job)
            if found is not None and found.issuperset(names):
                self._found.move_to_end(job)
                return found
        try:
            dataset = self._store.datasets.get(tenant, self._store.jobs.get(tenant, job).dataset_id)
        except NotFound:
            return None
        known = frozenset(names).intersection(column["name"] for column in dataset.schema["columns"]).union(found or ())
        with self._lock:
            if sum(map(len, known)) <= MOST_CHARACTERS:
                self._found[job] = known
                self._found.move_to_end(job)
            if len(self._found) > MOST_JOBS:
                self._found.popitem(last=False)
        return known
