"""What a tenant has of its own: columns of `tenants`, null where the settings hold."""

from typing import Any, Generic, TypeVar

from sqlalchemy import select, update

from core.errors import NotFound
from core.quotas import Limits
from core.store.database import Database
from core.store.tables import tenants

L = TypeVar("L", bound=Limits)


class Own(Generic[L]):
    """The limits of one kind; the column of each is its name with `prefix` before it."""

    def __init__(self, database: Database, kind: type[L], prefix: str) -> None:
        self._database = database
        self._kind = kind
        self._columns = {name: tenants.c[f"{prefix}{name}"] for name in kind.names()}

    def of(self, tenant: str, general: L) -> L:
        """The tenant's own, and the general ones where it has none."""
        with self._database.reading() as reader:
            row = reader.execute(select(*self._columns.values()).where(tenants.c.name == tenant)).one_or_none()
        return general if row is None else general.under(self._kind(*row))

    def set(self, tenant: str, own: L) -> None:
        """NotFound where there is no such tenant."""
        values: dict[Any, Any] = {column: getattr(own, name) for name, column in self._columns.items()}
        with self._database.writing() as writer:
            if not writer.execute(update(tenants).where(tenants.c.name == tenant).values(values)).rowcount:
                raise NotFound(f"there is no tenant {tenant}")
