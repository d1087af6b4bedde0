"""Answers that are made in pieces, as long as the client takes them."""

import asyncio
import logging
from collections.abc import AsyncIterable, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Message, Send

from core.settings import Settings

log = logging.getLogger("api")


class Stream(StreamingResponse):
    """Ends early, the connection with it, where the client takes a piece more slowly than it may send a body."""

    def __init__(self, pieces: AsyncIterable[bytes], settings: Settings, headers: Mapping[str, str], media_type: str) -> None:
        super().__init__(pieces, 200, headers, media_type)
        self._settings = settings

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: Message) -> None:
            size = len(message.get("body", b""))
            async with asyncio.timeout(self._settings.body_timeout_s + size / self._settings.body_bytes_per_s):
                await send(message)

        try:
            await super().stream_response(send_in_time)
        except TimeoutError:
            log.warning("a client took nothing of its answer for so long that the rest was given up")
