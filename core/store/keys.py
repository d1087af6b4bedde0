"""API keys and the tenants that they speak for. What is stored of a key is its id and its hash, never the key."""

from dataclasses import fields
from typing import Any, Literal

from sqlalchemy import Row, bindparam, case, func, insert, or_, select, update

from core.errors import NotFound
from core.keys import Key, Scope
from core.store.clock import now
from core.store.database import Database
from core.store.records import ApiKey, Caller
from core.store.tables import api_keys, tenants

USED_EVERY_S = 60.0  # how often at most it is written down that a key was used

_COLUMNS = tuple(api_keys.c[field.name] for field in fields(ApiKey))

# Asked at every request, so it is built once.
_CALLER = select(
    api_keys.c.sha256,
    api_keys.c.tenant,
    api_keys.c.scopes,
    case((api_keys.c.revoked_at.is_not(None), "was revoked"), (api_keys.c.expires_at <= now(), "has expired")),
    func.coalesce(api_keys.c.last_used_at < now() - USED_EVERY_S, True),
).where(api_keys.c.id == bindparam("id"))


class Keys:
    def __init__(self, database: Database) -> None:
        self._database = database

    def caller(self, key: Key) -> Caller | None:
        """Whom the key speaks for, by one read of one row, so that a revoked one is refused at once; None where unknown."""
        with self._database.reading() as reader:
            row = reader.execute(_CALLER, {"id": key.id}).one_or_none()
        # A key that is unknown costs the same comparison.
        if not key.is_behind("0" * 64 if row is None else row[0]) or row is None:
            return None
        _, tenant, scopes, refusal, is_stale = row
        return Caller(key.id, tenant, frozenset(scopes.split()), refusal, bool(is_stale))

    def used(self, id: str) -> None:
        """Writes down that the key was used, unless that was done a moment ago."""
        is_stale = or_(api_keys.c.last_used_at.is_(None), api_keys.c.last_used_at < now() - USED_EVERY_S)
        with self._database.writing() as writer:
            writer.execute(update(api_keys).where(api_keys.c.id == id, is_stale).values(last_used_at=now()))

    def add(
        self, key: Key, tenant: str, name: str, scopes: tuple[Scope, ...] = ("read", "write"), expires_in_s: float | None = None
    ) -> ApiKey:
        """Keeps a new key; its tenant is made with the first. A key that is there already stays as it is."""
        with self._database.writing() as writer:
            made = self._database.insert(tenants).values(name=tenant, created_at=now())
            writer.execute(made.on_conflict_do_nothing(index_elements=["name"]))
            row = {"id": key.id, "sha256": key.sha256, "tenant": tenant, "name": name, "scopes": " ".join(scopes)}
            expires_at = None if expires_in_s is None else now() + expires_in_s
            added = self._database.insert(api_keys).values(**row, created_at=now(), expires_at=expires_at)
            writer.execute(added.on_conflict_do_nothing(index_elements=["id"]))
            return _record(writer.execute(select(*_COLUMNS).where(api_keys.c.id == key.id)).one())

    def all(self, tenant: str | None = None) -> list[ApiKey]:
        """Every key of the tenant, or of all tenants, by tenant and age; those that are good for nothing any more too."""
        query = select(*_COLUMNS).order_by(api_keys.c.tenant, api_keys.c.created_at, api_keys.c.id)
        if tenant is not None:
            query = query.where(api_keys.c.tenant == tenant)
        with self._database.reading() as reader:
            return [_record(row) for row in reader.execute(query)]

    def revoke(self, id: str) -> ApiKey:
        """From now on the key is refused; twice is no error. NotFound where there is none of this id."""
        revoked_at = func.coalesce(api_keys.c.revoked_at, now())
        with self._database.writing() as writer:
            changed = update(api_keys).where(api_keys.c.id == id).values(revoked_at=revoked_at).returning(*_COLUMNS)
            row = writer.execute(changed).one_or_none()
        if row is None:
            raise NotFound(f"there is no key {id}")
        return _record(row)

    def rotate(
        self, id: str, key: Key, grace_s: float = 0.0, expires_in_s: float | Literal["alike"] | None = "alike"
    ) -> ApiKey:
        """Keeps a new key with the tenant, the name and the scopes of another, which is refused after `grace_s`.

        The new one is good for `expires_in_s`, None for ever; "alike" for as long as the other was from its making to its end.
        NotFound where the other is not there, is revoked or has expired: nobody gets a good key for a bad one.
        """
        is_good = (
            api_keys.c.id == id,
            api_keys.c.revoked_at.is_(None),
            or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > now()),
        )
        end = now() + grace_s
        sooner = case((api_keys.c.expires_at < end, api_keys.c.expires_at), else_=end)
        change: dict[str, Any] = {"expires_at": sooner} if grace_s else {"revoked_at": now()}
        with self._database.writing() as writer:
            # Read before the change, which may bring its end forward.
            old = writer.execute(select(*_COLUMNS).where(*is_good).with_for_update()).one_or_none()
            if old is None:
                raise NotFound(f"there is no key {id} that is good now")
            writer.execute(update(api_keys).where(api_keys.c.id == id).values(**change))
            if expires_in_s == "alike":
                expires_in_s = None if old.expires_at is None else old.expires_at - old.created_at
            row = {"id": key.id, "sha256": key.sha256, "tenant": old.tenant, "name": old.name, "scopes": old.scopes}
            expires_at = None if expires_in_s is None else now() + expires_in_s
            added = insert(api_keys).values(**row, created_at=now(), expires_at=expires_at).returning(*_COLUMNS)
            return _record(writer.execute(added).one())


def _record(row: Row[*tuple[Any, ...]]) -> ApiKey:
    return ApiKey(**{**row._mapping, "scopes": tuple(row.scopes.split())})
