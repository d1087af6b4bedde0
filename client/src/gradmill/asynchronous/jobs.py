"""/v1/jobs: trainings, from the request to the weights."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import aclosing
from datetime import datetime
from functools import partial
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from pydantic import PrivateAttr

from gradmill import readings, retrying, safetensors
from gradmill.answering import content_of, model_of
from gradmill.answers import (
    DatasetAnswer,
    DatasetSummaryAnswer,
    EpochAnswer,
    EventAnswer,
    JobAnswer,
    JobSummaryAnswer,
    PredictionsAnswer,
    SnapshotAnswer,
    TraceAnswer,
)
from gradmill.asynchronous.lending import Upload, lent
from gradmill.asynchronous.paging import pages
from gradmill.asynchronous.predicting import predicted
from gradmill.asynchronous.streams import followed
from gradmill.asynchronous.transport import AsyncTransport
from gradmill.calls import Call, delete, get, post
from gradmill.errors import BadInput, InvalidData, JobFailed, NotFound, TooLarge, WaitedTooLong
from gradmill.events import PATIENCE_S, EpochEvent, JobEvent, job_event
from gradmill.predictions import Predictions, moved, pieces, rows_of
from gradmill.progress import Telling
from gradmill.requests import Data, Network, Training, job_request, path_of
from gradmill.spec import Form
from gradmill.states import ENDED
from gradmill.tables import columns, file_named

if TYPE_CHECKING:
    from numpy.typing import NDArray

WAIT_S = 30.0  # of one request; the service may cut it
PACE_S = 0.2  # between two looks, at a job that changes all the time or at a service that does not wait
Status = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]
Which = Literal["best", "last"] | int  # an epoch whose weights were kept: training.snapshots


class AsyncJobSummary(JobSummaryAnswer):
    """A job as a list tells it, without its network, its training and whatever else may be large: `whole` asks for that. It
    does all that a job does; `refresh`, `wait` and the orders to it bring up to date what it tells."""

    _told: ClassVar[type[JobSummaryAnswer | JobAnswer]] = JobSummaryAnswer
    _transport: AsyncTransport = PrivateAttr()
    _etag: str = PrivateAttr(default="")
    _learned: readings.Learned | None = PrivateAttr(default=None)

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

    async def whole(self) -> "AsyncJob":
        """The job as it is now, with all that it was asked for."""
        response = await self._transport.send(get(self._path()))
        return _job(self._transport, content_of(response), response.headers.get("etag", ""))

    async def refresh(self) -> Self:
        return await self._asked(get(self._path()))

    async def wait(self, *, timeout_s: float | None = None, progress: bool | Callable[[Self], None] = False) -> Self:
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
            await self._asked(call, retrying.while_waiting(None if until is None else left_s))
            if not self.is_ended:
                await asyncio.sleep(PACE_S)

    async def cancel(self) -> Self:
        """A running one is cancelled within about a second, and keeps what it has learnt."""
        return await self._asked(post(self._path("cancel")))

    async def pause(self) -> Self:
        return await self._asked(post(self._path("pause")))

    async def resume(self) -> Self:
        return await self._asked(post(self._path("resume")))

    async def retry(self, *, idempotency_key: str | None = None) -> "AsyncJob":
        """A new job with the same request, of one that failed or was cancelled."""
        response = await self._transport.send(post(self._path("retry"), key=idempotency_key))
        return _job(self._transport, content_of(response), response.headers.get("etag", ""))

    async def delete(self) -> None:
        """With its epochs and weights, for good; Conflict before it has ended."""
        await self._transport.send(delete(self._path()))

    async def epochs(self, *, after: int = 0, points: int | None = None) -> AsyncIterator[EpochAnswer]:
        """Every epoch behind `after` that is recorded, page by page; or so many `points` at equal distances."""
        given = {"points": points} if points is not None else {"after": after}
        async for each in pages(self._transport, get(self._path("epochs"), given), "after"):
            yield model_of(EpochAnswer, each)

    async def events(self, *, after: int | str = 0, patience_s: float = PATIENCE_S) -> AsyncIterator[JobEvent | EpochEvent]:
        """All that has happened to it, every epoch among it, then what happens, as it happens, until it has ended: each exactly
        once, however often the connection breaks. `after` is the `id` of the last that one has.

        NotReachable when the service has given no sign of life for `patience_s`.
        """
        async with aclosing(followed(self._transport, self._path("events"), str(after), patience_s)) as messages:
            async for message in messages:
                yield job_event(message)
                if message.type in ENDED:
                    return

    async def past_events(self, *, after: int = 0) -> AsyncIterator[EventAnswer]:
        """What has happened to it by now, without its epochs, page by page. `after` is the `seq` of the last that one has."""
        async for each in pages(self._transport, get(self._path("events"), {"after": after}), "after"):
            yield model_of(EventAnswer, each)

    async def snapshots(self) -> list[SnapshotAnswer]:
        """The epochs whose weights were kept as it learned, where `snapshots` of its training asked for some."""
        return [model_of(SnapshotAnswer, each) async for each in pages(self._transport, get(self._path("snapshots")))]

    async def trace(self, row: int = 0, *, epoch: Which | None = None) -> TraceAnswer:
        """One row of its data on the way through the network, and the error on the way back: weighted sums, activations, loss,
        each node's error, each weight's gradient and step. Untraceable where the network has more than dense layers."""
        return model_of(TraceAnswer, await self._transport.json(get(self._path("trace"), {"row": row, "epoch": epoch})))

    async def weights(self, *, epoch: Which | None = None) -> "dict[str, NDArray[Any]]":
        """NumPy arrays by the names that `torch.nn.Sequential` has: `0.weight (outputs, inputs)`, `0.bias (outputs,)`. Of the
        best epoch, of the last, or of one that was kept."""
        return (await self.tensors(epoch=epoch)).arrays

    async def tensors(self, *, epoch: Which | None = None) -> safetensors.Tensors:
        """The same with the metadata, which say what inputs and outputs mean."""
        with TemporaryDirectory(prefix="gradmill") as folder:
            path = await self.download(Path(folder, "weights"), epoch=epoch)
            return await asyncio.to_thread(safetensors.read, path)

    async def download(self, path: str | Path, *, format: Form | str = "safetensors", epoch: Which | None = None) -> Path:
        """The weights as a file, which is there when it is whole."""
        call = get(self._path("weights"), {"format": format, "epoch": epoch}, headers={"Accept": "*/*"})
        return await self._transport.download(call, Path(path))

    async def predict(
        self,
        data: Any,
        *,
        epoch: Which | None = None,
        probabilities: bool = True,
        numbers: Sequence[str] | None = None,
        texts: Sequence[str] | None = None,
        missing_values: Sequence[str] | None = None,
        decimal: readings.Decimal | None = None,
    ) -> Predictions:
        """What the network says of new rows: an array, a table, columns by name, a list of rows, which are sent some at a time;
        the path of a file, which is stored meanwhile, for which the key must have the scope `write`; or a dataset, or its id.

        Cells of a file or a table are read as those of the dataset were that the job learned from, as long as that is there;
        `numbers`, `texts`, `missing_values` and `decimal` say otherwise, as in `datasets.upload`.
        """
        params = {"epoch": epoch, "probabilities": None if probabilities else "false"}
        said = readings.said(numbers=numbers, texts=texts, missing_values=missing_values, decimal=decimal)
        found = Predictions()
        if isinstance(data, DatasetAnswer | DatasetSummaryAnswer):
            data = data.id
        if isinstance(data, str):
            data = file_named(data) or data
        if (named := columns(data)) is not None:
            data = named
        if isinstance(data, Path) or named is not None:
            learned = await self._reading(data)
            reading = readings.merged(learned, said, data)
            if named is None:
                found.add(await self._predicted_of_file(Upload(data, reading), params))
                return found
            data = readings.applied(named, reading, said, learned.pointed) if reading else named
        else:
            _check_unread(data, said)
        if isinstance(data, str):
            found.add(await self._predicted({"dataset": data}, params))
            return found
        for piece in pieces(rows_of(data)):
            pending = [piece]
            while pending:
                start, rows = pending.pop()
                try:
                    found.add(await self._predicted({"rows": rows}, params), start)
                except InvalidData as error:
                    raise error.reworded(partial(moved, start=start)) from None
                except TooLarge:  # the answer may be larger than the rows let one think
                    if len(rows) < 2:
                        raise
                    half = len(rows) // 2
                    pending += [(start + half, rows[half:]), (start, rows[:half])]
        return found

    async def predict_in_pieces(
        self,
        data: Path | str | DatasetAnswer | DatasetSummaryAnswer,
        *,
        epoch: Which | None = None,
        probabilities: bool = True,
        numbers: Sequence[str] | None = None,
        texts: Sequence[str] | None = None,
        missing_values: Sequence[str] | None = None,
        decimal: readings.Decimal | None = None,
    ) -> AsyncGenerator[Predictions, None]:
        """What `predict` says of a file, or of a dataset or its id, some rows at a time as they come, for more of them than
        shall be in memory; the last piece has the warnings, and no rows. NotReachable where the answer breaks off."""
        params = {"epoch": epoch, "probabilities": None if probabilities else "false"}
        said = readings.said(numbers=numbers, texts=texts, missing_values=missing_values, decimal=decimal)
        if not isinstance(data, Path):
            _check_unread(data, said)
            asked = {"dataset": data if isinstance(data, str) else data.id}
            async with aclosing(predicted(self._transport, post(self._path("predict"), asked, params=params))) as answers:
                async for answer in answers:
                    yield Predictions.of(answer)
            return
        file = Upload(data, readings.merged(await self._reading(data), said, data))
        while True:
            async with lent(self._transport, file) as dataset:
                call = post(self._path("predict"), {"dataset": dataset}, params=params)
                try:
                    async with aclosing(predicted(self._transport, call)) as answers:
                        async for answer in answers:
                            yield Predictions.of(answer)
                    return
                except NotFound as error:
                    if dataset not in str(error):
                        raise
            # Who had sent the same file before has taken it away meanwhile.

    async def _reading(self, data: Any) -> readings.Learned:
        """For these rows, that of the dataset that it learned from, asked for once; nothing where that is gone."""
        if not readings.matter(data):
            return readings.Learned()
        if self._learned is None:
            self._learned = await self._asked_reading()
        return self._learned

    async def _asked_reading(self) -> readings.Learned:
        asked = self.dataset if "target" in self.dataset else (await self.whole()).dataset
        try:
            dataset = await self._transport.json(get(path_of("datasets", str(asked.get("id")))))
        except NotFound:
            return readings.Learned()
        return readings.of_training(asked, model_of(DatasetAnswer, dataset))

    async def _predicted_of_file(self, file: Upload, params: dict[str, Any]) -> PredictionsAnswer:
        while True:
            async with lent(self._transport, file) as dataset:
                try:
                    return await self._predicted({"dataset": dataset}, params)
                except NotFound as error:
                    if dataset not in str(error):
                        raise
            # Who had sent the same file before has taken it away meanwhile.

    async def _predicted(self, asked: dict[str, Any], params: dict[str, Any]) -> PredictionsAnswer:
        answer = await self._transport.json(post(self._path("predict"), asked, params=params))
        return model_of(PredictionsAnswer, answer)

    def _path(self, *more: str) -> str:
        return path_of("jobs", self.id, *more)

    async def _asked(self, call: Call, retries: retrying.Retries | None = None) -> Self:
        """Itself, as the answer tells it."""
        response = await self._transport.send(call, retries)
        if response.content:
            told = model_of(self._told, content_of(response))
            for name in self._told.model_fields:
                setattr(self, name, getattr(told, name))
            self._etag = response.headers.get("etag", "")
        return self


class AsyncJob(AsyncJobSummary, JobAnswer):
    """A job as it was when it was last asked for; `refresh`, `wait` and the orders to it bring it up to date."""

    _told = JobAnswer


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
        return _job(self._transport, content_of(response), response.headers.get("etag", ""))


def _job(transport: AsyncTransport, content: Any, etag: str = "") -> AsyncJob:
    job = model_of(AsyncJob, content)
    job._transport, job._etag = transport, etag
    return job


def _check_unread(data: Any, said: readings.Said) -> None:
    """BadInput where something is said of cells of what is neither file nor table."""
    if any(said.values()):
        raise BadInput(f"{', '.join(said)} say how the cells of a file or a table are read; a {type(data).__name__} is none")


def _moment(given: datetime | str | None) -> str | None:
    """RFC 3339; a time without a zone is one of this machine."""
    return given.astimezone().isoformat() if isinstance(given, datetime) else given
