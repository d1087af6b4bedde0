"""`python -m service.keys`: makes, lists, revokes and rotates API keys, and sets quotas, in the database of the settings.

A key is shown once, when it is made: only its hash is kept.
"""

import argparse
import json
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from core.errors import CapacityError, NotFound, Unavailable
from core.keys import SCOPES, Key, new_key
from core.quotas import LARGEST_QUOTA, Quotas
from core.settings import InvalidSettings, settings
from core.store import ApiKey, Store, connect

_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400, "w": 7 * 86400}
_QUOTAS = tuple(field.name for field in fields(Quotas))
_LONGEST_S = 100 * 366 * 86400
_TENANT = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")


def main(arguments: Sequence[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        chosen = settings() if options.data_dir is None else settings().model_copy(update={"data_dir": options.data_dir})
        store = Store(connect(chosen.database))
        try:
            if not store.is_at_head():
                store.ping()
                return _failed("the database has not the shape that this code needs: start the service once, or migrate it")
            shown = options.run(store, options)
        finally:
            store.close()
    except InvalidSettings as error:
        return _failed(str(error))
    except (Unavailable, CapacityError, NotFound) as error:
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


def _quotas(store: Store, options: argparse.Namespace) -> Any:
    """Those of the tenant, after what was given has been set."""
    own = asdict(store.quotas.of(options.tenant, Quotas()))
    given = {name: value for name in _QUOTAS if (value := getattr(options, name)) is not None}
    if given:
        own |= {name: value or None for name, value in given.items()}
        store.quotas.set(options.tenant, Quotas(**own))
    return {"tenant": options.tenant, **asdict(settings().quotas.under(Quotas(**own)))}


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
        return [f"{name:<13} {'no limit' if value is None else value}" for name, value in shown.items()]
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
    actions = parser.add_subparsers(required=True, metavar="create | list | revoke | rotate | quotas")

    create = actions.add_parser("create", parents=[common], help="make a key, and its tenant with the first one")
    create.add_argument("--tenant", type=_tenant, default="default", help="default: default")
    create.add_argument("--name", type=_name, default="", help="what it is for, in your words")
    create.add_argument("--scopes", type=_scopes, default=("read", "write"), help=f"of {','.join(SCOPES)}; default: read,write")
    create.add_argument("--expires-in", type=_lifetime, metavar="TIME", help="such as 90d, 12h; default: never")
    create.set_defaults(run=_create)

    listing = actions.add_parser("list", parents=[common], help="what is known of the keys")
    listing.add_argument("--tenant", type=_tenant, help="only this one's")
    listing.set_defaults(run=_list)

    revoke = actions.add_parser("revoke", parents=[common], help="refuse a key from now on")
    revoke.add_argument("id", type=_id, help="gm_ and twelve digits")
    revoke.set_defaults(run=_revoke)

    rotate = actions.add_parser("rotate", parents=[common], help="make another key that may do the same, and revoke the first")
    rotate.add_argument("id", type=_id, help="of the first")
    rotate.add_argument("--grace", type=_seconds, metavar="TIME", help="how long the first stays good; default: not at all")
    alike = "such as 90d, or never; default: as long as the first was given"
    rotate.add_argument("--expires-in", type=_lifetime, default=argparse.SUPPRESS, metavar="TIME", help=alike)
    rotate.set_defaults(run=_rotate)

    quotas = actions.add_parser("quotas", parents=[common], help="show how much a tenant may have, after setting what is given")
    quotas.add_argument("--tenant", type=_tenant, default="default", help="default: default")
    for name in _QUOTAS:
        quotas.add_argument(f"--{name.replace('_', '-')}", type=_count, metavar="N", help="0: what the settings say")
    quotas.set_defaults(run=_quotas)
    return parser


def _count(text: str) -> int:
    if text.isascii() and text.isdigit() and int(text[:40]) <= LARGEST_QUOTA:
        return int(text)
    told = f"{text[:40]!r} is no quota: a whole number up to {LARGEST_QUOTA}, or 0 for what the settings say"
    raise argparse.ArgumentTypeError(told)


def _tenant(text: str) -> str:
    if _TENANT.fullmatch(text):
        return text
    raise argparse.ArgumentTypeError(f"{text!r} is no tenant: a letter or digit first, then those, dots, dashes; 100 at most")


def _name(text: str) -> str:
    if text.isprintable() and len(text) <= 100:
        return text
    raise argparse.ArgumentTypeError(f"{text[:100]!r} is no name: at most 100 characters that can be printed")


def _scopes(text: str) -> tuple[str, ...]:
    given = text.split(",")
    unknown = [each for each in given if each not in SCOPES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{unknown[0]!r} is no scope; there are: {', '.join(SCOPES)}")
    return tuple(scope for scope in SCOPES if scope in given)


def _lifetime(text: str) -> float | None:
    return None if text == "never" else _seconds(text)


def _seconds(text: str) -> float:
    number, unit = text[:-1], text[-1:]
    if unit in _UNITS and number.isascii() and number.isdigit() and 0 < (seconds := int(number) * _UNITS[unit]) <= _LONGEST_S:
        return seconds
    raise argparse.ArgumentTypeError(f"{text!r} is no time: a whole number above 0 and s, m, h, d or w; 100 years at most")


def _id(text: str) -> str:
    if re.fullmatch(r"gm_[0-9a-f]{12}", text):
        return text
    raise argparse.ArgumentTypeError("that is no id of a key: it has gm_ and twelve digits; `list` tells it")


if __name__ == "__main__":
    sys.exit(main())
