"""An answer as it goes out: JSON, times, lists, and the model that all answers are described by."""

from datetime import UTC, datetime
from typing import Any, Literal

import orjson
from pydantic import BaseModel, ConfigDict
from starlette.responses import Response

JSON = dict[str, Any]


class Answer(BaseModel):
    model_config = ConfigDict(extra="forbid")


class List(Answer):
    object: Literal["list"]
    has_more: bool
    next_cursor: str | None


def answer(content: Any, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    return Response(dumped(content), status, headers, "application/json")


def dumped(content: Any) -> bytes:
    """JSON with an end of line: a shell's prompt would stick to it."""
    return orjson.dumps(content, option=orjson.OPT_NON_STR_KEYS | orjson.OPT_APPEND_NEWLINE)


def list_answer(items: list[JSON], next_cursor: str | None) -> JSON:
    return {"object": "list", "data": items, "has_more": next_cursor is not None, "next_cursor": next_cursor}


def rfc3339(seconds: float | None) -> str | None:
    if seconds is None:
        return None
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"
