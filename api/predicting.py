"""How predictions are answered: of rows in one piece, of tables in pieces that wait on the disk."""

from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path
from typing import Any

from fastapi import Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.deps import Service
from api.errors import Refused
from api.growing import Followed, Growing
from api.limits.places import AT_END
from api.limits.predictions import check_inline, check_table
from api.limits.quotas import check_rows, quotas_of
from api.predictions import MEDIA_TYPES, Answering, Form, Manner
from api.sources import Rows, Table, reading_of
from api.uploads import parsed
from core.data.parse import Format
from core.errors import InvalidData, NotFound, Problem, UserError
from core.ids import is_id
from core.nn.preparation.reading import Reading
from core.nn.preparation.rows import refusal
from core.nn.preparation.schema import Schema
from core.store import Dataset

# A table of this many bytes or more takes its turn, since it is on the disk until the answer is made.
LARGE_BYTES = 2**24

# How many times its own bytes CSV may be as a table: an empty cell is one, and eight as a number.
_GROWTH = 8
_PACKED = ("parquet", "npz")  # may be as much as tables may be


async def of_rows(
    request: Request, service: Service, tenant: str, rows: Any, manner: Manner, headers: dict[str, str]
) -> Response:
    """In one piece: block by block, and others have their turns between them."""

    def begun() -> tuple[Rows, Answering, Iterator[tuple[int, int]], list[bytes]]:
        source = Rows(rows, manner.predictor, partial(service.beside.known, tenant, manner.job_id))
        check_inline(manner, source.count)
        answering = Answering(manner, source)
        blocks = answering.blocks
        return source, answering, blocks, [answering.head(), _block(source, answering, next(blocks))]

    async with service.predicting.turn(tenant):
        source, answering, blocks, pieces = await run_in_threadpool(begun)
    for block in blocks:
        if await request.is_disconnected():
            raise Refused("bad_request", "the connection ended before the answer was made")
        async with service.predicting.next_turn(tenant):
            pieces.append(await run_in_threadpool(_block, source, answering, block))
    return Response(b"".join([*pieces, answering.tail()]), 200, headers, _media_type(manner.form))


def _block(source: Rows, answering: Answering, block: tuple[int, int]) -> bytes:
    try:
        return answering.block(*block)
    except InvalidData as error:
        strays = source.strays()
        raise refusal(strays) if strays else error from None


async def of_a_dataset(
    request: Request, service: Service, tenant: str, asked: str, manner: Manner, headers: dict[str, str]
) -> Response:
    dataset = await run_in_threadpool(_dataset, service, tenant, asked)
    check_table(manner, dataset.row_count, service.room.most_of_one, "/dataset")
    making = await _opening(request, service, tenant, dataset.table_bytes)
    table = await run_in_threadpool(Table.of_dataset, service, dataset, manner.predictor)
    return await of_a_table(request, service, tenant, table, making, manner, headers)


async def opened_file(
    request: Request, service: Service, tenant: str, file: Path, format: Format, said: Reading, manner: Manner
) -> tuple[Table, ExitStack]:
    """What it holds, which is there when the file is gone."""
    reading = reading_of(manner.predictor.card, said)
    path, size = file.with_name("table"), file.stat().st_size
    making = await _opening(request, service, tenant, _most_bytes(format, size))

    def read() -> Schema:
        schema = parsed(file, format, path, service.settings, reading).schema
        check_rows(quotas_of(service, tenant), schema.rows)
        return schema

    async with service.parsing.turn(tenant):
        schema = await run_in_threadpool(read)
    if path.stat().st_size < LARGE_BYTES:
        making.close()
    check_table(manner, schema.rows, service.room.most_of_one)
    return await run_in_threadpool(Table.of_file, path, schema, manner.predictor), making


def _most_bytes(format: Format, size: int) -> int:
    """That a file may have as a table, as far as it matters whether this is a large one."""
    if format in ("json", "jsonl"):
        return size**2  # each row may lack most of the columns: there are size / 3 rows of them at most, and size / 4 columns
    return LARGE_BYTES if format in _PACKED else _GROWTH * size


async def _opening(request: Request, service: Service, tenant: str, table_bytes: int) -> ExitStack:
    """What is given back when the answer is made, however slowly the client takes it: the turn of a large table."""
    making = ExitStack()
    request.scope[AT_END].callback(making.close)
    if table_bytes >= LARGE_BYTES:
        making.callback(await service.opening.taken(tenant))
    return making


async def of_a_table(
    request: Request, service: Service, tenant: str, table: Table, making: ExitStack, manner: Manner, headers: dict[str, str]
) -> Response:
    """In pieces, if there are several: the first before the answer begins, so that it can still say what is wrong. They are
    made as fast as there are turns, and wait on the disk until the client takes them."""
    answering = Answering(manner, table)
    blocks = answering.blocks
    first, second = next(blocks, None), next(blocks, None)
    media_type = _media_type(manner.form)

    async def begun() -> bytes:
        if first is None:
            return answering.head()
        async with service.predicting.turn(tenant):
            return answering.head() + await run_in_threadpool(answering.block, *first)

    if second is None:
        with making:
            content = await begun() + answering.tail()
        return Response(content, 200, headers, media_type)

    answer = Growing(service.files)
    request.scope[AT_END].callback(answer.close)
    part = service.room.take(tenant, table.count * manner.row_bytes)
    answer.at_end.callback(service.room.give_back, part)
    content = await begun()
    await answer.add(lambda: content)
    made = making.pop_all()

    async def rest() -> None:
        with made:
            for block in chain([second], blocks):
                async with service.predicting.next_turn(tenant):
                    if answer.is_closed:
                        return
                    await answer.add(partial(answering.block, *block))
                part.written = answer.size
            await answer.add(answering.tail)
            part.size = part.written = answer.size

    answer.fill(rest())
    return Followed(answer.pieces(), 200, headers, media_type)


def _dataset(service: Service, tenant: str, id: str) -> Dataset:
    try:
        if not is_id("ds", id):
            raise NotFound(f"there is no dataset {id!r}")
        return service.store.datasets.get(tenant, id)
    except NotFound as error:
        raise UserError(error.message, [Problem("/dataset", error.message)]) from None


def _media_type(form: Form) -> str:
    return f"{MEDIA_TYPES[form]}; charset=utf-8; header=present" if form == "csv" else MEDIA_TYPES[form]
