"""/v1/jobs: trainings, from the request to the weights.

Made from asynchronous/jobs.py by `python -m client.generate`; not to be edited.
"""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any, Literal

from gradmill.answering import content_of, model_of
from gradmill.calls import Call, delete, get, post
from gradmill.requests import Data, Network, Training, job_request, path_of
from gradmill.synchronous.job import Job, JobSummary, job_of
from gradmill.synchronous.paging import pages
from gradmill.synchronous.transport import Transport

Status = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]


class Jobs:
    """Jobs of the key's tenant. What a job can do by its handle it can do here by its id."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def create(
        self,
        network: Network = "auto",
        dataset: Data | None = None,
        training: Training | None = None,
        *,
        name: str | None = None,
        priority: int = 0,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Job:
        """Submits a job; it is kept from then on, whatever happens. What is left out is chosen from the data. With an
        `idempotency_key` of your own a program that was started again submits nothing twice."""
        request = job_request(network, dataset, training, priority, metadata, name)
        return self._job(post("/v1/jobs", request, key=idempotency_key))

    def submit(self, request: Mapping[str, Any], *, idempotency_key: str | None = None) -> Job:
        """A job as the API takes it, sent as it stands: what is wrong with it is for the service to say."""
        return self._job(post("/v1/jobs", dict(request), key=idempotency_key))

    def get(self, id: str) -> Job:
        return self._job(get(path_of("jobs", id)))

    def list(
        self,
        *,
        status: Status | None = None,
        metadata: Mapping[str, str] | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        page_size: int = 100,
    ) -> Iterator[JobSummary]:
        """All of them that fit, newest first; pages are asked for as they are needed."""
        params = {
            "status": status,
            "created_after": _moment(created_after),
            "created_before": _moment(created_before),
            "limit": page_size,
            **{f"metadata[{key}]": value for key, value in (metadata or {}).items()},
        }
        for each in pages(self._transport, get("/v1/jobs", params)):
            summary = model_of(JobSummary, each)
            summary._transport = self._transport
            yield summary

    def wait(self, id: str, *, timeout_s: float | None = None, progress: bool = False) -> Job:
        return (self.get(id)).wait(timeout_s=timeout_s, progress=progress)

    def cancel(self, id: str) -> Job:
        return self._job(post(path_of("jobs", id, "cancel")))

    def pause(self, id: str) -> Job:
        return self._job(post(path_of("jobs", id, "pause")))

    def resume(self, id: str) -> Job:
        return self._job(post(path_of("jobs", id, "resume")))

    def retry(self, id: str, *, idempotency_key: str | None = None) -> Job:
        return self._job(post(path_of("jobs", id, "retry"), key=idempotency_key))

    def delete(self, id: str) -> None:
        self._transport.send(delete(path_of("jobs", id)))

    def _job(self, call: Call) -> Job:
        response = self._transport.send(call)
        return job_of(self._transport, content_of(response), response.headers.get("etag", ""))


def _moment(given: datetime | str | None) -> str | None:
    """RFC 3339; a time without a zone is one of this machine."""
    return given.astimezone().isoformat() if isinstance(given, datetime) else given
