"""Locks on what is no row: one tenant's count of something, until the transaction ends.

Take it last of all locks, or alone, and two of them in the order of `Count`: whoever holds it waits for none before it, and so
nobody waits in a circle. The next statement sees what the one before has committed. SQLite needs none, since its writers wait
for each other.
"""

from enum import StrEnum
from hashlib import blake2b

from sqlalchemy import BigInteger, Connection, bindparam, func, select


class Count(StrEnum):
    RUNNING = "running"
    WAITING = "waiting"
    STORED = "stored"


def lock(writer: Connection, count: Count, tenant: str) -> None:
    """Waits until nobody else holds it."""
    if writer.dialect.name == "postgresql":
        writer.execute(_LOCK, {"key": _key(count, tenant)})


def try_lock(writer: Connection, count: Count, tenant: str) -> bool:
    """False where somebody else holds it."""
    return writer.dialect.name != "postgresql" or bool(writer.scalar(_TRY, {"key": _key(count, tenant)}))


def _key(count: Count, tenant: str) -> int:
    """Two that have the same key wait for each other without need, and that is all."""
    return int.from_bytes(blake2b(f"{count} {tenant}".encode(), digest_size=8).digest(), signed=True)


_LOCK = select(func.pg_advisory_xact_lock(bindparam("key", type_=BigInteger)))
_TRY = select(func.pg_try_advisory_xact_lock(bindparam("key", type_=BigInteger)))
