"""/v1/weights: weights of one's own, for jobs to start from."""

from collections.abc import AsyncIterator
from pathlib import Path

from gradmill.answering import model_of
from gradmill.answers import SentWeightsAnswer, SentWeightsSummaryAnswer
from gradmill.asynchronous.paging import pages
from gradmill.asynchronous.transport import AsyncTransport
from gradmill.calls import delete, get, upload
from gradmill.errors import BadInput
from gradmill.requests import path_of

_SAFETENSORS = "application/x-safetensors"


class AsyncWeights:
    """Weights that were sent."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def upload(self, data: str | Path | bytes) -> SentWeightsAnswer:
        """A safetensors file, or its bytes, named and shaped as in `torch.nn.Sequential`. A job starts from it with
        `training={"start": {"weights": sent.id}}`."""
        body = data if isinstance(data, bytes) else Path(data)
        if isinstance(body, Path) and not body.is_file():
            raise BadInput(f"there is no file {body}")
        return model_of(SentWeightsAnswer, await self._transport.json(upload("/v1/weights", body, _SAFETENSORS)))

    async def get(self, id: str) -> SentWeightsAnswer:
        return model_of(SentWeightsAnswer, await self._transport.json(get(path_of("weights", id))))

    async def list(self, *, page_size: int = 100) -> AsyncIterator[SentWeightsSummaryAnswer]:
        """All of them, newest first."""
        async for each in pages(self._transport, get("/v1/weights", {"limit": page_size})):
            yield model_of(SentWeightsSummaryAnswer, each)

    async def delete(self, id: str) -> None:
        await self._transport.send(delete(path_of("weights", id)))
