"""How much of the disk answers may take until their clients have them."""

import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from api.errors import Refused
from core.errors import StorageFull

RETRY_AFTER_S = 60


class Room:
    """`most` bytes in the folder for all, `most_of_one` for each tenant. For one event loop."""

    def __init__(self, folder: Path, most: int, most_of_one: int) -> None:
        self._folder = folder
        self._most = most
        self._most_of_one = most_of_one
        self._taken: Counter[str] = Counter()

    def take(self, tenant: str, size: int) -> Callable[[int], None]:
        """Room for so many bytes; called with how many it has become, what this gives lets the rest go, with 0 all of it.
        Refused where others of the tenant's answers, or of all, take too much; StorageFull where the disk has no more."""
        mine, headers = self._taken[tenant], {"Retry-After": str(RETRY_AFTER_S)}
        if mine + size > self._most_of_one:
            message = (
                f"the answer may take {size:,} bytes until it has been read, and others of your tenant that are not read yet "
                f"take {mine:,}; {self._most_of_one:,} are allowed: read one of them to its end, then ask again"
            )
            raise Refused("too_many_requests", message, headers=headers)
        if self._taken.total() + size > self._most:
            message = f"the answer may take {size:,} bytes until it has been read, which others take now; try again in a minute"
            raise Refused("busy", message, headers=headers)
        if size > (free := shutil.disk_usage(self._folder).free):
            raise StorageFull(f"the answer may take {size:,} bytes of the disk until it has been read; {free:,} are free")
        self._taken[tenant] += size
        left = size

        def become(now: int) -> None:
            nonlocal left
            self._taken[tenant] -= left - min(now, left)
            left = min(now, left)
            if not self._taken[tenant]:
                del self._taken[tenant]

        return become
