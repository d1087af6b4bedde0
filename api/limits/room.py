"""How much of the disk answers may take until their clients have them."""

import shutil
from dataclasses import dataclass
from pathlib import Path

from api.errors import Refused
from core.errors import StorageFull, TooLarge

RETRY_AFTER_S = 60
MARGIN_BYTES = 2**28  # of the disk that no answer is promised: a database may lie beside them


@dataclass(eq=False, slots=True)
class Part:
    """One answer's, or that of all answers of a tenant that come from one `file`: how many bytes it may have, and how many of
    them are on the disk by now."""

    tenant: str
    size: int
    written: int = 0
    file: object = None
    readers: int = 1


class Room:
    """`most` bytes in the folder for all, `most_of_one` for each tenant, which is never more. For one event loop."""

    def __init__(self, folder: Path, most: int, most_of_one: int) -> None:
        self._folder = folder
        self._most = most
        self.most_of_one = min(most, most_of_one)
        self._parts: set[Part] = set()

    def share(self, tenant: str, file: object, size: int) -> Part:
        """Of a file that is on the disk already: it counts once, however many of the tenant's answers read it. Each gives it
        back. Refused as `take` does."""
        for part in self._parts:
            if part.tenant == tenant and part.file is file:
                part.readers += 1
                return part
        part = self.take(tenant, size, written=size)
        part.file = file
        return part

    def take(self, tenant: str, size: int, written: int = 0) -> Part:
        """To be given back; so much of it is on the disk already. TooLarge where it is too much by itself, Refused where others
        of the tenant's answers, or of all, take too much; StorageFull where the disk has no more beside what was promised to
        others and is not written yet."""
        if size > self.most_of_one:
            raise TooLarge(f"the answer may take {size:,} bytes until it has been read; {self.most_of_one:,} are allowed")
        mine, headers = sum(part.size for part in self._parts if part.tenant == tenant), {"Retry-After": str(RETRY_AFTER_S)}
        if mine + size > self.most_of_one:
            message = (
                f"the answer may take {size:,} bytes until it has been read, and others of your tenant that are not read yet "
                f"take {mine:,}; {self.most_of_one:,} are allowed: read one of them to its end, then ask again"
            )
            raise Refused("too_many_requests", message, headers=headers)
        if sum(part.size for part in self._parts) + size > self._most:
            message = f"the answer may take {size:,} bytes until it has been read, which others take now; try again in a minute"
            raise Refused("busy", message, headers=headers)
        promised = sum(max(0, part.size - part.written) for part in self._parts)
        if size - written > (free := max(0, shutil.disk_usage(self._folder).free - promised - MARGIN_BYTES)):
            raise StorageFull(f"the answer may take {size:,} bytes of the disk until it has been read; {free:,} are free")
        part = Part(tenant, size, written)
        self._parts.add(part)
        return part

    def give_back(self, part: Part) -> None:
        part.readers -= 1
        if part.readers <= 0:
            self._parts.discard(part)
