"""`python -m service.database`: the database at its newest migration, and the key of embedded mode in it.

The key stands in the file `key` of the data directory, which only its owner may read. The file comes first and the database
second, so that a process that is killed between them leaves a file that the next start makes good. A key that was revoked or
has expired is replaced.
"""

import os
import sys
from pathlib import Path

from core.errors import Unavailable, UnfitDatabase
from core.keys import Key, new_key, parsed
from core.settings import settings
from core.store import Store, connect, upgrade

TENANT = "default"
NAME = "embedded"


def main() -> None:
    """`--key` makes the key, too."""
    chosen = settings()
    try:
        upgrade(chosen.database)
        if "--key" in sys.argv[1:]:
            keep_key(chosen.key_file, Store(connect(chosen.database)))
    except (Unavailable, UnfitDatabase, OSError) as error:
        sys.exit(f"cannot migrate: {error}")


def keep_key(file: Path, store: Store) -> Key:
    """The key in the file, known to the store; a new one where there is none that is good."""
    key = read_key(file)
    if key is not None:
        store.keys.add(key, TENANT, NAME, ("admin",))
        caller = store.keys.caller(key)
        if caller is not None and caller.refusal is None:
            return key
    key = new_key()
    write_key(file, key)
    store.keys.add(key, TENANT, NAME, ("admin",))
    return key


def read_key(file: Path) -> Key | None:
    try:
        file.chmod(0o600)
        return parsed(file.read_text(errors="replace").strip())
    except FileNotFoundError:
        return None


def write_key(file: Path, key: Key) -> None:
    """All of it or none, and never readable by others."""
    draft = file.with_name(f"{file.name}.new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
        opened.write(f"{key.text}\n")
    draft.replace(file)


if __name__ == "__main__":
    main()
