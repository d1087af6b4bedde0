"""Predictions of many rows, as they come."""

from collections.abc import AsyncGenerator

from gradmill.answers import PredictionsAnswer
from gradmill.asynchronous.transport import AsyncTransport
from gradmill.calls import Call
from gradmill.predictionstream import Parser


async def predicted(transport: AsyncTransport, call: Call) -> AsyncGenerator[PredictionsAnswer, None]:
    """Some rows at a time; the last piece has the warnings of all of them, and no rows."""
    parser = Parser()
    async with transport.begun(call) as response:
        async for piece in response.aiter_bytes():
            if (found := parser.feed(piece)) is not None:
                yield found
    yield parser.end()
