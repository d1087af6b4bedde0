"""Request bodies: counted while they stream in, read as JSON without trust, and validated with every problem at once.

JSON is read by orjson, which refuses NaN, Infinity, numbers beyond a double and lone surrogates, but cannot say at which
place of the document; only then the standard library's slower reader looks again, for the pointers.
"""

import asyncio
import json
import math
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Request
from pydantic import BaseModel, ValidationError
from starlette.requests import ClientDisconnect

from api.deps import Service, service_of, tenant_of
from api.errors import Refused
from api.limits.arrivals import Arrival
from api.limits.pace import Pace
from api.limits.turns import Turns
from api.wording import named, problems
from core.errors import InvalidSpec, Problem, TooLarge, escaped

SMALL_BYTES = 256 * 2**10  # what is larger waits for its turn
MOST_DEPTH = 64
MOST_FIELDS = 10_000  # of all objects together; the vocabulary needs a few dozen
MOST_OBJECTS = 100  # in one list: the layers of a network
FEW_QUOTES = 4 * MOST_FIELDS  # what is made of objects has so many in its first part already

_Model = TypeVar("_Model", bound=BaseModel)
_NOT_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))
_QUOTE = ord('"')
_LONGEST_INTEGER = 310  # characters, with the sign: a double ends there


def megabytes(size: int) -> str:
    return f"{size / 2**20:.15g} MiB" if size % 2**20 == 0 else f"{size} bytes"


def content_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


def announced_bytes(request: Request) -> int:
    """What Content-Length says; 0 where it says nothing."""
    announced = request.headers.get("content-length", "")
    return int(announced) if announced.isascii() and announced.isdigit() and len(announced) < 20 else 0


async def stream(request: Request, limit: int, arrival: Arrival) -> AsyncIterator[bytes]:
    """The body as it comes. TooLarge as soon as it announces or sends more than `limit` bytes; Refused when it stops coming, or
    comes so slowly that it would hold its connection for ever, however fast it came before, and when it is more than its tenant
    may have on its way."""
    limit = limit if arrival.limit is None else min(limit, arrival.limit)
    message = f"the body is larger than {megabytes(limit)}, the most that is taken here"
    if announced_bytes(request) > limit:
        raise TooLarge(message)
    encoding = request.headers.get("content-encoding", "identity").strip().lower()
    if encoding not in ("", "identity"):
        raise Refused("unsupported_media_type", f"Content-Encoding is {encoding[:60]}; send the body as it is, not compressed")
    arrival.reaches(announced_bytes(request))
    settings, now = (await service_of(request)).settings, asyncio.get_running_loop().time
    timeout_s, rate, longest_s = settings.body_timeout_s, settings.body_bytes_per_s, settings.body_longest_s
    size, pace, chunks, ends_at = 0, Pace(timeout_s, rate), request.stream(), now() + longest_s
    try:
        while True:
            asked_at = now()
            async with asyncio.timeout(min(pace.left_s, ends_at - asked_at)):
                chunk = await anext(chunks, None)
            if chunk is None:
                return
            pace.took(now() - asked_at, len(chunk))
            size += len(chunk)
            if size > limit:
                raise TooLarge(message)
            arrival.reaches(size)
            yield chunk
    except TimeoutError:
        if now() >= ends_at:
            message = f"the body did not come to its end in {longest_s:g} seconds; {size:,} bytes of it came"
        elif pace.is_quick:
            message = f"nothing of the body came for {timeout_s:g} seconds"
        else:
            pace.took(now() - asked_at, 0)
            message = f"{pace.size} bytes of the body came in {pace.waited_s:.0f} seconds; it must be {rate:g} a second or more"
        raise Refused("request_timeout", message, headers={"Connection": "close"}) from None
    except ClientDisconnect:
        raise Refused("bad_request", "the connection ended before the body did") from None


def json_body(turns_of: Callable[[Service], Turns], others: Sequence[str] = ()) -> Callable[[Request], AsyncIterator[bytes]]:
    """Gives the bytes of a JSON request, as long as its endpoint works on them. A large one waits outside of memory, for its
    turn among these. `others` are the media types that the endpoint takes beside JSON."""

    async def body(request: Request) -> AsyncIterator[bytes]:
        given = content_type(request)
        if given != "application/json":
            has = f"Content-Type is {given[:100]}" if given else "Content-Type is missing"
            files = f", or of a file {', '.join(others)}" if others else ""
            taken = ", ".join(("application/json", *others))
            message = f"{has}; it must be application/json{files}"
            raise Refused("unsupported_media_type", message, headers={"Accept-Post": taken})
        service = await service_of(request)
        tenant, limit = await tenant_of(request), service.settings.max_request_bytes
        with (
            service.arrivals.arrival(tenant, SMALL_BYTES) as arrival,
            SpooledTemporaryFile(SMALL_BYTES, dir=str(service.files)) as file,
        ):
            async for chunk in stream(request, limit, arrival):
                file.write(chunk)
            is_small = file.tell() <= SMALL_BYTES
            file.seek(0)
            async with nullcontext() if is_small else turns_of(service).turn(tenant):
                yield file.read()

    return body


JsonBody = Annotated[bytes, Depends(json_body(lambda service: service.holding), scope="function")]
JobBody = Annotated[
    bytes, Depends(json_body(lambda service: service.judging), scope="function")
]  # of what is judged, and answered then


def parsed(body: bytes) -> Any:
    """The JSON document. Raises Refused with the place of everything that JSON does not allow."""
    body = body.removeprefix(b"\xef\xbb\xbf")
    if not body.strip():
        raise Refused("invalid_json", "the body is empty; it must be a JSON object")
    if _is_deep(body):
        raise Refused("invalid_json", f"the body is nested more than {MOST_DEPTH} levels deep")
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _refusal(body, error) from None
    if rb"\u0000" in body and (found := list(_unwanted(document))):
        raise _refused(found)
    return document


