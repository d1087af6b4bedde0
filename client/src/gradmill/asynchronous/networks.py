"""/v1/networks."""

from collections.abc import Mapping
from typing import Any

from gradmill.answering import model_of
from gradmill.answers import CheckAnswer
from gradmill.asynchronous.transport import AsyncTransport
from gradmill.calls import post
from gradmill.requests import Data, Network, Training, job_request


class AsyncNetworks:
    """What a network would be, without training it."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def check(
        self,
        network: Network = "auto",
        dataset: Data | None = None,
        training: Training | None = None,
    ) -> CheckAnswer:
        """The dry run of a job: its layers, parameters, memory and time. InvalidSpec has all that is wrong in `errors`."""
        return await self.check_job(job_request(network, dataset, training))

    async def check_job(self, request: Mapping[str, Any]) -> CheckAnswer:
        """The dry run of a job as the API takes it."""
        return model_of(CheckAnswer, await self._transport.json(post("/v1/networks/check", dict(request))))
