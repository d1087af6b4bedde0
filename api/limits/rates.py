"""How often a tenant may ask: counted in Redis, for all processes of the API together.

Where Redis is away nothing is counted and everybody is let in: then the quotas in the database bound what a tenant can do.
"""

import logging
import math
import time

from limits import RateLimitItemPerMinute
from limits.storage import RedisStorage
from limits.strategies import SlidingWindowCounterRateLimiter
from redis.exceptions import RedisError

from api.broker import redis_address

TIMEOUT_S = 0.2
RETRY_AFTER_S = 5.0  # a Redis that was away is left alone for so long: no request waits for each of its failures

log = logging.getLogger("api")


class Rates:
    """`per_minute` requests of each tenant in any sixty seconds, a little more or less: two counters stand for the window."""

    def __init__(self, redis_url: str, per_minute: int) -> None:
        self._limit = RateLimitItemPerMinute(per_minute)
        address = redis_address(redis_url)
        # The library tells the kind of server by the scheme, and hands the address on as it is.
        scheme = "redis+unix" if address.startswith("unix:") else address.partition(":")[0]
        storage = RedisStorage(
            f"{scheme}:{address.partition(':')[2]}",
            key_prefix="gradmill",
            socket_timeout=TIMEOUT_S,
            socket_connect_timeout=TIMEOUT_S,
        )
        self._limiter = SlidingWindowCounterRateLimiter(storage)
        self._away_until = 0.0

    def wait_s(self, tenant: str) -> int | None:
        """Counts one request: None where it may pass, else the seconds after which another one may."""
        if time.monotonic() < self._away_until:
            return None
        try:
            if self._limiter.hit(self._limit, tenant):
                return None
            free_at = self._limiter.get_window_stats(self._limit, tenant).reset_time
        except (RedisError, OSError) as error:
            log.warning("requests are not counted for %g s, since Redis is away: %s", RETRY_AFTER_S, type(error).__name__)
            self._away_until = time.monotonic() + RETRY_AFTER_S
            return None
        return max(1, math.ceil(free_at - time.time()))
