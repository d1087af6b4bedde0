"""`python -m service.keys`: makes, lists, revokes and rotates API keys, and sets what tenants may have, in the database.

A key is shown once, when it is made: only its hash is kept.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import NotFound, Unavailable
from core.keys import SCOPES, Key, new_key
from core.settings import InvalidSettings, settings
from core.store import ApiKey, Store, connect
from core.store.engine import sqlite_file
from service import arguments, tenants


def main(given: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(given)
    try:
        chosen = settings() if options.data_dir is None else settings().model_copy(update={"data_dir": options.data_dir})
        engine = connect(chosen.database)
        file = sqlite_file(engine.url)
        if file is not None and not file.exists():  # to look would make an empty one
            return _failed(
                f"there is no database {file.resolve()}: start the service once, or name its directory by --data-dir"
            )
        store = Store(engine)
        try:
            if not store.is_at_head():
                return _failed("the database has not the shape that this code needs: start the service once, or migrate it")
            shown = options.run(store, options)
        finally:
            store.close()
    except InvalidSettings as error:
        return _failed(str(error))
    except (Unavailable, NotFound) as error:
        return _failed(error.message)
    print(json.dumps(shown, indent=2) if options.json else "\n".join(_lines(shown)))
    return 0


def _create(store: Store, options: argparse.Namespace) -> Any:
    key = new_key()
    return _with_key(store.keys.add(key, options.tenant, options.name, tuple(options.scopes), options.expires_in), key)


def _list(store: Store, options: argparse.Namespace) -> Any:
    return [_shown(key) for key in store.keys.all(options.tenant)]


def _revoke(store: Store, options: argparse.Namespace) -> Any:
    return _shown(store.keys.revoke(options.id))


def _rotate(store: Store, options: argparse.Namespace) -> Any:
    key = new_key()
    lifetime: Any = getattr(options, "expires_in", "alike")
    made = _with_key(store.keys.rotate(options.id, key, options.grace or 0, lifetime), key)
    return {**made, "replaces": options.id, "lifetime": "of the key before" if lifetime == "alike" else "as given"}


def _with_key(kept: ApiKey, key: Key) -> dict[str, Any]:
    return {"key": key.text, **_shown(kept)}


def _shown(key: ApiKey) -> dict[str, Any]:
    times = {name: _time(value) for name, value in asdict(key).items() if name.endswith("_at")}
    return {"id": key.id, "tenant": key.tenant, "name": key.name, "scopes": list(key.scopes), **times}


def _time(seconds: float | None) -> str | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _lines(shown: Any) -> list[str]:
    """A key that was made alone on standard output, so that a script can keep it; what is known of it beside."""
    if isinstance(shown, list):
        rows = [["ID", "TENANT", "NAME", "SCOPES", "CREATED", "LAST USED", "STATE"], *map(_cells, shown)]
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    if "id" not in shown:
        return tenants.lines(shown)
    named = f", name {shown['name']}" if shown["name"] else ""
    told = f"{shown['id']}  tenant {shown['tenant']}{named}, scopes {','.join(shown['scopes'])}, {_state(shown)}"
    if "key" not in shown:
        return [told]
    without_end = ", and never expires" if shown["expires_at"] is None else ""
    alike = f", like {shown['replaces']} before it" if shown.get("lifetime") == "of the key before" else ""
    print(f"{told}{without_end}{alike}; this is the only time that the key is shown:", file=sys.stderr)
    return [shown["key"]]


def _cells(key: dict[str, Any]) -> list[str]:
    return [
        *(key["id"], key["tenant"], key["name"], ",".join(key["scopes"])),
        *(key["created_at"], key["last_used_at"] or "never", _state(key)),
    ]


def _state(key: dict[str, Any]) -> str:
    if key["revoked_at"] is not None:
        return f"revoked {key['revoked_at']}"
    if key["expires_at"] is None:
        return "good"
    is_over = key["expires_at"] <= datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return f"{'expired' if is_over else 'good until'} {key['expires_at']}"


def _failed(message: str) -> int:
    print(f"keys: {message}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="scripts/keys",
        description="API keys. The database is that of DATABASE_URL, or else the SQLite file of the data directory.",
    )
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--data-dir", type=Path, metavar="DIR", help="of the embedded service; default: var")
    common.add_argument("--json", action="store_true", help="everything as JSON")
    actions = parser.add_subparsers(required=True, metavar="create | list | revoke | rotate | quotas | retention")

    create = actions.add_parser("create", parents=[common], help="make a key, and its tenant with the first one")
    create.add_argument("--tenant", type=arguments.tenant, default="default", help="default: default")
    create.add_argument("--name", type=arguments.name, default="", help="what it is for, in your words")
    create.add_argument(
        "--scopes", type=arguments.scopes, default=("read", "write"), help=f"of {','.join(SCOPES)}; default: read,write"
    )
    create.add_argument("--expires-in", type=arguments.lifetime, metavar="TIME", help="such as 90d, 12h; default: never")
    create.set_defaults(run=_create)

    listing = actions.add_parser("list", parents=[common], help="what is known of the keys")
    listing.add_argument("--tenant", type=arguments.tenant, help="only this one's")
    listing.set_defaults(run=_list)

    revoke = actions.add_parser("revoke", parents=[common], help="refuse a key from now on")
    revoke.add_argument("id", type=arguments.key_id, help="gm_ and twelve digits")
    revoke.set_defaults(run=_revoke)

    rotate = actions.add_parser("rotate", parents=[common], help="make another key that may do the same, and revoke the first")
    rotate.add_argument("id", type=arguments.key_id, help="of the first")
    rotate.add_argument(
        "--grace", type=arguments.seconds, metavar="TIME", help="how long the first stays good; default: not at all"
    )
    alike = "such as 90d, or never; default: as long as the first was given"
    rotate.add_argument("--expires-in", type=arguments.lifetime, default=argparse.SUPPRESS, metavar="TIME", help=alike)
    rotate.set_defaults(run=_rotate)

    tenants.add_to(actions, common)
    return parser


if __name__ == "__main__":
    sys.exit(main())
