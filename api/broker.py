"""Whether the broker answers; publishing is the dispatcher's."""

from redis import Redis
from redis.exceptions import RedisError

TIMEOUT_S = 1.0


def redis_address(url: str) -> str:
    """What redis-py calls it: a socket is unix://, where Celery says redis+socket://."""
    return url.replace("redis+socket://", "unix://", 1)


def broker_state(url: str) -> str:
    """ "ok", or what is wrong with it, without its address, which may hold a password."""
    if not url:
        return "not set"
    try:
        with Redis.from_url(redis_address(url), socket_timeout=TIMEOUT_S, socket_connect_timeout=TIMEOUT_S) as client:
            client.ping()
    except (RedisError, OSError, ValueError) as error:
        return f"no answer: {type(error).__name__}"
    return "ok"
