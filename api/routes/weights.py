"""/v1/jobs/{id}/weights: what a network has learnt, in the form that the client likes."""

from itertools import chain
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from api.deps import JobId, Service, Tenant, TheService
from api.errors import Refused
from api.forms import FORMS, MEDIA_TYPES, Form, converted
from api.negotiation import Unsatisfiable, byte_range, is_match, preferred
from api.openapi import operation
from core.errors import Conflict, NotFound
from core.jobs import TERMINAL
from core.store import Weights

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_CONTENT = {
    MEDIA_TYPES["safetensors"]: _BINARY,
    MEDIA_TYPES["npz"]: _BINARY,
    MEDIA_TYPES["json"]: {
        "schema": {"type": "object"},
        "example": {
            "metadata": {"format": 1, "network": {"layers": [{"type": "dense", "units": 1}]}, "preprocessing": {}},
            "weights": {"0.weight": [[0.5, -1.25]], "0.bias": [0.1]},
        },
    },
}
_DOCUMENTED = operation(
    "get_weights",
    "Download a job's weights",
    others={
        # A part of a JSON document is none.
        206: {"description": "The range of bytes that was asked for", "content": {**_CONTENT, MEDIA_TYPES["json"]: {}}},
        304: {"description": "If-None-Match names these bytes"},
    },
    problems=("not_found", "conflict", "not_acceptable", "range_not_satisfiable", "invalid_parameter", "too_large"),
    has_etag=True,
)
_DOCUMENTED["responses"][200]["content"] = _CONTENT


@router.get("/{job_id}/weights", **_DOCUMENTED)
async def get_weights(
    request: Request,
    service: TheService,
    tenant: Tenant,
    id: JobId,
    format: Annotated[Form | None, Query(description="The form; else Accept decides, else safetensors.")] = None,
    epoch: Annotated[
        Literal["best", "last"] | None,
        Query(description="Those of the best epoch (the default), or of the last."),
    ] = None,
    range: Annotated[str | None, Header(examples=["bytes=0-1023"])] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Names and shapes are those of `torch.nn.Sequential`: `0.weight (out, in)`, `0.bias`. The metadata hold the network and
    the preprocessing, so that the file can be used without this service. A download that broke off goes on with `Range`."""
    form = format or _form(request)
    weights = await run_in_threadpool(_weights, service, tenant, id, epoch)
    etag = f'"{weights.sha256}"' if form == "safetensors" else f'"{weights.sha256}-{form}"'
    headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "private, no-cache", "X-Epoch": str(weights.epoch)}
    if is_match(if_none_match, etag):
        return Response(status_code=304, headers=headers)

    content = None if form == "safetensors" else await _converted(service, form, weights)
    size = weights.size_bytes if content is None else len(content)
    headers["Accept-Ranges"] = "bytes"
    headers["Content-Disposition"] = f'attachment; filename="{id}.{form}"'
    try:
        part = byte_range(range, if_range, etag, size)
    except Unsatisfiable:
        message = f"the range begins behind the end; there are {size} bytes"
        raise Refused("range_not_satisfiable", message, headers={"Content-Range": f"bytes */{size}"}) from None
    start, stop = part or (0, size)
    if part is not None:
        headers["Content-Range"] = f"bytes {start}-{stop - 1}/{size}"
    headers["Content-Length"] = str(stop - start)
    status = 200 if part is None else 206
    if content is not None:
        return Response(content[start:stop], status, headers, MEDIA_TYPES[form])
    pieces = service.store.blobs.read(weights.blob_id, start, stop)
    # Before the answer begins, so that it can still say that the database is away.
    first = await run_in_threadpool(next, pieces, b"")
    return StreamingResponse(chain([first], pieces), status, headers, MEDIA_TYPES[form])


async def _converted(service: Service, form: Form, weights: Weights) -> bytes:
    async with service.converting.turn():
        return await run_in_threadpool(converted, form, service.store, weights)


def _form(request: Request) -> Form:
    media_type = preferred(request.headers.get("accept", ""), [*MEDIA_TYPES.values(), "application/octet-stream"])
    if media_type is None:
        exist = ", ".join(MEDIA_TYPES.values())
        raise Refused("not_acceptable", f"Accept is {request.headers['accept'][:100]}; weights exist as {exist}")
    return FORMS.get(media_type, "safetensors")


def _weights(service: Service, tenant: str, job_id: str, epoch: Literal["best", "last"] | None) -> Weights:
    """Those asked for, else the best, else the last; Conflict while there cannot be any yet."""
    missing: NotFound | None = None
    for which in (epoch,) if epoch is not None else ("best", "last"):
        try:
            return service.store.weights.get(tenant, job_id, which)
        except NotFound as error:
            missing = missing or error
    job = service.store.jobs.get(tenant, job_id)
    if job.state not in TERMINAL:
        raise Conflict(f"job {job_id} is {job.state}: its weights are there when it has succeeded")
    raise missing or NotFound(f"job {job_id} has no weights")
