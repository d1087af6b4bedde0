"""Where the service is, and the key for it.

What is given comes first, then the environment: GRADMILL_URL and GRADMILL_API_KEY. Without an address it is that of the service
which `scripts/up` has started in this folder: while it runs it holds a lock on var/service.lock, which says where it answers.
Its key lies in var/key, and is sent to that address alone: another program may have taken any other one.
"""

import json
import os
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from gradmill.errors import BadAddress, NoService

try:
    import fcntl
except ModuleNotFoundError:  # where there are no such locks, no service runs either
    fcntl = None  # type: ignore[assignment]

URL_VARIABLE = "GRADMILL_URL"
KEY_VARIABLE = "GRADMILL_API_KEY"
KEY_FILE = Path("var/key")
LOCK_FILE = Path("var/service.lock")


def address(given: str | None) -> str:
    """Without a slash at its end, and without /v1; NoService where none is named and none runs here."""
    url = (given or os.environ.get(URL_VARIABLE) or _running_here()).rstrip("/").removesuffix("/v1")
    try:
        parts = urlsplit(url)
        is_good = parts.scheme in ("http", "https") and bool(parts.hostname) and (parts.port or 1) > 0
    except ValueError:
        is_good = False
    if not is_good:
        raise BadAddress(f"{url[:200]!r} is no address; one is http://host:port or https://host")
    if parts.username or parts.password:
        raise BadAddress(f"the address holds a name or a password; the key is given by itself, or by {KEY_VARIABLE}")
    return url


def key(given: str | None, url: str) -> str | None:
    """None where there is none: a service may need none."""
    found = given or os.environ.get(KEY_VARIABLE) or (_left_here() if url == _url_here() else None)
    if found is not None and not (found.isascii() and found.isprintable() and " " not in found):
        raise BadAddress("the API key holds a character that no key has; it looks like gm_…")
    return found


def is_own(url: str) -> bool:
    """Whether the address is one that only this machine answers."""
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _running_here() -> str:
    try:
        lock = _lock()
    except OSError as error:
        raise NoService(f"whether a service runs in this folder cannot be seen: {LOCK_FILE}: {error.strerror}") from error
    if lock is None:
        raise NoService(
            f"no service runs in this folder: scripts/up starts one; {URL_VARIABLE} and {KEY_VARIABLE} name another"
        )
    if not lock.get("url"):
        raise NoService("the service in this folder is starting; it says when it is ready")
    return str(lock["url"])


def _lock() -> dict[str, Any] | None:
    """{"pid", "url"} of the service that holds the lock, as far as it has told them; None where none does."""
    if fcntl is None:
        return None
    with suppress(FileNotFoundError), LOCK_FILE.open("rb") as file:
        try:
            # Shared, and for this moment alone: a service that is about to start tries again.
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with suppress(ValueError):
                owner = json.loads(file.read(4096))
                return owner if isinstance(owner, dict) else {}
            return {}
    return None


def _url_here() -> str | None:
    try:
        return (_lock() or {}).get("url")
    except OSError:
        return None


def _left_here() -> str | None:
    try:
        return KEY_FILE.read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None
