"""Data that the service stores for as long as they are needed.

Made from asynchronous/lending.py by `python -m client.generate`; not to be edited.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any

from gradmill import tables
from gradmill.answering import content_of, log, model_of
from gradmill.answers import DatasetAnswer
from gradmill.calls import delete, upload
from gradmill.errors import GradmillError, InvalidData
from gradmill.readings import Said, unsaid
from gradmill.requests import path_of
from gradmill.synchronous.transport import Transport


@dataclass(frozen=True, slots=True)
class Upload:
    """A file, and how it is read."""

    file: Path
    reading: Said


@contextmanager
def lent(transport: Transport, sent: Upload) -> Iterator[str]:
    """The id of the dataset that it is. It is removed afterwards, whatever happens; one that was there before stays."""
    body, media_type = tables.content(sent.file, None)
    params: dict[str, Any] = {"name": tables.name_of(sent.file), **sent.reading}
    try:
        response = transport.send(upload("/v1/datasets", body, media_type, **params))
    except InvalidData as error:
        raise unsaid(error) from None
    dataset = model_of(DatasetAnswer, content_of(response))
    try:
        yield dataset.id
    finally:
        if response.status_code == HTTPStatus.CREATED:
            try:
                transport.send(delete(path_of("datasets", dataset.id)))
            except GradmillError as error:
                log.warning("dataset %s, which %s became, stays: %s", dataset.id, sent.file, error)
