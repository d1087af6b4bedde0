"""/v1/jobs: submit, list, look or wait."""

import re
import time
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Header, Query, Request
from pydantic import AwareDatetime, BeforeValidator
from pydantic_core import PydanticCustomError
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.answers import JobAnswer, JobList, answer, job_answer, job_summary, list_answer
from api.bodies import JobBody
from api.deps import JobIdInPath, Service, Tenant, TheService, job_id_checked, service_of
from api.errors import wrong_parameter
from api.idempotency import REPLAYED, IdempotencyKey
from api.keys import admitted
from api.negotiation import is_match, preferred_wait_s
from api.openapi import BODY_PROBLEMS, operation, takes
from api.parameters import Cursor, Limit
from api.routes.networks import JOB
from api.schemas import EXAMPLES, StoredData
from api.submission import submit
from api.waiting import checked_wait, until_changed
from core.errors import NotFound
from core.jobs import TERMINAL, State
from core.store import Caller, Job

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_ID = "job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b"
_SUMMARY: dict[str, Any] = {
    "id": _ID,
    "object": "job",
    "name": "species from iris",
    "status": "running",
    "created_at": "2026-11-22T12:00:00.000Z",
    "started_at": "2026-11-22T12:00:00.009Z",
    "finished_at": None,
    "attempt": 1,
    "used_seconds": 0.25,
    "retry_of": None,
    "progress": {
        "epoch": 17,
        "epochs": 100,
        "loss": 0.31,
        "validation_loss": 0.34,
        "metrics": {"accuracy": 0.95},
        "eta_seconds": 1.2,
        "best": {"epoch": 16, "loss": 0.32, "validation_loss": 0.33, "metrics": {"accuracy": 0.96}},
    },
    "measured_on": "validation",
    "dataset": {"id": EXAMPLES["stored"]["value"]["dataset"]["id"]},
    "priority": 0,
    "metadata": {"customer": "42"},
    "result": None,
    "error": None,
    "weights": None,
}
EXAMPLE = {
    **_SUMMARY,
    "dataset": StoredData(**EXAMPLES["stored"]["value"]["dataset"]).model_dump(mode="json"),
    "network": EXAMPLES["stored"]["value"]["network"],
    "training": EXAMPLES["stored"]["value"]["training"],
    "chosen": {},
    "warnings": [],
    "plan": {"inputs": 4, "outputs": 3, "parameters": 131},
}
QUEUED = {
    **EXAMPLE,
    "status": "queued",
    "started_at": None,
    "attempt": 0,
    "used_seconds": 0.0,
    "progress": {
        "epoch": 0,
        "epochs": 100,
        "loss": None,
        "validation_loss": None,
        "metrics": {},
        "eta_seconds": None,
        "best": None,
    },
}

ENDED_EARLY = TERMINAL - {State.SUCCEEDED}


def has_weights(service: Service, job: Job) -> bool:
    """Whether the job ended with weights; one that was cancelled or diverged may have some too."""
    if job.state not in ENDED_EARLY or job.epoch == 0:
        return job.state is State.SUCCEEDED
    try:
        service.store.weights.get(job.tenant, job.id, "last")
    except NotFound:
        return False
    return True


def shown(service: Service, job: Job) -> dict[str, Any]:
    return job_answer(job, has_weights(service, job))


def etag(job: Job) -> str:
    return f'"{job.version}"'


@router.post(
    "",
    **operation(
        "create_job",
        "Submit a job",
        status=202,
        model=JobAnswer,
        example=QUEUED,
        problems=(
            "bad_request",
            "invalid_json",
            "invalid_spec",
            "idempotency_mismatch",
            "conflict",
            "quota_exceeded",
            "too_many_jobs",
            *BODY_PROBLEMS,
        ),
        has_etag=True,
    ),
    openapi_extra=takes(JOB, "A network, its data and its training."),
)
def create_job(service: TheService, tenant: Tenant, key: IdempotencyKey, body: JobBody) -> Response:
    """Accepted means kept: a job that was answered with 202 survives whatever happens to this process, the queue or a worker.

    Send an `Idempotency-Key` and the same request may be repeated without making a second job: the answer is the first job, as
    it is now, with `Idempotency-Replayed: true`."""
    job, is_replayed = submit(service, tenant, body, key)
    service.wake()
    headers = {"Location": f"/v1/jobs/{job.id}", "Retry-After": "1", "ETag": etag(job)}
    return answer(shown(service, job), 202, headers | (REPLAYED if is_replayed else {}))


MOST_KEYS = 10  # of the metadata that are asked for at once
_TEXT = r"^[^\u0000]*$"
_DATE = re.compile(r"\d{4}-\d\d-\d\d[Tt ]")
_STATUS = Literal["queued", "running", "paused", "succeeded", "failed", "cancelled"]


def _dated(value: str) -> str:
    """Refuses numbers, which pydantic would take for seconds since 1970: the document says that it is a date."""
    if not _DATE.match(value):
        raise PydanticCustomError("datetime_form", "is no date with a time")
    return value


_Moment = Annotated[AwareDatetime, BeforeValidator(_dated), Query(examples=["2026-01-31T12:00:00Z"])]


