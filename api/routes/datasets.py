"""/v1/datasets: upload as a stream, list, schema and statistics, first rows, remove."""

import hashlib
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import StringConstraints
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.answers import (
    FIRST_VALUES,
    DatasetAnswer,
    DatasetList,
    PreviewAnswer,
    answer,
    dataset_answer,
    dataset_summary,
    list_answer,
)
from api.deps import DatasetId, Tenant, TheService
from api.errors import wrong_parameter
from api.idempotency import REPLAYED, IdempotencyKey
from api.negotiation import is_match
from api.openapi import BODY_PROBLEMS, operation, takes
from api.parameters import Cursor, Limit
from api.uploads import MEDIA_TYPES, stored
from api.wording import shown
from core.data.parse import Format
from core.nn.preparation.reading import AS_IT_LOOKS, Decimal, Reading
from core.store import Dataset

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

Word = Annotated[str, StringConstraints(min_length=1, max_length=1000)]

_ID = "ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b"
_SUMMARY = {
    "id": _ID,
    "object": "dataset",
    "name": "iris",
    "format": "csv",
    "source": "upload",
    "sha256": "6a5ab52d2d63b3f5a5b1b1b1b9be2f4ecbc0cd0b1a4dfb1c7a4e0e0d6f4d3c2b",
    "bytes": 3858,
    "created_at": "2026-11-22T12:00:00.000Z",
    "rows": 150,
    "column_count": 5,
}
_SPECIES = {
    "name": "species",
    "kind": "text",
    "missing": 0,
    "distinct": 3,
    "values": ["setosa", "versicolor", "virginica"],
    "min": None,
    "max": None,
    "mean": None,
    "deviation": None,
    "reason": None,
}
_EXAMPLE = {
    **_SUMMARY,
    "columns": [_SPECIES],
    "left_out": [],
    "shapes": {},
    "first_line": 2,
    "reading": None,
}
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}, "example": "length,width,species\n5.1,3.5,setosa\n7.0,3.2,versicolor\n"},
    "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"length": 5.1, "species": "setosa"}\n'},
    "application/json": {"schema": {}, "example": {"length": [5.1, 7.0], "species": ["setosa", "versicolor"]}},
    **{media_type: _BINARY for media_type, format in MEDIA_TYPES.items() if format in ("parquet", "npy", "npz")},
}
_TAKEN = "The file itself as the body (not a form), in one of the formats below."


def _reading(
    numbers: Annotated[
        list[Word] | None,
        Query(
            description="A column that is numbers; may be repeated, or hold several names with commas between them. Cells that "
            "are none are an error, which names them."
        ),
    ] = None,
    texts: Annotated[
        list[Word] | None, Query(description="A column that is texts, such as codes of digits; may be repeated, as `numbers`.")
    ] = None,
    missing_values: Annotated[
        list[Word] | None,
        Query(description="A text that means a missing value in any column, beside those of the format; may be repeated."),
    ] = None,
    decimal: Annotated[
        Decimal | None,
        Query(
            description="The sign that decimals begin with; the other one groups thousands. Not said, a CSV file with "
            "semicolons or tabs may show that it is the comma."
        ),
    ] = None,
) -> Reading:
    reading = Reading(tuple(numbers or ()), tuple(texts or ()), tuple(missing_values or ()), decimal)
    if both := sorted({*reading.numbers} & {*reading.texts}):
        raise wrong_parameter("texts", f"texts names {shown(both[0])}, as numbers does; a column is one of them")
    return reading


