"""/v1/jobs/{id}/predict: what a trained network says of new rows."""

import math
from collections.abc import Iterator
from contextlib import ExitStack
from functools import partial
from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.answers import PredictionsAnswer
from api.bodies import SMALL_BYTES, JsonBody, judged, parsed
from api.deps import JobId, Service, Tenant, TheService
from api.errors import Refused
from api.growing import Followed, Growing
from api.kept import Epoch, weights_of
from api.limits.places import AT_END
from api.negotiation import preferred
from api.openapi import BODY_PROBLEMS, REFERENCE, operation, takes
from api.predictions import MEDIA_TYPES, PIECE_BYTES, Answering, Form, Manner, Rows, Table
from api.schemas import PredictRequest
from core.errors import InvalidData, NotFound, Problem, TooLarge, UserError
from core.ids import is_id
from core.nn.preparation.rows import refusal
from core.store import Dataset, Snapshot

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

# Values and probabilities of one answer: of rows in the request it is made in memory, of a dataset block by block.
MOST_CELLS = 1_000_000
MOST_CELLS_OF_A_DATASET = 200_000_000

# And as bytes, since labels may be long.
MOST_BYTES = 2**26  # of a dataset: all that its tenant may have on the disk

# Multiplications of all rows in a request, some seconds: a large request keeps others waiting while it is in memory.
MOST_PRODUCTS = 100_000_000_000

# Seconds that a dataset may take in the network, as jobs are reckoned: three predictions run at once, for all tenants.
MOST_S_OF_A_DATASET = 600.0

# A table of this many bytes or more takes its turn, since it is on the disk until the answer is made.
LARGE_BYTES = 2**24

_FORMS: dict[str, Form] = {media_type: form for form, media_type in MEDIA_TYPES.items()}
_SETOSA = {"setosa": 0.96, "versicolor": 0.04, "virginica": 0.0}
_PREDICTION = {"values": {"species": "setosa"}, "probabilities": _SETOSA}
_EXAMPLE = {
    "object": "predictions",
    "job": "job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b",
    "epoch": 18,
    "targets": ["species"],
    "classes": list(_SETOSA),
    "rows": 1,
    "predictions": [_PREDICTION],
    "warnings": [],
}
_BODY = {
    "application/json": {
        "schema": {"$ref": REFERENCE.format(model="PredictRequest")},
        "examples": {
            "rows": {"summary": "Rows in the request", "value": {"rows": [{"length": 5.1, "width": 3.5}]}},
            "dataset": {"summary": "An uploaded dataset", "value": {"dataset": "ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b"}},
        },
    }
}
_DOCUMENTED = operation(
    "predict",
    "Predict with a job's network",
    model=PredictionsAnswer,
    example=_EXAMPLE,
    problems=(
        "not_found",
        "conflict",
        "not_acceptable",
        "invalid_json",
        "invalid",
        "invalid_data",
        "invalid_parameter",
        *BODY_PROBLEMS,
    ),
)
_DOCUMENTED["responses"][200]["content"] |= {
    "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"values":{"species":"setosa"}}\n'},
    "text/csv": {
        "schema": {"type": "string"},
        "example": "species,probability_setosa,probability_versicolor\r\nsetosa,0.96,0.04\r\n",
    },
}


def _weights(
    service: TheService,
    tenant: Tenant,
    id: JobId,
    epoch: Annotated[
        Epoch | None,
        Query(description="By the weights of the best epoch (the default), of the last, or of any that is kept."),
    ] = None,
) -> Snapshot:
    return weights_of(service, tenant, id, epoch)


@router.post("/{job_id}/predict", **_DOCUMENTED, openapi_extra=takes(_BODY, "Rows, or the id of a dataset."))
async def predict(
    request: Request,
    service: TheService,
    tenant: Tenant,
    id: JobId,
    weights: Annotated[Snapshot, Depends(_weights)],  # before the body is read, which is for nothing where there are none
    body: JsonBody,
    probabilities: Annotated[
        bool, Query(description="Of classes and flags, beside what is likeliest; false leaves them out.")
    ] = True,
) -> Response:
    """In the units and words of the data: a number for each numeric target, or the likeliest class and the probability of each;
    null where the network gives no finite number. Columns are treated as in training, missing values and texts that were never
    seen too; those that the network did not learn from are ignored. `Accept` chooses JSON, JSON lines or CSV. Of a dataset the
    answer comes in pieces. Nothing is changed: a key with the scope `read` will do."""
    form = _form(request)
    if len(body) <= SMALL_BYTES:
        asked = _asked(body)
    else:
        asked = await run_in_threadpool(_asked, body)
    predictor = service.models.get(weights) or await service.models.loaded(weights, tenant)
    headers = {"Vary": "Accept", "X-Epoch": str(weights.epoch)}
    manner = Manner(form, id, weights.epoch, predictor, probabilities)
    if asked.dataset:
        return await _of_a_dataset(request, service, tenant, asked.dataset, manner, headers)
    return await _of_rows(request, service, tenant, asked.rows, manner, headers)


