"""/v1/jobs/{id}/weights: what a network has learnt, in the form that the client likes."""

from itertools import chain
from typing import Annotated, Any, Literal, get_args

from fastapi import APIRouter, Header, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from api.answers import status_of
from api.deps import JobId, Service, Tenant, TheService
from api.errors import Refused
from api.negotiation import Unsatisfiable, byte_range, is_match, preferred
from api.openapi import operation
from api.places import AT_END
from api.streaming import Shelf
from core.errors import Conflict, CoreError, NotFound
from core.exports import FORMS, STORED, Name, check_size, exporter, opened, revision
from core.jobs import TERMINAL
from core.store import Job, Weights

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

Epoch = Literal["best", "last"]

# The status of a job that has no weights yet → how it comes to some.
_YET = {
    "queued": "GET {job}?wait=30 waits for its end",
    "running": "GET {job}?wait=30 waits for its end; POST {job}/cancel ends it now and keeps those of the epochs that are done",
    "pausing": "they come with its end; POST {job}/resume lets it go on",
    "paused": "it has a checkpoint; POST {job}/resume lets it go on. Cancelled while it is paused it ends without any, "
    "cancelled while it runs again with those of the epochs that are done",
    "cancelling": "GET {job}?wait=30 waits for those of the epochs that are done",
}
# The state of a job that never will → why.
_NEVER = {
    "cancelled": "was cancelled before it ran, while it was paused or in its first epoch, and has no weights; POST {job}/retry "
    "makes another of it",
    "failed": "failed and kept no weights; its error says why",
}

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
        Query(description="Those of the best epoch (the default), or of the last."),
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

    shelf = None if name == STORED else await _exported(request, service, name, weights)
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


async def _exported(request: Request, service: Service, name: Name, weights: Weights) -> Shelf:
    """In memory one at a time, however slowly the clients take them."""
    check_size(name, weights.size_bytes)
    shelf = Shelf(service.files)
    request.scope[AT_END].append(shelf.close)

    def export() -> None:
        model, golden = opened(b"".join(service.store.blobs.read(weights.blob_id, 0, weights.size_bytes)))
        if golden is None:  # an older version stored them, or there was not enough memory left
            from core.exports.golden import Golden
            from core.nn.predictor import Predictor  # the engine: not before somebody needs it

            golden = Golden.of(model, Predictor)
        shelf.put(exporter(name)(model, golden))

    async with service.converting.turn():
        await run_in_threadpool(export)
    return shelf


def _wanted(request: Request) -> Name:
    media_type = preferred(request.headers.get("accept", ""), [*_MEDIA_TYPES, "application/octet-stream"])
    if media_type is None:
        exist = ", ".join(_MEDIA_TYPES)
        raise Refused("not_acceptable", f"Accept is {request.headers['accept'][:100]}; weights exist as {exist}")
    return _MEDIA_TYPES.get(media_type, STORED)


def weights_of(service: Service, tenant: str, job_id: str, epoch: Epoch | None) -> Weights:
    """Those asked for, else the best, else the last; Conflict while there cannot be any yet."""
    wanted: tuple[Epoch, ...] = get_args(Epoch) if epoch is None else (epoch,)
    for which in wanted:
        if (found := _kept(service, tenant, job_id, which)) is not None:
            return found
    job = service.store.jobs.get(tenant, job_id)
    others = [each for each in get_args(Epoch) if each not in wanted and _kept(service, tenant, job_id, each) is not None]
    raise _without(job, others, epoch)


def _kept(service: Service, tenant: str, job_id: str, which: Epoch) -> Weights | None:
    try:
        return service.store.weights.get(tenant, job_id, which)
    except NotFound:
        return None


def _without(job: Job, others: list[Epoch], epoch: Epoch | None) -> CoreError:
    """What there is instead, and what can be done."""
    if others:
        return NotFound(
            f"job {job.id} has no weights of its {epoch} epoch; it has those of its {others[0]}: ?epoch={others[0]}"
        )
    status, path = status_of(job), f"/v1/jobs/{job.id}"
    if job.state not in TERMINAL:
        return Conflict(f"job {job.id} is {status} and has no weights yet: {_YET[status].format(job=path)}")
    return NotFound(f"job {job.id} {_NEVER[status].format(job=path)}")
