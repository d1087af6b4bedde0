"""Events as they happen, for as long as one listens.

Made from asynchronous/streams.py by `python -m client.generate`; not to be edited.
"""

import logging
import sys
import time
from collections.abc import Generator
from time import monotonic

import httpx2

from gradmill import retrying
from gradmill.answering import failure_of, log
from gradmill.calls import get
from gradmill.errors import GradmillError, NotReachable, UnexpectedAnswer
from gradmill.eventstream import MEDIA_TYPE, Message, Parser
from gradmill.synchronous.transport import Transport

SILENCE_S = 45.0  # after which a stream is cut off: the service gives a sign of life every 15 seconds
LEAST_SILENCE_S = 1.0  # which one has patience for, or no answer would come in time
ALIVE_S = 5.0  # after which whatever a stream says is a sign of life; before, only what is new
RETRY_S = 1.0  # after which one comes again, where the service does not say
LONGEST_RETRY_S = 60.0
PAUSES = retrying.Retries(times=sys.maxsize, longest_s=5.0)


def followed(transport: Transport, path: str, after: str | None, patience_s: float) -> Generator[Message, None]:
    """Every event behind this place, exactly once: after each cut it goes on where it was, until the service says that nothing
    can follow. The last failure is raised when there has been no sign of life for `patience_s`; what another time would be
    answered alike is raised at once.
    """
    place, heard_at, tries = after, monotonic(), 0
    silence_s = min(SILENCE_S, max(patience_s, LEAST_SILENCE_S))
    while True:
        parser, told_s = Parser(place or ""), None
        headers = {"Accept": MEDIA_TYPE, **({"Last-Event-ID": place} if place else {})}
        try:
            with transport.opened(get(path, headers=headers), silence_s) as response:
                if response.status_code == httpx2.codes.NO_CONTENT:
                    return
                if response.is_success:
                    _check(response)
                    opened_at = monotonic()
                    for piece in response.iter_bytes():
                        messages = parser.feed(piece)
                        for message in messages:
                            yield message
                        if messages or parser.last_id != (place or "") or monotonic() > opened_at + ALIVE_S:
                            place, heard_at, tries = parser.last_id or place, monotonic(), 0
                    failure: GradmillError = NotReachable(f"the stream of {path} ends again and again")
                else:
                    response.read()
                    failure, told_s = failure_of(response), retrying.told_s(response.headers)
                    if response.status_code not in retrying.AGAIN:
                        raise failure
        except NotReachable as error:
            failure = error
        tries += 1
        asked_s = min(parser.retry_s or RETRY_S, LONGEST_RETRY_S)
        pause_s = max(asked_s, told_s or 0.0, PAUSES.pause_s(tries) or 0.0)
        allowed_s = patience_s if transport.has_answered else min(patience_s, transport.retries.knocking_s)
        if monotonic() + pause_s > heard_at + allowed_s:
            raise failure
        # Streams end now and then, and go on at once: only what lasts is told, once.
        log.log(logging.WARNING if tries == 2 else logging.DEBUG, "%s; trying again", failure)
        time.sleep(pause_s)


def _check(response: httpx2.Response) -> None:
    if response.headers.get("content-type", "").partition(";")[0].strip() != MEDIA_TYPE:
        raise UnexpectedAnswer(f"{response.request.url} is answered with no stream of events")
