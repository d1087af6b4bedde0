"""A job as one has it in hand: where it is, and how it is asked.

Made from asynchronous/handle.py by `python -m client.generate`; not to be edited.
"""

from typing import ClassVar, Self

from pydantic import PrivateAttr

from gradmill import retrying
from gradmill.answering import content_of, model_of
from gradmill.answers import JobAnswer, JobSummaryAnswer
from gradmill.calls import Call
from gradmill.requests import path_of
from gradmill.synchronous.transport import Transport


class Handle(JobSummaryAnswer):
    """What all that a job can do begins with."""

    _told: ClassVar[type[JobSummaryAnswer | JobAnswer]] = JobSummaryAnswer
    _transport: Transport = PrivateAttr()
    _etag: str = PrivateAttr(default="")

    def _path(self, *more: str) -> str:
        return path_of("jobs", self.id, *more)

    def _asked(self, call: Call, retries: retrying.Retries | None = None) -> Self:
        """Itself, as the answer tells it."""
        response = self._transport.send(call, retries)
        if response.content:
            told = model_of(self._told, content_of(response))
            for name in self._told.model_fields:
                setattr(self, name, getattr(told, name))
            self._etag = response.headers.get("etag", "")
        return self
