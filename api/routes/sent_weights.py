"""/v1/weights: weights of a client's own, for jobs to start from."""

from pathlib import Path

import anyio.to_thread
from fastapi import APIRouter, Request
from starlette.responses import Response

from api.answers import (
    SentWeightsAnswer,
    SentWeightsList,
    answer,
    list_answer,
    sent_weights_answer,
    sent_weights_summary,
)
from api.bodies import content_type
from api.deps import SentWeightsId, Service, Tenant, TheService
from api.errors import Refused
from api.limits.quotas import quotas_of
from api.openapi import BODY_PROBLEMS, operation, takes
from api.parameters import Cursor, Limit
from api.uploads import BUFFER, received
from core.data.weights import MOST_HEADER_BYTES, read_weights
from core.errors import InvalidData
from core.store import SentWeights

router = APIRouter(prefix="/v1/weights", tags=["weights"])

MEDIA_TYPES = ("application/x-safetensors", "application/octet-stream")
BYTES_PER_PARAMETER = 8
_ID = "wt_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b"
_SUMMARY = {
    "id": _ID,
    "object": "weights",
    "sha256": "6a5ab52d2d63b3f5a5b1b1b1b9be2f4ecbc0cd0b1a4dfb1c7a4e0e0d6f4d3c2b",
    "bytes": 716,
    "created_at": "2026-11-22T12:00:00.000Z",
}
_EXAMPLE = {
    **_SUMMARY,
    "tensors": {"0.weight": {"dtype": "F32", "shape": [16, 4]}, "0.bias": {"dtype": "F32", "shape": [16]}},
}


@router.post(
    "",
    **operation(
        "create_weights",
        "Send weights",
        status=201,
        model=SentWeightsAnswer,
        example=_EXAMPLE,
        others={200: {"description": "The same bytes were sent before: the weights of that time", "model": SentWeightsAnswer}},
        problems=("invalid_data", "conflict", "quota_exceeded", *BODY_PROBLEMS),
    ),
    openapi_extra=takes(
        {media_type: {"schema": {"type": "string", "format": "binary"}} for media_type in MEDIA_TYPES},
        "A safetensors file as the body, its tensors named and shaped as in `torch.nn.Sequential`.",
    ),
)
async def create_weights(request: Request, service: TheService, tenant: Tenant) -> Response:
    """For `training.start` of jobs: `{"weights": "wt_…"}`. Whether they fit a network is said when such a job is checked.

    The same bytes twice are the same weights, so an upload may simply be repeated."""
    given = content_type(request)
    if given not in MEDIA_TYPES:
        has = f"Content-Type is {given[:100]}" if given else "Content-Type is missing"
        allowed = ", ".join(MEDIA_TYPES)
        raise Refused("unsupported_media_type", f"{has}; it must be {allowed}", headers={"Accept-Post": allowed})
    limit = service.settings.max_parameters * BYTES_PER_PARAMETER + MOST_HEADER_BYTES
    async with received(request, service, tenant, limit) as upload:
        if upload.size == 0:
            raise InvalidData("the body is empty; it must be a safetensors file")
        async with service.parsing.turn(tenant):
            sent, is_new = await anyio.to_thread.run_sync(_stored, service, tenant, upload.file, upload.sha256)
    return answer(sent_weights_answer(sent), 201 if is_new else 200, {"Location": f"/v1/weights/{sent.id}"})


def _stored(service: Service, tenant: str, path: Path, sha256: str) -> tuple[SentWeights, bool]:
    known = service.store.sent_weights.known(tenant, sha256)
    if known is not None:
        return known, False
    tensors = read_weights(path)
    with path.open("rb") as file:
        most = quotas_of(service, tenant).stored_bytes
        return service.store.sent_weights.add(tenant, sha256, tensors, iter(lambda: file.read(BUFFER), b""), most)


@router.get(
    "",
    **operation(
        "list_sent_weights",
        "List weights that were sent",
        model=SentWeightsList,
        example=list_answer([_SUMMARY], _ID),
        problems=("invalid_parameter",),
    ),
)
def list_sent_weights(service: TheService, tenant: Tenant, cursor: Cursor = None, limit: Limit = 20) -> Response:
    """Newest first, page by page, without their tensors."""
    page = service.store.sent_weights.page(tenant, cursor=cursor, limit=limit)
    return answer(list_answer([sent_weights_summary(sent) for sent in page.items], page.next_cursor))


@router.get(
    "/{weights_id}",
    **operation(
        "get_sent_weights",
        "Look at weights that were sent",
        model=SentWeightsAnswer,
        example=_EXAMPLE,
        problems=("not_found",),
    ),
)
def get_sent_weights(service: TheService, tenant: Tenant, id: SentWeightsId) -> Response:
    """The names, types and shapes of their tensors. They never change."""
    return answer(sent_weights_answer(service.store.sent_weights.get(tenant, id)))


@router.delete(
    "/{weights_id}",
    **operation(
        "delete_weights", "Remove weights that were sent", status=204, problems=("not_found", "conflict", "cross_site")
    ),
)
def delete_weights(service: TheService, tenant: Tenant, id: SentWeightsId) -> Response:
    """Refused while a queued or running job starts from them. Jobs that have ended need them no more."""
    service.store.sent_weights.delete(tenant, id)
    return Response(status_code=204)
