"""Predictions of many rows, as they come.

Made from asynchronous/streamed.py by `python -m client.generate`; not to be edited.
"""

from collections.abc import Generator

from gradmill.answers import PredictionsAnswer
from gradmill.calls import Call
from gradmill.predictionstream import Parser
from gradmill.synchronous.transport import Transport


def predicted(transport: Transport, call: Call) -> Generator[PredictionsAnswer, None]:
    """Some rows at a time; the last piece has the warnings of all of them, and no rows."""
    parser = Parser()
    with transport.begun(call) as response:
        for piece in response.iter_bytes():
            if (found := parser.feed(piece)) is not None:
                yield found
    yield parser.end()
