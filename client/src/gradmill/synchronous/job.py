"""A job: how it is, what becomes of it, and what has happened to it.

Made from asynchronous/job.py by `python -m client.generate`; not to be edited.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import closing
from math import ceil
from time import monotonic
from typing import Any, Self

from gradmill import retrying
from gradmill.answering import content_of, model_of
from gradmill.answers import EpochAnswer, EventAnswer, JobAnswer
from gradmill.calls import delete, get, post
from gradmill.errors import JobFailed, WaitedTooLong
from gradmill.events import PATIENCE_S, EpochEvent, JobEvent, job_event
from gradmill.progress import Telling
from gradmill.states import ENDED
from gradmill.synchronous.learned import Learned
from gradmill.synchronous.paging import pages
from gradmill.synchronous.predicting import Predicting
from gradmill.synchronous.streams import followed
from gradmill.synchronous.transport import Transport

WAIT_S = 30.0  # of one request; the service may cut it
PACE_S = 0.2  # between two looks, at a job that changes all the time or at a service that does not wait


class JobSummary(Learned, Predicting):
    """A job as a list tells it, without its network, its training and whatever else may be large: `whole` asks for that. It
    does all that a job does; `refresh`, `wait` and the orders to it bring up to date what it tells."""

    @property
    def is_ended(self) -> bool:
        return self.status in ENDED

    def check(self) -> Self:
        """Itself when it has succeeded; else JobFailed with what happened."""
        if self.status != "succeeded":
            error = self.error
            told = (error.code, error.message, error.fault, getattr(error, "hint", None)) if error else (None, None, None)
            raise JobFailed(self.id, self.status, *told)
        return self

    def whole(self) -> "Job":
        """The job as it is now, with all that it was asked for."""
        response = self._transport.send(get(self._path()))
        return job_of(self._transport, content_of(response), response.headers.get("etag", ""))

    def refresh(self) -> Self:
        return self._asked(get(self._path()))

    def wait(self, *, timeout_s: float | None = None, progress: bool | Callable[[Self], None] = False) -> Self:
        """Returns when the job has ended, however it did; WaitedTooLong after `timeout_s`. A service that is away or starts
        anew meanwhile is waited for too, and so is a paused job that somebody must resume.

        `progress` is called whenever the job has changed; True writes lines to the standard error, and at the end what the
        service warns of.
        """
        tell = Telling(tells_doubts=True) if progress is True else progress or None
        until = None if timeout_s is None else monotonic() + timeout_s
        while True:
            if tell is not None:
                tell(self)
            if self.is_ended:
                return self
            left_s = WAIT_S if until is None else until - monotonic()
            if left_s <= 0:
                raise WaitedTooLong(f"job {self.id} is still {self.status} after {timeout_s:g} s; it goes on")
            # Without a version the answer comes when the job has ended: nothing is told in between, where nobody listens.
            known = {"If-None-Match": self._etag} if tell is not None or self.status == "paused" else {}
            seconds = ceil(min(WAIT_S, left_s))  # RFC 7240 has whole ones
            headers = {**known, "Prefer": f"wait={seconds}"}
            call = get(self._path(), headers=headers, wait_s=seconds)
            self._asked(call, retrying.while_waiting(None if until is None else left_s))
            if not self.is_ended:
                time.sleep(PACE_S)

    def cancel(self) -> Self:
        """A running one is cancelled within about a second, and keeps what it has learnt."""
        return self._asked(post(self._path("cancel")))

    def pause(self) -> Self:
        return self._asked(post(self._path("pause")))

    def resume(self) -> Self:
        return self._asked(post(self._path("resume")))

    def retry(self, *, idempotency_key: str | None = None) -> "Job":
        """A new job with the same request, of one that failed or was cancelled."""
        response = self._transport.send(post(self._path("retry"), key=idempotency_key))
        return job_of(self._transport, content_of(response), response.headers.get("etag", ""))

    def delete(self) -> None:
        """With its epochs and weights, for good; Conflict before it has ended."""
        self._transport.send(delete(self._path()))

    def epochs(self, *, after: int = 0, points: int | None = None) -> Iterator[EpochAnswer]:
        """Every epoch behind `after` that is recorded, page by page; or so many `points` at equal distances."""
        given = {"points": points} if points is not None else {"after": after}
        for each in pages(self._transport, get(self._path("epochs"), given), "after"):
            yield model_of(EpochAnswer, each)

    def events(self, *, after: int | str = 0, patience_s: float = PATIENCE_S) -> Iterator[JobEvent | EpochEvent]:
        """All that has happened to it, every epoch among it, then what happens, as it happens, until it has ended: each exactly
        once, however often the connection breaks. `after` is the `id` of the last that one has.

        NotReachable when the service has given no sign of life for `patience_s`.
        """
        with closing(followed(self._transport, self._path("events"), str(after), patience_s)) as messages:
            for message in messages:
                yield job_event(message)
                if message.type in ENDED:
                    return

    def past_events(self, *, after: int = 0) -> Iterator[EventAnswer]:
        """What has happened to it by now, without its epochs, page by page. `after` is the `seq` of the last that one has."""
        for each in pages(self._transport, get(self._path("events"), {"after": after}), "after"):
            yield model_of(EventAnswer, each)


class Job(JobSummary, JobAnswer):
    """A job as it was when it was last asked for; `refresh`, `wait` and the orders to it bring it up to date."""

    _told = JobAnswer


def job_of(transport: Transport, content: Any, etag: str = "") -> Job:
    job = model_of(Job, content)
    job._transport, job._etag = transport, etag
    return job
