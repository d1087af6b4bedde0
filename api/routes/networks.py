"""POST /v1/networks/check: the dry run of a job."""

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import CheckAnswer, answer
from api.bodies import JobBody
from api.deps import Tenant, TheService
from api.openapi import BODY_PROBLEMS, REFERENCE, operation, takes
from api.schemas import EXAMPLES
from api.submission import check

router = APIRouter(prefix="/v1/networks", tags=["networks"])

JOB = {"application/json": {"schema": {"$ref": REFERENCE.format(model="JobRequest")}, "examples": EXAMPLES}}
_PLAN = {
    "inputs": 2,
    "layers": [
        {"type": "dense", "inputs": 2, "outputs": 2, "shape": [2], "activation": "sigmoid", "parameters": 6},
        {"type": "dense", "inputs": 2, "outputs": 1, "shape": [1], "activation": "sigmoid", "parameters": 3},
    ],
    "outputs": 1,
    "parameters": 9,
    "training_rows": 4,
    "validation_rows": 0,
    "batch_size": 4,
    "steps_per_epoch": 1,
    "memory_bytes": 1480,
    "flops_per_epoch": 216,
    "estimated_seconds": 0.07,
}


@router.post(
    "/check",
    **operation(
        "check_network",
        "Check a job without running it",
        model=CheckAnswer,
        example={
            "object": "check",
            "plan": _PLAN,
            "chosen": {"/training/batch_size": "full"},
            "warnings": [],
            "queue_position": 0,
        },
        problems=("invalid_json", "invalid_spec", "quota_exceeded", *BODY_PROBLEMS),
    ),
    openapi_extra=takes(JOB, "The job as it would be submitted. Nothing is stored."),
)
def check_network(service: TheService, tenant: Tenant, body: JobBody) -> Response:
    """Every problem at once, each with its JSON pointer; or what each layer gives, how many parameters there are, how much
    memory and about how much time the training takes, and how many jobs wait before it."""
    checked = check(service, tenant, body)
    plan, waiting = checked.plan.model_dump(mode="json"), service.store.jobs.queue_length(tenant, checked.request.priority)
    found = {"plan": plan, "chosen": checked.chosen, "warnings": checked.warnings, "queue_position": waiting}
    return answer({"object": "check", **found})
