"""The parts of HTTP that decide which bytes an answer holds: Accept, entity tags, ranges, Prefer (RFC 9110, RFC 7240)."""

import re
from collections.abc import Sequence

_RANGE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))")
_WAIT = re.compile(r'(?:^|[,;\s])wait\s*=\s*"?(\d{1,9})"?(?=$|[,;\s])', re.IGNORECASE)


def preferred(accept: str, offered: Sequence[str]) -> str | None:
    """The first of the offered media types among those that the client likes best; None where it takes none of them."""
    if not accept.strip():
        return offered[0]
    ranges = [_media_range(part) for part in accept.split(",")[:50]]
    best, best_quality = None, 0.0
    for media_type in offered:
        major = media_type.partition("/")[0]
        # The most specific range decides: text/csv before text/* before */*.
        for wanted in (media_type, f"{major}/*", "*/*"):
            qualities = [quality for name, quality in ranges if name == wanted]
            if qualities:
                if qualities[0] > best_quality:
                    best, best_quality = media_type, qualities[0]
                break
    return best


def _media_range(part: str) -> tuple[str, float]:
    name, *parameters = (piece.strip().lower() for piece in part.split(";"))
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip() == "q":
            return name, float(value) if re.fullmatch(r"[01](\.\d{0,3})?", value.strip()) else 0.0
    return name, 1.0


def is_match(header: str | None, etag: str) -> bool:
    """Whether If-None-Match names the tag, by weak comparison."""
    if not header:
        return False
    return any(tag.strip().removeprefix("W/") in ("*", etag.removeprefix("W/")) for tag in header.split(","))


class Unsatisfiable(Exception):
    """The range begins behind the end."""


def byte_range(header: str | None, if_range: str | None, etag: str, size: int) -> tuple[int, int] | None:
    """[start, stop) of a single range; None where the whole is due: no range, several, or one of another version."""
    if not header or (if_range and if_range.strip() != etag):
        return None
    match = _RANGE.fullmatch(header.replace(" ", ""))
    if match is None:
        return None
    first, last, suffix = match.groups()
    if suffix is not None:
        if int(suffix) == 0 or size == 0:
            raise Unsatisfiable
        return max(0, size - int(suffix)), size
    start = int(first)
    if last and int(last) < start:
        return None
    if start >= size:
        raise Unsatisfiable
    return start, min(size, int(last) + 1) if last else size


def preferred_wait_s(prefer: str | None) -> float | None:
    """`Prefer: wait=30`"""
    match = _WAIT.search(prefer or "")
    return float(match[1]) if match else None