@router.post(
    "",
    **operation(
        "create_dataset",
        "Upload a dataset",
        status=201,
        model=DatasetAnswer,
        example=_EXAMPLE,
        others={
            200: {
                "description": "The same bytes were sent before: their dataset, by its newest name",
                "model": DatasetAnswer,
            }
        },
        problems=(
            "bad_request",
            "invalid_data",
            "idempotency_mismatch",
            "conflict",
            "invalid_parameter",
            "capacity",
            "quota_exceeded",
            *BODY_PROBLEMS,
        ),
        has_etag=True,
    ),
    openapi_extra=takes(_CONTENT, _TAKEN),
)
async def create_dataset(
    request: Request,
    service: TheService,
    tenant: Tenant,
    key: IdempotencyKey,
    format: Annotated[Format | None, Query(description="Instead of the Content-Type.")] = None,
    name: Annotated[
        str | None, Query(min_length=1, max_length=200, description="Yours to choose; of the same bytes the newest is true.")
    ] = None,
    reading: Annotated[Reading, Depends(_reading)] = AS_IT_LOOKS,
) -> Response:
    """Read once, by a process of its own with a limit on its memory and time. The answer describes every column.

    The same bytes twice, read alike, are one dataset, so an upload may simply be repeated; with an
    `Idempotency-Key`, only as it was."""
    if name is not None and not name.isprintable():
        raise wrong_parameter("name", "name holds a character that cannot be printed")
    dataset, is_new = await stored(request, service, tenant, format, name, key, reading)
    headers = {"Location": f"/v1/datasets/{dataset.id}", "ETag": _etag(dataset)}
    is_replayed = key is not None and not is_new
    told = await run_in_threadpool(dataset_answer, dataset)
    return answer(told, 201 if is_new else 200, headers | (REPLAYED if is_replayed else {}))


@router.get(
    "",
    **operation(
        "list_datasets",
        "List datasets",
        model=DatasetList,
        example=list_answer([_SUMMARY], _ID),
        problems=("invalid_parameter",),
    ),
)
def list_datasets(service: TheService, tenant: Tenant, cursor: Cursor = None, limit: Limit = 20) -> Response:
    """Newest first, page by page, without their columns."""
    page = service.store.datasets.page(tenant, cursor=cursor, limit=limit)
    return answer(list_answer([dataset_summary(dataset) for dataset in page.items], page.next_cursor))


@router.get(
    "/{dataset_id}",
    **operation(
        "get_dataset",
        "Look at a dataset",
        model=DatasetAnswer,
        example=_EXAMPLE,
        others={304: {"description": "It is the one that If-None-Match names"}},
        problems=("not_found", "invalid_parameter"),
        has_etag=True,
    ),
)
def get_dataset(
    request: Request,
    service: TheService,
    tenant: Tenant,
    id: DatasetId,
    values: Annotated[
        Literal["all"] | None,
        Query(description=f"All distinct values of each column; otherwise the first {FIRST_VALUES}."),
    ] = None,
) -> Response:
    """Its columns with their kinds and statistics. Nothing of a dataset changes but its name."""
    dataset = service.store.datasets.get(tenant, id)
    headers = {"ETag": _etag(dataset, *filter(None, [values]))}
    if is_match(request.headers.get("if-none-match"), headers["ETag"]):
        return Response(status_code=304, headers=headers)
    return answer(dataset_answer(dataset, all_values=values == "all"), headers=headers)


@router.get(
    "/{dataset_id}/preview",
    **operation(
        "preview_dataset",
        "Look at a dataset's first rows",
        model=PreviewAnswer,
        example={"object": "preview", "dataset": _ID, "rows": 150, "data": [{"length": 5.1, "species": "setosa"}]},
        problems=("not_found",),
    ),
)
def preview_dataset(service: TheService, tenant: Tenant, id: DatasetId) -> Response:
    """The first rows as they were read; null where a value is missing."""
    preview = service.store.datasets.preview(tenant, id)
    return answer({"object": "preview", "dataset": id, "rows": preview.row_count, "data": preview.rows})


@router.delete(
    "/{dataset_id}",
    **operation("delete_dataset", "Remove a dataset", status=204, problems=("not_found", "conflict", "cross_site")),
)
def delete_dataset(service: TheService, tenant: Tenant, id: DatasetId) -> Response:
    """Refused while a queued or running job needs it. Jobs that have ended keep their weights and their history."""
    service.store.datasets.delete(tenant, id)
    return Response(status_code=204)


def _etag(dataset: Dataset, *parts: str) -> str:
    name = () if dataset.name is None else (hashlib.sha256(dataset.name.encode()).hexdigest()[:16],)
    return f'"{"-".join((dataset.id, *name, *parts))}"'
