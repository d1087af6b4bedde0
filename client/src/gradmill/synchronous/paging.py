"""Lists, page by page.

Made from asynchronous/paging.py by `python -m client.generate`; not to be edited.
"""

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from gradmill.calls import Call
from gradmill.errors import UnexpectedAnswer
from gradmill.synchronous.transport import Transport


def pages(transport: Transport, call: Call, cursor: str = "cursor") -> Iterator[dict[str, Any]]:
    """The items of all pages; the next page is asked for when the items of the one before have been taken."""
    while True:
        page = transport.json(call)
        if not isinstance(page, dict) or not isinstance(page.get("data"), list) or "next_cursor" not in page:
            raise UnexpectedAnswer(f"{call.path} is answered with no page of a list")
        for each in page["data"]:
            yield each
        if page["next_cursor"] is None:
            return
        call = replace(call, params={**call.params, cursor: page["next_cursor"]})
