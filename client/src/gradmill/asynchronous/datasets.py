"""/v1/datasets: tables to train on."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

from gradmill import tables
from gradmill.answering import model_of
from gradmill.answers import DatasetAnswer, DatasetSummaryAnswer, PreviewAnswer
from gradmill.asynchronous.paging import pages
from gradmill.asynchronous.transport import AsyncTransport
from gradmill.calls import delete, get, upload
from gradmill.readings import Decimal, listed
from gradmill.requests import path_of


class AsyncDatasets:
    """Tables that were uploaded."""

    def __init__(self, transport: AsyncTransport) -> None:
        self._transport = transport

    async def upload(
        self,
        data: Any,
        *,
        name: str | None = None,
        file_name: str | None = None,
        format: str | None = None,
        numbers: Sequence[str] = (),
        texts: Sequence[str] = (),
        missing_values: Sequence[str] = (),
        decimal: Decimal | None = None,
        encoding: str | None = None,
        idempotency_key: str | None = None,
    ) -> DatasetAnswer:
        """A file (its name tells the format: csv, json, jsonl, parquet, npy, npz), bytes with a `format`, a NumPy array, a
        table of pandas or polars, columns by their names, or a list of rows by their names. The same content twice is one
        dataset. Without a `name` a new one is called `file_name`, which is that of the file; one that is there keeps its name.

        `numbers` and `texts` are columns that are so whatever they look like, `missing_values` texts that mean a missing value
        in any column. A cell of `numbers` that is none is an error, which names it. `decimal` is the sign that decimals begin
        with, "comma" or "point"; the other one groups thousands. Where it is not said, a CSV file may show it. `encoding` is
        how a text file is written that is not UTF-8, such as "windows-1252".
        """
        said = {
            "numbers": listed(numbers),
            "texts": listed(texts),
            "missing_values": listed(missing_values),
            "decimal": decimal,
            "encoding": encoding,
        }
        body, media_type = tables.content(data, format)
        call = upload(
            "/v1/datasets",
            body,
            media_type,
            key=idempotency_key,
            name=name,
            file_name=file_name or tables.name_of(data),
            **said,
        )
        return model_of(DatasetAnswer, await self._transport.json(call))

    async def get(self, id: str, *, all_values: bool = False) -> DatasetAnswer:
        """With the kind and the statistics of every column."""
        call = get(path_of("datasets", id), {"values": "all" if all_values else None})
        return model_of(DatasetAnswer, await self._transport.json(call))

    async def list(self, *, page_size: int = 100) -> AsyncIterator[DatasetSummaryAnswer]:
        """All of them, newest first."""
        async for each in pages(self._transport, get("/v1/datasets", {"limit": page_size})):
            yield model_of(DatasetSummaryAnswer, each)

    async def preview(self, id: str) -> PreviewAnswer:
        """The first rows."""
        return model_of(PreviewAnswer, await self._transport.json(get(path_of("datasets", id, "preview"))))

    async def delete(self, id: str) -> None:
        """Conflict while a job that has not ended needs it."""
        await self._transport.send(delete(path_of("datasets", id)))
