"""One request, described: what a transport sends, and sends again."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

from gradmill.errors import BadInput
from gradmill.retrying import new_key

JSON = "application/json"
PARSING_S = 900.0  # an upload is answered when it has been read


@dataclass(frozen=True, slots=True)
class Call:
    """`body` is the bytes themselves, or the file that holds them. `wait_s` is how long the service may take to answer, beyond
    what is usual."""

    method: str
    path: str
    params: Mapping[str, Any] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Path | None = None
    wait_s: float = 0.0


def get(
    path: str, params: Mapping[str, Any] | None = None, *, headers: Mapping[str, str] | None = None, wait_s: float = 0.0
) -> Call:
    """Parameters that are None are left out."""
    return Call("GET", path, given(params or {}), _checked(headers or {}), wait_s=wait_s)


def post(path: str, content: Any = None, *, key: str | None = None, params: Mapping[str, Any] | None = None) -> Call:
    """JSON, where there is a content, with an idempotency key."""
    headers = _checked({"Idempotency-Key": key or new_key()})
    if content is None:
        return Call("POST", path, given(params or {}), headers)
    return Call("POST", path, given(params or {}), {**headers, "Content-Type": JSON}, encoded(content))


def patch(path: str, content: Any) -> Call:
    return Call("PATCH", path, {}, {"Content-Type": JSON}, encoded(content))


def upload(
    path: str, body: bytes | Path, media_type: str, *, key: str | None = None, file_name: str | None = None, **params: Any
) -> Call:
    headers = {"Idempotency-Key": key or new_key(), "Content-Type": media_type}
    if file_name is not None:
        headers["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file_name, safe='')}"
    return Call("POST", path, given(params), _checked(headers), body, wait_s=PARSING_S)


def delete(path: str) -> Call:
    return Call("DELETE", path)


def encoded(content: Any) -> bytes:
    """JSON; arrays and columns as lists. NaN goes as it is: the service says where it stands. BadInput for what is no JSON."""
    try:
        return json.dumps(content, default=_plain, ensure_ascii=False, separators=(",", ":")).encode()
    except UnicodeEncodeError as error:
        near = error.object[max(0, error.start - 20) : error.end]
        raise BadInput(f"{near!r} ends in half of a surrogate pair, which is no character") from None
    except (TypeError, ValueError, RecursionError) as error:  # keys that are no texts, what holds itself
        if isinstance(error, BadInput):
            raise
        raise BadInput(f"this cannot be sent as JSON: {error}") from error


def given(params: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is None."""
    return {name: value for name, value in params.items() if value is not None}


def _checked(headers: Mapping[str, str]) -> Mapping[str, str]:
    """BadInput for what cannot stand in a header."""
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable() and value == value.strip(" ")):
            raise BadInput(
                f"{name} is {value!r:.60}; it must be letters, digits and signs of ASCII, without blanks at its ends"
            )
    return headers


def _plain(value: Any) -> Any:
    """What arrays, columns of a table, their numbers and times are in JSON."""
    for name in ("tolist", "to_list", "isoformat"):
        if callable(method := getattr(value, name, None)):
            return method()
    raise BadInput(f"a {type(value).__name__} cannot be sent as JSON: {value!r:.60}")
