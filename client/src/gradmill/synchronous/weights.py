"""/v1/weights: weights of one's own, for jobs to start from.

Made from asynchronous/weights.py by `python -m client.generate`; not to be edited.
"""

from collections.abc import Iterator
from pathlib import Path

from gradmill.answering import model_of
from gradmill.answers import SentWeightsAnswer, SentWeightsSummaryAnswer
from gradmill.calls import delete, get, upload
from gradmill.errors import BadInput
from gradmill.requests import path_of
from gradmill.synchronous.paging import pages
from gradmill.synchronous.transport import Transport

_SAFETENSORS = "application/x-safetensors"


class Weights:
    """Weights that were sent."""

    def __init__(self, transport: Transport) -> None:
        self._transport = transport

    def upload(self, data: str | Path | bytes) -> SentWeightsAnswer:
        """A safetensors file, or its bytes, named and shaped as in `torch.nn.Sequential`. A job starts from it with
        `training={"start": {"weights": sent.id}}`."""
        body = data if isinstance(data, bytes) else Path(data)
        if isinstance(body, Path) and not body.is_file():
            raise BadInput(f"there is no file {body}")
        return model_of(SentWeightsAnswer, self._transport.json(upload("/v1/weights", body, _SAFETENSORS)))

    def get(self, id: str) -> SentWeightsAnswer:
        return model_of(SentWeightsAnswer, self._transport.json(get(path_of("weights", id))))

    def list(self, *, page_size: int = 100) -> Iterator[SentWeightsSummaryAnswer]:
        """All of them, newest first."""
        for each in pages(self._transport, get("/v1/weights", {"limit": page_size})):
            yield model_of(SentWeightsSummaryAnswer, each)

    def delete(self, id: str) -> None:
        self._transport.send(delete(path_of("weights", id)))
