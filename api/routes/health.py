"""/healthz: this process lives. /readyz: it can do its work."""

from fastapi import APIRouter
from starlette.responses import Response

from api.answers import HealthAnswer, ReadinessAnswer, answer
from api.deps import TheService
from api.openapi import operation

router = APIRouter(tags=["service"])

_UNREADY = {
    "description": "The database does not answer, or its migrations were not applied",
    "model": ReadinessAnswer,
    "content": {
        "application/json": {
            "example": {"status": "unready", "checks": {"database": "no answer", "migrations": "unknown", "broker": "ok"}}
        }
    },
}


@router.get(
    "/healthz",
    **operation("get_health", "Is the process alive?", model=HealthAnswer, example={"status": "ok"}, is_open=True),
)
async def get_health() -> Response:
    return answer({"status": "ok"})


@router.get(
    "/readyz",
    **operation(
        "get_readiness",
        "Can the service do its work?",
        model=ReadinessAnswer,
        example={"status": "ready", "checks": {"database": "ok", "migrations": "ok", "broker": "ok"}},
        others={503: _UNREADY},
        is_open=True,
    ),
)
async def get_readiness(service: TheService) -> Response:
    """Without its broker the service is `degraded`: everything works, but trainings wait with their start until it is back.
    What is told may be a second old."""
    checks = await service.readiness.checks()
    if checks["database"] != "ok" or checks["migrations"] != "ok":
        return answer({"status": "unready", "checks": checks}, 503, {"Retry-After": "2"})
    return answer({"status": "ready" if checks["broker"] == "ok" else "degraded", "checks": checks})
