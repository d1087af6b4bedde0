"""How many requests of each tenant are being answered: most of them wait for a job, or for the rest of a body."""

from collections import Counter
from collections.abc import Callable

from api.errors import Refused

RETRY_AFTER_S = 1
AT_END = "gradmill.at_end"  # in a request's scope: an ExitStack, closed when it has been answered


class Places:
    """For one event loop; `most` for each tenant, or as many as there are. A refusal names `quota`, and says what they `do`."""

    def __init__(self, most: int | None, quota: str = "requests", do: str = "are being answered") -> None:
        self._most = most
        self._quota = quota
        self._do = do
        self._taken: Counter[str] = Counter()

    def take(self, tenant: str) -> Callable[[], None]:
        """What gives the place back. Refused where the tenant has taken all of its own."""
        if self._most is not None and self._taken[tenant] >= self._most:
            message = (
                f"{self._quota}: {self._most:,} of your tenant {self._do}, which is its quota; let one end, then ask again"
            )
            raise Refused("too_many_requests", message, headers={"Retry-After": str(RETRY_AFTER_S)})
        self._taken[tenant] += 1

        def give_back() -> None:
            self._taken[tenant] -= 1
            if not self._taken[tenant]:
                del self._taken[tenant]

        return give_back
