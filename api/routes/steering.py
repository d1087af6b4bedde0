"""/v1/jobs/{id}: cancel, pause, resume, retry, delete."""

import hashlib
from typing import Any

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import JobAnswer, answer
from api.deps import JobId, Service, Tenant, TheService
from api.idempotency import REPLAYED, IdempotencyKey
from api.limits.quotas import check_again, quotas_of
from api.openapi import operation
from api.routes.jobs import ENDED_EARLY, EXAMPLE, QUEUED, etag, shown
from core.store import Idempotency, Job

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_PROBLEMS = ("not_found", "conflict", "cross_site")
_OLD = "job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9a"


def _steering(id: str, summary: str, example: dict[str, Any], *more: str) -> dict[str, Any]:
    return operation(id, summary, model=JobAnswer, example=example, problems=(*_PROBLEMS, *more), has_etag=True)


def _steered(service: Service, job: Job) -> Response:
    return answer(shown(service, job), headers={"ETag": etag(job)})


@router.post("/{job_id}/cancel", **_steering("cancel_job", "Cancel a job", {**EXAMPLE, "status": "cancelling"}))
def cancel_job(service: TheService, tenant: Tenant, id: JobId) -> Response:
    """A queued or paused job is cancelled at once and has no weights, a running one within about a second, inside an epoch too,
    and keeps what it has learned. Asking twice is no error."""
    return _steered(service, service.store.jobs.cancel(tenant, id))


@router.post("/{job_id}/pause", **_steering("pause_job", "Pause a job", {**EXAMPLE, "status": "pausing"}))
def pause_job(service: TheService, tenant: Tenant, id: JobId) -> Response:
    """A queued job is paused at once; of a running one the worker saves all that it has trained, inside an epoch too, and lets
    go of it within about a second. Asking twice is no error. A paused job stays so, with its checkpoint, until it is resumed
    or cancelled."""
    return _steered(service, service.store.jobs.pause(tenant, id))


@router.post("/{job_id}/resume", **_steering("resume_job", "Resume a job", QUEUED, "too_many_jobs"))
def resume_job(service: TheService, tenant: Tenant, id: JobId) -> Response:
    """A paused job is queued again, in its old place. It goes on where it was, and gives the same weights as if it had not been
    paused. Of a job that is about to be paused the request is taken back. Asking twice is no error. Refused while
    as many jobs are queued as the quota allows; paused jobs count too when new ones are sent."""
    job = service.store.jobs.resume(tenant, id, quotas_of(service, tenant).queued_jobs)
    service.wake()
    return _steered(service, job)


@router.post(
    "/{job_id}/retry",
    **operation(
        "retry_job",
        "Repeat a job that failed or was cancelled",
        status=202,
        model=JobAnswer,
        example={**QUEUED, "retry_of": _OLD},
        problems=("bad_request", *_PROBLEMS, "idempotency_mismatch", "quota_exceeded", "too_many_jobs"),
        has_etag=True,
    ),
)
def retry_job(service: TheService, tenant: Tenant, id: JobId, key: IdempotencyKey) -> Response:
    """A new job with the same network, data, training, name, metadata and priority, trained from its beginning: what ended a
    job may be in its checkpoint. To go on from the weights of a job that ended early, submit one that starts from them.
    What may be sent now counts, not what could be when the job was."""
    request = None if key is None else Idempotency(key, hashlib.sha256(f"retry {id}".encode()).hexdigest())
    first = None if request is None else service.store.idempotency.job(tenant, request)
    quotas = quotas_of(service, tenant)
    if first is None and (ended := service.store.jobs.get(tenant, id)).state in ENDED_EARLY:
        check_again(service, quotas, ended)
    job = first or service.store.jobs.retry(tenant, id, request, quotas.queued_jobs, quotas.stored_bytes)
    service.wake()
    headers = {"Location": f"/v1/jobs/{job.id}", "Retry-After": "1", "ETag": etag(job)}
    return answer(shown(service, job), 202, headers | (REPLAYED if first else {}))


@router.delete("/{job_id}", **operation("delete_job", "Remove a job", status=204, problems=_PROBLEMS))
def delete_job(service: TheService, tenant: Tenant, id: JobId) -> Response:
    """With its epochs, events and weights, for good. Refused before the job has ended, and while a job that has not ended
    starts from its weights. Its dataset stays."""
    service.store.jobs.delete(tenant, id)
    return Response(status_code=204)
