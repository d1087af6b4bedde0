"""/v1/jobs: trainings, from the request to the weights."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, Literal

from gradmill.answering import content_of, model_of
from gradmill.asynchronous.job import AsyncJob, AsyncJobSummary, job_of
from gradmill.asynchronous.paging import pages
from gradmill.asynchronous.transport import AsyncTransport
from gradmill.calls import Call, delete, get, post
from gradmill.requests import Data, Network, Training, job_request, path_of

Status = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]


class AsyncJobs:
    """Jobs of the key's tenant. What a job can do by its handle it can do here by its id."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def create(
        self,
        network: Network = "auto",
        dataset: Data | None = None,
        training: Training | None = None,
        *,
        name: str | None = None,
        priority: int = 0,
        metadata: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> AsyncJob:
        """Submits a job; it is kept from then on, whatever happens. What is left out is chosen from the data. With an
        `idempotency_key` of your own a program that was started again submits nothing twice."""
        request = job_request(network, dataset, training, priority, metadata, name)
        return await self._job(post("/v1/jobs", request, key=idempotency_key))

    async def submit(self, request: Mapping[str, Any], *, idempotency_key: str | None = None) -> AsyncJob:
        """A job as the API takes it, sent as it stands: what is wrong with it is for the service to say."""
        return await self._job(post("/v1/jobs", dict(request), key=idempotency_key))

    async def get(self, id: str) -> AsyncJob:
        return await self._job(get(path_of("jobs", id)))

    async def list(
        self,
        *,
        status: Status | None = None,
        metadata: Mapping[str, str] | None = None,
        created_after: datetime | str | None = None,
        created_before: datetime | str | None = None,
        page_size: int = 100,
    ) -> AsyncIterator[AsyncJobSummary]:
        """All of them that fit, newest first; pages are asked for as they are needed."""
        params = {
            "status": status,
            "created_after": _moment(created_after),
            "created_before": _moment(created_before),
            "limit": page_size,
            **{f"metadata[{key}]": value for key, value in (metadata or {}).items()},
        }
        async for each in pages(self._transport, get("/v1/jobs", params)):
            summary = model_of(AsyncJobSummary, each)
            summary._transport = self._transport
            yield summary

    async def wait(self, id: str, *, timeout_s: float | None = None, progress: bool = False) -> AsyncJob:
        return await (await self.get(id)).wait(timeout_s=timeout_s, progress=progress)

    async def cancel(self, id: str) -> AsyncJob:
        return await self._job(post(path_of("jobs", id, "cancel")))

    async def pause(self, id: str) -> AsyncJob:
        return await self._job(post(path_of("jobs", id, "pause")))

    async def resume(self, id: str) -> AsyncJob:
        return await self._job(post(path_of("jobs", id, "resume")))

    async def retry(self, id: str, *, idempotency_key: str | None = None) -> AsyncJob:
        return await self._job(post(path_of("jobs", id, "retry"), key=idempotency_key))

    async def delete(self, id: str) -> None:
        await self._transport.send(delete(path_of("jobs", id)))

    async def _job(self, call: Call) -> AsyncJob:
        response = await self._transport.send(call)
        return job_of(self._transport, content_of(response), response.headers.get("etag", ""))


def _moment(given: datetime | str | None) -> str | None:
    """RFC 3339; a time without a zone is one of this machine."""
    return given.astimezone().isoformat() if isinstance(given, datetime) else given