@router.get(
    "",
    **operation(
        "list_jobs",
        "List jobs",
        model=JobList,
        example=list_answer([_SUMMARY], _ID),
        problems=("invalid_parameter",),
    ),
    openapi_extra={
        "parameters": [
            {
                "name": "metadata",
                "in": "query",
                "style": "deepObject",
                "explode": True,
                "required": False,
                "description": "`metadata[customer]=42`: only jobs whose metadata hold this text under this key.",
                "schema": {
                    "type": "object",
                    "maxProperties": MOST_KEYS,
                    "propertyNames": {"minLength": 1, "pattern": _TEXT},
                    "additionalProperties": {"type": "string", "pattern": _TEXT},
                },
                "example": {"customer": "42"},
            }
        ]
    },
)
def list_jobs(
    request: Request,
    service: TheService,
    tenant: Tenant,
    status: Annotated[_STATUS | None, Query(description="A job being cancelled or paused is still running.")] = None,
    created_after: _Moment | None = None,
    created_before: _Moment | None = None,
    cursor: Cursor = None,
    limit: Limit = 20,
) -> Response:
    """Newest first, page by page: `next_cursor` of one page is `cursor` of the next. What may be large of a job, such as its
    network and its training, the job itself tells.

    By metadata and times 5,000 jobs are looked at for a page: where few of them are sought it is short, even empty, and
    `next_cursor` goes on all the same."""
    page = service.store.jobs.page(
        tenant,
        state=None if status is None else State(status),
        metadata=_metadata(request),
        created_after=_seconds("created_after", created_after),
        created_before=_seconds("created_before", created_before),
        cursor=cursor,
        limit=limit,
    )
    return answer(list_answer([job_summary(job) for job in page.items], page.next_cursor))


def _metadata(request: Request) -> dict[str, str]:
    wanted = {}
    for name, value in request.query_params.multi_items():
        if name.startswith("metadata["):
            if not name.endswith("]") or len(name) == len("metadata[]"):
                raise wrong_parameter(name[:100], f"{name[:100]} is not as it must be: metadata[key]=value")
            wanted[name[len("metadata[") : -1]] = value
    if len(wanted) > MOST_KEYS:
        message = f"metadata is asked for {len(wanted)} keys; at most {MOST_KEYS} are looked for at once"
        raise wrong_parameter("metadata", message)
    return wanted


def _seconds(name: str, moment: datetime | None) -> float | None:
    try:
        return None if moment is None else moment.timestamp()
    except (OverflowError, ValueError):
        raise wrong_parameter(name, f"{name} lies outside of the years 1 to 9999") from None


@router.get(
    "/{job_id}",
    **operation(
        "get_job",
        "Look at a job, or wait for its end",
        model=JobAnswer,
        example=EXAMPLE,
        others={304: {"description": "It has not changed since the version that If-None-Match names"}},
        problems=("not_found", "invalid_parameter"),
        has_etag=True,
    ),
)
async def get_job(
    request: Request,
    job_id: JobIdInPath,
    wait: Annotated[float | None, Query(ge=0, allow_inf_nan=False, description="Seconds.")] = None,
    prefer: Annotated[str | None, Header(examples=["wait=30"])] = None,
    if_none_match: Annotated[str | None, Header()] = None,
) -> Response:
    """With `Prefer: wait=30` or `?wait=30` the answer comes as soon as the job has ended, at the latest after so many seconds;
    or as soon as it is paused, since it does not end until it is resumed. With `If-None-Match` too, it comes as soon as the job
    is no longer as the client knows it: with its next epochs, say, or resumed. A longer wait than the service allows is refused
    as `wait`, and cut as a preference, which `Preference-Applied` tells."""
    # The busiest request of all: what it depends on it fetches itself, since the framework would take longer than the database.
    service = await service_of(request)

    def look(caller: Caller) -> tuple[float | None, Job]:
        wanted_s = checked_wait(service, wait) if wait is not None else preferred_wait_s(prefer)
        return wanted_s, service.store.jobs.get(caller.tenant, job_id_checked(job_id))

    wanted_s, job = await admitted(request, service, look)
    headers = {"Vary": "Prefer"}
    if wanted_s is not None:
        wait_s = min(wanted_s, service.settings.max_wait_s)
        headers["Preference-Applied"] = f"wait={wait_s:.15g}"
        job = await _awaited(request, service, job, if_none_match, wait_s)
    headers["ETag"] = etag(job)
    if is_match(if_none_match, etag(job)):
        return Response(status_code=304, headers=headers)
    content = await run_in_threadpool(shown, service, job) if job.state in ENDED_EARLY else shown(service, job)
    return answer(content, 200, headers)


async def _awaited(request: Request, service: Service, job: Job, known: str | None, wait_s: float) -> Job:
    """The job when it has ended or is paused, or, where the client knows a version of it, when it is another one; or after the
    time."""
    deadline = time.monotonic() + wait_s
    while job.state not in TERMINAL and (job.state is not State.PAUSED if known is None else is_match(known, etag(job))):
        if not await until_changed(request, service.watcher, job.id, job.version, deadline - time.monotonic()):
            break
        job = await run_in_threadpool(service.store.jobs.get, job.tenant, job.id)
    return job
