"""/v1/datasets: upload as a stream, list, schema and statistics, first rows, remove."""

import hashlib
import re
from typing import Annotated, Any, Literal
from urllib.parse import unquote

from fastapi import APIRouter, Header, Query, Request
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
from api.readings import SaidReading
from api.uploads import MEDIA_TYPES, stored
from core.data.parse import Format
from core.nn.preparation.reading import AS_IT_LOOKS
from core.store import Dataset

router = APIRouter(prefix="/v1/datasets", tags=["datasets"])

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
_PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)')  # of Content-Disposition
_BINARY = {"schema": {"type": "string", "format": "binary"}}
_CONTENT: dict[str, Any] = {
    "text/csv": {"schema": {"type": "string"}, "example": "length,width,species\n5.1,3.5,setosa\n7.0,3.2,versicolor\n"},
    "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"length": 5.1, "species": "setosa"}\n'},
    "application/json": {"schema": {}, "example": {"length": [5.1, 7.0], "species": ["setosa", "versicolor"]}},
    **{media_type: _BINARY for media_type, format in MEDIA_TYPES.items() if format in ("parquet", "npy", "npz")},
}
_TAKEN = "The file itself as the body (not a form), in one of the formats below."


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
    content_disposition: Annotated[
        str | None,
        Header(
            description="Its `filename` is what a dataset is called that has no `name`; one that has keeps it.",
            examples=['attachment; filename="iris.csv"'],
        ),
    ] = None,
    reading: SaidReading = AS_IT_LOOKS,
) -> Response:
    """Read once, by a process of its own with a limit on its memory and time. The answer describes every column.

    The same bytes twice, with the same words of how they are read, are one dataset, so an upload may
    simply be repeated; with an `Idempotency-Key`, only as it was."""
    if name is not None and not name.isprintable():
        raise wrong_parameter("name", "name holds a character that cannot be printed")
    dataset, is_new = await stored(
        request, service, tenant, format, name, key, reading, file_name=_file_name(content_disposition)
    )
    headers = {"Location": f"/v1/datasets/{dataset.id}", "ETag": _etag(dataset)}
    is_replayed = key is not None and not is_new
    told = await run_in_threadpool(dataset_answer, dataset)
    return answer(told, 201 if is_new else 200, headers | (REPLAYED if is_replayed else {}))


def _file_name(content_disposition: str | None) -> str | None:
    """The name of the file, as far as a dataset may have it; RFC 6266: `filename*` goes before `filename`, whose bytes may be
    UTF-8."""
    said: dict[str, str] = {}
    for name, value in _PARAMETER.findall((content_disposition or "")[:4000]):
        said.setdefault(name.lower(), value.strip())
    found = _extended(said.get("filename*", "")) or _in_utf8(_unquoted(said.get("filename", "")))
    return "".join(letter for letter in found if letter.isprintable())[:200] or None


def _extended(value: str) -> str:
    """`UTF-8''na%C3%AFve.csv` without its escapes, empty where it is none of these; RFC 8187."""
    charset, _, rest = value.partition("'")
    _, is_whole, name = rest.partition("'")
    if not is_whole or charset.lower() not in ("utf-8", "iso-8859-1"):
        return ""
    return unquote(name, charset, "replace")


def _unquoted(value: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", value[1:-1]) if value[:1] == '"' == value[-1:] else value.removeprefix('"')


def _in_utf8(value: str) -> str:
    """A header is read as ISO 8859-1, in which every byte is a letter."""
    try:
        return value.encode("iso-8859-1").decode()
    except ValueError:
        return value


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
