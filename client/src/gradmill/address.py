"""Where the service is, and the key for it.

Unless they are given, both come from the environment: GRADMILL_URL and GRADMILL_API_KEY. A service that `scripts/up` started in
this folder has left its key in var/key; that is read only where the address is this machine's own, so that it is sent nowhere
else.
"""

import os
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from gradmill.errors import BadAddress

URL = "http://127.0.0.1:8000"
URL_VARIABLE = "GRADMILL_URL"
KEY_VARIABLE = "GRADMILL_API_KEY"
KEY_FILE = Path("var/key")


def address(given: str | None) -> str:
    """Without a slash at its end, and without /v1."""
    url = (given or os.environ.get(URL_VARIABLE) or URL).rstrip("/").removesuffix("/v1")
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
    found = given or os.environ.get(KEY_VARIABLE) or (_left_here() if is_own(url) else None)
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


def _left_here() -> str | None:
    try:
        return KEY_FILE.read_text().strip() or None
    except (OSError, UnicodeDecodeError):
        return None
