"""The outermost layer: gives every request its id, and answers what breaks below.

A client may send its own `X-Request-ID`; it comes back on every answer and stands in the log.
"""

import os
import re

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_TAKEN = re.compile(rb"[A-Za-z0-9._:-]{1,128}")


class RequestIds:
    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        given = next((value for name, value in scope["headers"] if name == b"x-request-id"), b"")
        id = given if _TAKEN.fullmatch(given) else b"req_" + os.urandom(12).hex().encode()
        scope["request_id"] = id.decode()

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message.get("headers", ()), (b"x-request-id", id)]
            await send(message)

        await self.app(scope, receive, send_with_id)
