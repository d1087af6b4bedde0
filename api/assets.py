"""The page at /: the files of api/page, which are built from web/ and sent as they are, compressed where the client takes that.

The names of the files under /assets carry a hash of what is in them, so they are kept for ever;
the page itself is asked for anew.
"""

import gzip
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import FastAPI, Request
from starlette.responses import Response

from api.negotiation import is_match

FOLDER = Path(__file__).with_name("page")
_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".svg": "image/svg+xml",
}
# Nothing inline, nothing from elsewhere, in nobody's frame.
_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_ALWAYS = {"X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Vary": "Accept-Encoding"}
_KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}
_ASKED_FOR = {"Cache-Control": "no-cache", "Content-Security-Policy": _POLICY}


@dataclass(frozen=True, slots=True)
class Form:
    """One way to send a file, with the headers that tell it."""

    content: bytes
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Asset:
    plain: Form
    compressed: Form

    def answer(self, request: Request) -> Response:
        form = self.compressed if _takes_gzip(request.headers.get("accept-encoding", "")) else self.plain
        if is_match(request.headers.get("if-none-match"), form.headers["ETag"]):
            return Response(status_code=304, headers=form.headers)
        return Response(form.content, headers=form.headers)


def install(app: FastAPI) -> None:
    """A route for each file that there is; every other path stays unknown."""
    for file in sorted(FOLDER.rglob("*")):
        if file.suffix in _TYPES:
            name = file.relative_to(FOLDER).as_posix()
            app.add_route("/" if name == "index.html" else f"/{name}", _route(_asset(file)), include_in_schema=False)


def _asset(file: Path) -> Asset:
    content = file.read_bytes()
    headers = {**_ALWAYS, **(_ASKED_FOR if file.suffix == ".html" else _KEPT), "Content-Type": _TYPES[file.suffix]}
    sha256 = hashlib.sha256(content).hexdigest()
    return Asset(
        Form(content, {**headers, "ETag": f'"{sha256}"'}),
        Form(gzip.compress(content, mtime=0), {**headers, "ETag": f'"{sha256}-gzip"', "Content-Encoding": "gzip"}),
    )


def _route(asset: Asset) -> Callable[[Request], Response]:
    def answer(request: Request) -> Response:
        return asset.answer(request)

    return answer


def _takes_gzip(accepted: str) -> bool:
    for part in accepted.lower().split(","):
        coding, _, quality = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return quality.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
