"""The client: `jobs`, `datasets`, `networks`, `weights`, `webhooks`."""

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from types import TracebackType
from typing import Any, Self

from gradmill.answering import model_of
from gradmill.answers import FeedEventAnswer
from gradmill.asynchronous.datasets import AsyncDatasets
from gradmill.asynchronous.job import AsyncJob
from gradmill.asynchronous.jobs import AsyncJobs
from gradmill.asynchronous.learned import Which
from gradmill.asynchronous.networks import AsyncNetworks
from gradmill.asynchronous.paging import pages
from gradmill.asynchronous.streams import followed
from gradmill.asynchronous.transport import AsyncTransport
from gradmill.asynchronous.webhooks import AsyncWebhooks
from gradmill.asynchronous.weights import AsyncWeights
from gradmill.calls import get
from gradmill.events import PATIENCE_S, FeedEvent, feed_event
from gradmill.predictions import Predictions
from gradmill.readings import Decimal
from gradmill.retrying import Retries


class AsyncClient:
    """Of one service, with one key. Without them: GRADMILL_URL and GRADMILL_API_KEY, or the service that `scripts/up` runs in
    this folder, with its key.

    `timeout_s` bounds each try to connect, to send and to be answered; what may take longer by its nature gets longer.
    """

    def __init__(
        self,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = 30.0,
        retries: Retries | None = None,
    ) -> None:
        self._transport = AsyncTransport(base_url, api_key, timeout_s, retries or Retries())
        self.jobs = AsyncJobs(self._transport)
        self.datasets = AsyncDatasets(self._transport)
        self.networks = AsyncNetworks(self._transport)
        self.weights = AsyncWeights(self._transport)
        self.webhooks = AsyncWebhooks(self._transport)

    @property
    def base_url(self) -> str:
        return self._transport.base_url

    async def predict(
        self,
        job: AsyncJob | str,
        data: Any,
        *,
        epoch: Which | None = None,
        numbers: Sequence[str] | None = None,
        texts: Sequence[str] | None = None,
        missing_values: Sequence[str] | None = None,
        decimal: Decimal | None = None,
        encoding: str | None = None,
    ) -> Predictions:
        """What the network of a job says of new rows: an array, a table, columns by name, a list of rows, the path of a file,
        or a dataset, or its id. Cells of a file or a table are read as `job.predict` does."""
        found = await self.jobs.get(job) if isinstance(job, str) else job
        return await found.predict(
            data,
            epoch=epoch,
            numbers=numbers,
            texts=texts,
            missing_values=missing_values,
            decimal=decimal,
            encoding=encoding,
        )

    async def events(self, *, after: int | str | None = None, patience_s: float = PATIENCE_S) -> AsyncIterator[FeedEvent]:
        """What happens to all jobs, as it happens, without end: each event exactly once, in one order that agrees with that of
        each job, however often the connection breaks. Without `after` from the moment when the service first answers, which
        is after the first is waited for; else behind the event of this `id`, and from the beginning behind 0. Epochs are not
        among them.

        NotReachable when the service has given no sign of life for `patience_s`.
        """
        place = None if after is None else str(after)
        async with aclosing(followed(self._transport, "/v1/events", place, patience_s)) as messages:
            async for message in messages:
                yield feed_event(message)

    async def past_events(self, *, after: int = 0) -> AsyncIterator[FeedEventAnswer]:
        """What has happened to all jobs by now, page by page."""
        async for each in pages(self._transport, get("/v1/events", {"after": after}), "after"):
            yield model_of(FeedEventAnswer, each)

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        """Itself: a copy would have no connections of its own."""
        return self

    def __reduce__(self) -> str:
        raise TypeError(f"a {type(self).__name__} holds a key and connections, which are not pickled")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"
