"""The client: `jobs`, `datasets`, `networks`, `weights`."""

from types import TracebackType
from typing import Self

from gradmill.asynchronous.datasets import AsyncDatasets
from gradmill.asynchronous.jobs import AsyncJobs
from gradmill.asynchronous.networks import AsyncNetworks
from gradmill.asynchronous.transport import AsyncTransport
from gradmill.asynchronous.weights import AsyncWeights
from gradmill.retrying import Retries


class AsyncClient:
    """Of one service, with one key. Without them: GRADMILL_URL or http://127.0.0.1:8000, and GRADMILL_API_KEY or, for an
    address of this machine, the file var/key.

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

    @property
    def base_url(self) -> str:
        return self._transport.base_url

    async def aclose(self) -> None:
        await self._transport.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.base_url!r})"