def check_few_objects(body: bytes) -> None:
    """Of a request whose rows are lists: raises InvalidSpec, before anything is made of it, where it has more objects than any
    network needs."""
    if body.count(b"{") <= MOST_FIELDS:
        return
    unescaped = body.replace(rb"\\", b"").replace(rb"\"", b"")
    for quotes in (FEW_QUOTES, -1):
        outside_of_texts = unescaped.split(b'"', quotes)[: quotes if quotes > 0 else None : 2]
        if sum(part.count(b"{") for part in outside_of_texts) > MOST_FIELDS:
            message = f"the request has more than {MOST_FIELDS} objects; no network needs so many, and a row of data is a list"
            raise InvalidSpec([Problem("", message)])


def validated(model: type[_Model], document: Any) -> _Model:
    """Raises InvalidSpec with every problem."""
    value, found = judged(model, document)
    if value is None:
        raise InvalidSpec(found)
    return value


def judged(model: type[_Model], document: Any, at: str = "") -> tuple[_Model | None, list[Problem]]:
    """The model, or else every problem of the document; `at` is its own pointer in the request."""
    if _fields(document) > MOST_FIELDS:
        return None, [Problem(at, f"the request has more than {MOST_FIELDS} fields; no network needs so many")]
    try:
        return model.model_validate(document), []
    except ValidationError as error:
        return None, problems(error, model, document, at)


def _fields(document: Any) -> int:
    """How many fields the objects have. Of a long list, which is data or too long, only the first items are looked at."""
    count, todo = 0, [document]
    while todo and count <= MOST_FIELDS:
        value = todo.pop()
        if isinstance(value, dict):
            count += len(value)
            todo.extend(value.values())
        elif isinstance(value, list):
            todo.extend(each for each in value[:MOST_OBJECTS] if isinstance(each, dict))
    return count


def _is_deep(body: bytes) -> bool:
    if body.count(b"[") + body.count(b"{") <= MOST_DEPTH:
        return False
    # Rows of numbers and layers go first, and quickly: large bodies are made of them. So the limit is true but for two levels.
    # Each step is one linear pass: quotes that are escaped, what stands neither for depth nor for a text, what is empty.
    structure = body.replace(rb"\\", b"").replace(rb"\"", b"").translate(None, _NOT_STRUCTURE)
    depth, in_text = 0, False
    for byte in structure.replace(b'""', b"").replace(b"{}", b"").replace(b"[]", b""):
        if byte == _QUOTE:
            in_text = not in_text
        elif not in_text:
            depth += 1 if byte in b"[{" else -1
            if depth > MOST_DEPTH:
                return True
            if depth < 0:
                return False  # no JSON at all, which the reader will say better
    return False


@dataclass(frozen=True, slots=True)
class _NotJson:
    """Stands in a document for a number that JSON or a double does not have."""

    text: str


def _refusal(body: bytes, error: orjson.JSONDecodeError) -> Refused:
    try:
        document = json.loads(body.decode(), parse_constant=_NotJson, parse_float=_finite_float, parse_int=_finite_integer)
    except UnicodeDecodeError as wrong:
        return Refused("invalid_json", f"the body is not UTF-8: byte {wrong.start + 1} is wrong")
    except (ValueError, RecursionError):
        document = None
    if found := list(_unwanted(document)):
        return _refused(found)
    return Refused("invalid_json", f"line {error.lineno}, column {error.colno}: {error.msg}")


def _refused(found: list[Problem]) -> Refused:
    first = found[0].message
    return Refused("invalid_json", first if len(found) == 1 else f"{len(found)} problems; the first: {first}", found)


def _finite_float(text: str) -> float | _NotJson:
    value = float(text)
    return value if math.isfinite(value) else _NotJson(text)


def _finite_integer(text: str) -> int | _NotJson:
    if len(text) > _LONGEST_INTEGER:
        return _NotJson(text)
    value = int(text)
    try:
        float(value)
    except OverflowError:
        return _NotJson(text)
    return value


def _unwanted(document: Any, most: int = 100) -> Iterator[Problem]:
    """Numbers that are none, and texts that no database or other service takes."""
    todo: list[tuple[str, Any]] = [("", document)]
    while todo and most:
        pointer, value = todo.pop()
        message = None
        if isinstance(value, dict):
            todo.extend((f"{pointer}/{escaped(key)}", each) for key, each in reversed(value.items()))
            message = next((text for key in value if (text := _unwanted_text(key))), None)
        elif isinstance(value, list):
            todo.extend((f"{pointer}/{index}", each) for index, each in reversed(list(enumerate(value))) if _is_suspect(each))
        elif isinstance(value, _NotJson):
            text = value.text if len(value.text) <= 30 else f"a number of {len(value.text)} characters"
            message = f"is {text}; it must be a finite number, at most 1.797e308"
        elif isinstance(value, str):
            message = _unwanted_text(value)
        if message:
            most -= 1
            printable = pointer.encode(errors="replace").decode().replace("\0", "\N{REPLACEMENT CHARACTER}")
            yield Problem(printable, f"{''.join(named(printable)) or 'the body'} {message}")


def _is_suspect(value: Any) -> bool:
    return not isinstance(value, int | float) and value is not None


def _unwanted_text(text: str) -> str | None:
    if "\0" in text:
        return "holds the character \\u0000, which is not taken"
    if any("\ud800" <= character <= "\udfff" for character in text):
        return "holds half of a surrogate pair, which is no character"
    return None
