"""The API key that every test's database knows, and what clients send with it."""

from sqlalchemy import Engine, select

from core.keys import Key, Scope, new_key
from core.store import Store, connect
from core.store.tables import metadata

KEY = Key(f"gm_0123456789ab_{'5ec2e7' * 8}")  # the same in every process that runs tests
TENANT = "default"


def bearer(text: str) -> dict[str, str]:
    """The header of a request that comes with a key."""
    return {"Authorization": f"Bearer {text}"}


AUTHORIZED = bearer(KEY.text)
HEADER = f"Authorization: Bearer {KEY.text}\r\n"  # of a request that is written by hand


def install(url: str) -> None:
    store = Store(connect(url))
    store.keys.add(KEY, TENANT, "tests", ("admin",))
    store.close()


def issued(store: Store, tenant: str = TENANT, *scopes: Scope) -> dict[str, str]:
    """The header of a new key."""
    key = new_key()
    store.keys.add(key, tenant, "tests", scopes or ("read", "write"))
    return bearer(key.text)


def dump(store: Store) -> str:
    """All that the database holds."""
    engine: Engine = store._database.engine
    with engine.connect() as connection:
        return "\n".join(repr(tuple(row)) for table in metadata.sorted_tables for row in connection.execute(select(table)))
