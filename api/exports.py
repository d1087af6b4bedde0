"""Weights in other forms, on the disk of this process: ranges of one file are pieces of one making."""

import shutil
from collections import Counter, OrderedDict
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:  # which knows the service, as this is a part of
    from api.streaming import Shelf


class Exports:
    """At most so many bytes and files are kept, and no more bytes than the folder's disk has free beside them: the least
    recently used go first. Whoever reads one keeps it until it is given back. Their names say all that they follow from. For
    one event loop."""

    def __init__(self, folder: Path, most_bytes: int, most_files: int) -> None:
        self._folder = folder
        self._most_bytes = most_bytes
        self._most_files = most_files
        self._kept: OrderedDict[str, Shelf] = OrderedDict()
        self._readers: Counter[Shelf] = Counter()

    def get(self, name: str) -> "Shelf | None":
        """To be given back."""
        shelf = self._kept.get(name)
        if shelf is not None:
            self._kept.move_to_end(name)
            self._readers[shelf] += 1
        return shelf

    def keep(self, name: str, shelf: "Shelf") -> None:
        """Takes it over from its maker, who reads it too: to be given back."""
        self._readers[shelf] += 1
        self._kept[name] = shelf
        self._kept.move_to_end(name)
        self._shrink(min(self._most_bytes, shutil.disk_usage(self._folder).free), self._most_files)

    def give_back(self, shelf: "Shelf") -> None:
        self._readers[shelf] -= 1
        if not self._readers[shelf]:
            del self._readers[shelf]
            if shelf not in self._kept.values():
                shelf.close()

    def clear(self) -> None:
        """Keeps none any more."""
        self._shrink(0, 0)

    def _shrink(self, most_bytes: int, most_files: int) -> None:
        while self._kept and (len(self._kept) > most_files or sum(each.size for each in self._kept.values()) > most_bytes):
            _, shelf = self._kept.popitem(last=False)
            if shelf not in self._readers:
                shelf.close()
