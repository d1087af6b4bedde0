"""Lists, page by page."""

from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

from gradmill.asynchronous.transport import AsyncTransport
from gradmill.calls import Call
from gradmill.errors import UnexpectedAnswer


async def pages(transport: AsyncTransport, call: Call, cursor: str = "cursor") -> AsyncIterator[dict[str, Any]]:
    """The items of all pages; the next page is asked for when the items of the one before have been taken."""
    while True:
        page = await transport.json(call)
        if not isinstance(page, dict) or not isinstance(page.get("data"), list) or "next_cursor" not in page:
            raise UnexpectedAnswer(f"{call.path} is answered with no page of a list")
        for each in page["data"]:
            yield each
        if page["next_cursor"] is None:
            return
        call = replace(call, params={**call.params, cursor: page["next_cursor"]})
