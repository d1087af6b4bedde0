"""/v1/jobs/{id}/weights: what a network has learnt, in the form that the client likes."""

from itertools import chain
from typing import Annotated, Any

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from api.deps import JobId, Service, Tenant, TheService
from api.errors import Refused
from api.kept import Epoch, weights_of
from api.limits.places import AT_END
from api.negotiation import Unsatisfiable, byte_range, is_match, preferred
from api.openapi import operation
from api.streaming import Shelf
from core.exports import FORMS, STORED, Name, check_size, exporter, opened, revision
from core.store import Snapshot

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_MEDIA_TYPES = {form.media_type: name for name, form in FORMS.items()}
_TEXT: dict[str, Any] = {"schema": {"type": "string"}}
_BINARY: dict[str, Any] = {"schema": {"type": "string", "format": "binary"}}
_JSON = {
    "schema": {"type": "object"},
    "example": {
        "metadata": {"format": 1, "network": {"layers": [{"type": "dense", "units": 1}]}, "preprocessing": {}},
        "weights": {"0.weight": [[0.5, -1.25]], "0.bias": [0.1]},
    },
}
_CONTENT = {
    form.media_type: _JSON if name == "json" else _TEXT if form.media_type.startswith("text/") else _BINARY
    for name, form in FORMS.items()
}
_DOCUMENTED = operation(
    "get_weights",
    "Download a job's weights",
    others={
        # A part of a JSON document is none.
        206: {"description": "The range of bytes that was asked for", "content": {**_CONTENT, FORMS["json"].media_type: {}}},
        304: {"description": "If-None-Match names these bytes"},
    },
    problems=(
        "not_found",
        "conflict",
        "not_acceptable",
        "range_not_satisfiable",
        "invalid_parameter",
        "unexportable",
        "too_large",
    ),
    has_etag=True,
)
_DOCUMENTED["responses"][200]["content"] = _CONTENT


@router.get("/{job_id}/weights", **_DOCUMENTED)
async def get_weights(
    request: Request,
    service: TheService,
    tenant: Tenant,
    id: JobId,
    format: Annotated[Name | None, Query(description="The form; else Accept decides, else safetensors.")] = None,
    epoch: Annotated[
        Epoch | None,
        Query(description="Those of the best epoch (the default), of the last, or of any that is kept, by its number."),
    ] = None,
    range: Annotated[str | None, Header(examples=["bytes=0-1023"])] = None,
    if_range: Annotated[str | None, Header()] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """Names and shapes are those of `torch.nn.Sequential`: `0.weight (out, in)`, `0.bias`. The metadata hold the network and
    the preprocessing, so that the file can be used without this service. A download that broke off goes on with `Range`. As
    `python` or `javascript` they are a program that predicts and tests itself; docs/reference.md tells of every form."""
    name = format or _wanted(request)
    form = FORMS[name]
    weights = await run_in_threadpool(weights_of, service, tenant, id, epoch)
    etag = f'"{weights.sha256}"' if name == STORED else f'"{weights.sha256}-{name}-{revision()}"'
    headers = {"ETag": etag, "Vary": "Accept", "Cache-Control": "private, no-cache", "X-Epoch": str(weights.epoch)}
    if is_match(if_none_match, etag):
        return Response(status_code=304, headers=headers)

    shelf = None if name == STORED else await _exported(request, service, tenant, name, weights, etag)
    size = weights.size_bytes if shelf is None else shelf.size
    headers["Accept-Ranges"] = "bytes"
    headers["Content-Disposition"] = f'attachment; filename="{id}.{form.suffix}"'
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
    if shelf is not None:
        return StreamingResponse(shelf.pieces(start, stop), status, headers, form.media_type)
    pieces = service.store.blobs.read(weights.blob_id, start, stop)
    # Before the answer begins, so that it can still say that the database is away.
    first = await run_in_threadpool(next, pieces, b"")
    return StreamingResponse(chain([first], pieces), status, headers, form.media_type)


async def _exported(request: Request, service: Service, tenant: str, name: Name, weights: Snapshot, etag: str) -> Shelf:
    """Made in memory one at a time, and kept on the disk by the tag, however slowly the clients take them."""
    check_size(name, weights.size_bytes)
    shelf = service.exports.get(etag)
    if shelf is None:
        async with service.converting.turn(tenant):
            shelf = service.exports.get(etag)  # another may have had it made meanwhile
            if shelf is None:
                shelf = await run_in_threadpool(_made, service, name, weights)
                service.exports.keep(etag, shelf)
    request.scope[AT_END].callback(service.exports.give_back, shelf)
    part = service.room.share(tenant, shelf, shelf.size)  # what is kept no longer stays as long as it is read
    request.scope[AT_END].callback(service.room.give_back, part)
    return shelf


def _made(service: Service, name: Name, weights: Snapshot) -> Shelf:
    model, golden = opened(b"".join(service.store.blobs.read(weights.blob_id, 0, weights.size_bytes)))
    if golden is None:  # an older version stored them, or there was not enough memory left
        from core.exports.golden import Golden
        from core.nn.predictor import Predictor  # the engine: not before somebody needs it

        golden = Golden.of(model, Predictor)
    content = exporter(name)(model, golden)
    shelf = Shelf(service.files)
    try:
        shelf.put(content)
    except OSError:
        shelf.close()
        raise
    return shelf


def _wanted(request: Request) -> Name:
    media_type = preferred(request.headers.get("accept", ""), [*_MEDIA_TYPES, "application/octet-stream"])
    if media_type is None:
        exist = ", ".join(_MEDIA_TYPES)
        raise Refused("not_acceptable", f"Accept is {request.headers['accept'][:100]}; weights exist as {exist}")
    return _MEDIA_TYPES.get(media_type, STORED)
