"""The addresses of the database and of the broker: which the service takes, and what it says of the others.

A refusal is meant to follow the name of the setting. It never shows a password: of an address that may hold one, no more than
its scheme.
"""

import re
from ipaddress import ip_address
from pathlib import Path
from urllib.parse import urlsplit

from sqlalchemy import URL, make_url
from sqlalchemy.exc import ArgumentError

_DATABASES = "it must be postgresql://user:password@host:5432/name or sqlite:////absolute/path"
_BROKERS = "it must be redis://:password@host:6379/0, rediss://…, or redis+socket:///path/of/a/socket"
_POSTGRESQL = re.compile(r"^postgres(ql)?(\+psycopg)?(?=://)")
_HARMLESS = re.compile(r"[\w+.-]*(://[\w.-]*(:\d+)?(/[\w./-]*)?)?")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*(?=://)")


def sqlite_address(path: Path) -> str:
    """The file, whatever characters its name has."""
    return URL.create("sqlite", database=str(path)).render_as_string(hide_password=False)


def database_address(url: str) -> str:
    """The address with the driver that this service uses: `postgres://` and `postgresql://` mean psycopg 3. ValueError else."""
    driven = _POSTGRESQL.sub("postgresql+psycopg", url)
    try:
        parsed = make_url(driven)
    except (ArgumentError, ValueError):
        raise ValueError(_refusal(url, _DATABASES)) from None
    if parsed.drivername == "postgresql+psycopg":
        return driven
    if parsed.drivername == "sqlite" and parsed.database and parsed.database != ":memory:" and not parsed.host:
        return url
    raise ValueError(_refusal(url, _DATABASES))


def is_loopback(host: str) -> bool:
    """Whether only this machine reaches it."""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def broker_address(url: str) -> str:
    """ValueError for one that others on the network could use without a password, and for what is no address at all."""
    try:
        parsed = urlsplit(url)
        has_port = parsed.port != 0
    except ValueError:
        raise ValueError(_refusal(url, _BROKERS)) from None
    if parsed.scheme == "redis+socket" and not parsed.netloc and parsed.path.strip("/"):
        return url
    database = parsed.path.removeprefix("/")
    if parsed.scheme not in ("redis", "rediss") or not parsed.hostname or not has_port or not re.fullmatch(r"\d*", database):
        raise ValueError(_refusal(url, _BROKERS))
    if not parsed.password and not is_loopback(parsed.hostname):
        raise ValueError(
            f"names no password for the broker on {parsed.hostname}, where others could reach it: "
            f"give the broker one, and {parsed.scheme}://:password@{parsed.hostname}"
        )
    return url


def _refusal(url: str, allowed: str) -> str:
    if _HARMLESS.fullmatch(url):
        return f"is {url!r}; {allowed}"
    scheme = _SCHEME.match(url)
    return f"begins with {scheme[0]}://; {allowed}" if scheme else f"is no address; {allowed}"