def _asked(body: bytes) -> PredictRequest:
    """Of rows only that they are there: what stands in them is looked at with the network in hand."""
    document = parsed(body)
    rows = document.get("rows") if isinstance(document, dict) else None
    request, problems = judged(PredictRequest, document if rows is None else {**document, "rows": [[]]})
    if request is not None and (rows is None) == (not request.dataset):
        has = "both rows and a dataset" if request.dataset else "neither rows nor a dataset"
        problems = [Problem("", f'the request has {has}; it must have one of them: {{"rows": […]}} or {{"dataset": "ds_…"}}')]
    if problems:
        first = problems[0].message
        raise UserError(first if len(problems) == 1 else f"{len(problems)} problems; the first: {first}", problems)
    assert request is not None  # noqa: S101 - without problems there is one
    return request if rows is None else PredictRequest.model_construct(rows=rows, dataset="")


async def _of_rows(
    request: Request, service: Service, tenant: str, rows: Any, manner: Manner, headers: dict[str, str]
) -> Response:
    """In one piece: block by block, and others have their turns between them."""

    def begun() -> tuple[Rows, Answering, Iterator[tuple[int, int]], list[bytes]]:
        source = Rows(rows, manner.predictor, partial(_known, service, tenant, manner.job_id))
        _check(manner, source.count, MOST_CELLS, MOST_BYTES, "send fewer rows at once, or all of them as a dataset")
        _check_work(manner, source.count)
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
    return Response(b"".join([*pieces, answering.tail()]), 200, headers, _content_type(manner.form))


def _known(service: Service, tenant: str, job: str) -> frozenset[str] | None:
    """The columns of the data that the job learned from; None where it or they are gone."""
    try:
        dataset = service.store.datasets.get(tenant, service.store.jobs.get(tenant, job).dataset_id)
    except NotFound:
        return None
    return frozenset(column["name"] for column in dataset.schema["columns"])


def _block(source: Rows, answering: Answering, block: tuple[int, int]) -> bytes:
    try:
        return answering.block(*block)
    except InvalidData as error:
        strays = source.strays()
        raise refusal(strays) if strays else error from None


async def _of_a_dataset(
    request: Request, service: Service, tenant: str, asked: str, manner: Manner, headers: dict[str, str]
) -> Response:
    """In pieces, if there are several: the first before the answer begins, so that it can still say what is wrong. They are
    made as fast as there are turns, and wait on the disk until the client takes them."""
    dataset = await run_in_threadpool(_dataset, service, tenant, asked)
    remedy = "leave the probabilities out by ?probabilities=false, or send the dataset in parts"
    _check(manner, dataset.row_count, MOST_CELLS_OF_A_DATASET, service.room.most_of_one, remedy)
    _check_time(manner, dataset.row_count)
    making = ExitStack()  # what is given back when the answer is made, however slowly the client takes it
    request.scope[AT_END].callback(making.close)
    if dataset.table_bytes >= LARGE_BYTES:
        making.callback(await service.opening.taken(tenant))
    answering = Answering(manner, await run_in_threadpool(Table, service, dataset, manner.predictor))
    blocks = answering.blocks
    first, second = next(blocks, None), next(blocks, None)
    media_type = _content_type(manner.form)

    async def begun() -> bytes:
        if first is None:
            return answering.head()
        async with service.predicting.turn(tenant):
            return answering.head() + await run_in_threadpool(answering.block, *first)

    if second is None:
        return Response(await begun() + answering.tail(), 200, headers, media_type)

    answer = Growing(service.files)
    request.scope[AT_END].callback(answer.close)
    part = service.room.take(tenant, dataset.row_count * manner.row_bytes)
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


def _check(manner: Manner, rows: int, most: int, most_bytes: int, remedy: str) -> None:
    if rows * manner.width > most:
        raise TooLarge(
            f"the answer would hold {rows * manner.width:,} values and probabilities, {manner.width:,} for each of {rows:,} "
            f"rows; {most:,} are allowed: {remedy}"
        )
    size = manner.row_bytes
    if size > PIECE_BYTES:
        raise TooLarge(f"a row of the answer may take {size:,} bytes, since labels are long; {PIECE_BYTES:,} are allowed")
    if rows * size > most_bytes:
        raise TooLarge(
            f"the answer may take {rows * size:,} bytes, {size:,} for each of {rows:,} rows with its names and labels; "
            f"{most_bytes:,} are allowed: {remedy}"
        )


def _check_work(manner: Manner, rows: int) -> None:
    products = manner.predictor.products
    if rows * products > MOST_PRODUCTS:
        raise TooLarge(
            f"{rows:,} rows take {products:,} multiplications each; rows in a request may take {MOST_PRODUCTS:,} in all: send "
            "fewer at once, or all of them as a dataset"
        )


def _check_time(manner: Manner, rows: int) -> None:
    seconds = manner.predictor.seconds(rows)
    if seconds > MOST_S_OF_A_DATASET:
        most = math.floor(rows * MOST_S_OF_A_DATASET / seconds)
        message = (
            f"the dataset's {rows:,} rows take {manner.predictor.products:,} multiplications each, about {seconds:,.3g} "
            f"seconds in all; a prediction may take {MOST_S_OF_A_DATASET:,.3g}"
        ) + (f": send the dataset in parts of {most:,} rows or fewer" if most else "")
        raise UserError(message, [Problem("/dataset", message)])


def _form(request: Request) -> Form:
    media_type = preferred(request.headers.get("accept", ""), list(_FORMS))
    if media_type is None:
        exist = ", ".join(_FORMS)
        raise Refused("not_acceptable", f"Accept is {request.headers['accept'][:100]}; predictions exist as {exist}")
    return _FORMS[media_type]


def _content_type(form: Form) -> str:
    return f"{MEDIA_TYPES[form]}; charset=utf-8; header=present" if form == "csv" else MEDIA_TYPES[form]
