"""Data that the service stores for as long as they are needed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from pathlib import Path

from gradmill import tables
from gradmill.answering import content_of, log, model_of
from gradmill.answers import DatasetAnswer
from gradmill.asynchronous.transport import AsyncTransport
from gradmill.calls import delete, upload
from gradmill.errors import GradmillError
from gradmill.requests import path_of


@asynccontextmanager
async def lent(transport: AsyncTransport, file: Path) -> AsyncIterator[str]:
    """The id of the dataset that the file is. It is removed afterwards, whatever happens; one that was there before stays."""
    body, media_type = tables.content(file, None)
    response = await transport.send(upload("/v1/datasets", body, media_type, name=tables.name_of(file)))
    dataset = model_of(DatasetAnswer, content_of(response))
    try:
        yield dataset.id
    finally:
        if response.status_code == HTTPStatus.CREATED:
            try:
                await transport.send(delete(path_of("datasets", dataset.id)))
            except GradmillError as error:
                log.warning("dataset %s, which %s became, stays: %s", dataset.id, file, error)
