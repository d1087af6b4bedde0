"""Large bodies on their way: how many each tenant has, and how many bytes of them there are or are still to come."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from api.errors import Refused

RETRY_AFTER_S = 5


class Arrivals:
    """For one event loop; `most` bodies and `most_bytes` of them for each tenant, or as many as there are."""

    def __init__(self, most: int | None, most_bytes: int | None) -> None:
        self.most = most
        self.most_bytes = most_bytes
        self.bodies: Counter[str] = Counter()
        self.bytes: Counter[str] = Counter()

    @contextmanager
    def arrival(self, tenant: str, small_bytes: int = -1) -> Iterator["Arrival"]:
        """Of a body that counts as soon as it is more than `small_bytes`, until nothing of it is kept any more."""
        arrival = Arrival(self, tenant, small_bytes)
        try:
            yield arrival
        finally:
            arrival.end()


class Arrival:
    """One body, and the bytes of its tenant's that it stands for: those that it announces, or has sent where that is more."""

    def __init__(self, all_: Arrivals, tenant: str, small_bytes: int) -> None:
        self._all = all_
        self._tenant = tenant
        self._small_bytes = small_bytes
        self._size: int | None = None  # None while it does not count

    @property
    def limit(self) -> int | None:
        """The most bytes that a body can have, whatever else is on its way."""
        return self._all.most_bytes

    def reaches(self, size: int) -> None:
        """It has or will have so many bytes. Refused where these are more than the tenant may have on their way."""
        if size <= self._small_bytes or (self._size is not None and size <= self._size):
            return
        bodies, bytes_ = self._all.bodies, self._all.bytes
        if self._size is None and self._all.most is not None and bodies[self._tenant] >= self._all.most:
            raise _refused("open_uploads", f"{self._all.most:,} large bodies of your tenant are on their way")
        more, most = size - (self._size or 0), self._all.most_bytes
        if most is not None and bytes_[self._tenant] + more > most:
            would = f"with this body {bytes_[self._tenant] + more:,} bytes of your tenant would be on their way"
            raise _refused("open_upload_bytes", f"{would}, more than {most:,}")
        if self._size is None:
            bodies[self._tenant] += 1
        bytes_[self._tenant] += more
        self._size = size

    def end(self) -> None:
        if self._size is None:
            return
        for counts, count in ((self._all.bodies, 1), (self._all.bytes, self._size)):
            counts[self._tenant] -= count
            if not counts[self._tenant]:
                del counts[self._tenant]
        self._size = None


def _refused(quota: str, message: str) -> Refused:
    told = f"{quota}: {message}, which is its quota; let one end, then send it again"
    return Refused("too_many_requests", told, headers={"Retry-After": str(RETRY_AFTER_S)})
