"""/v1/jobs/{id}/epochs and /events: what a job did, in order. Nothing is lost or thinned by being read."""

import csv
from io import StringIO
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api.answers import EpochList, EventList, answer, epoch_answer, event_answer, list_answer
from api.deps import JobId, Tenant, TheService
from api.errors import Refused, wrong_parameter
from api.negotiation import preferred
from api.openapi import operation
from api.parameters import LARGEST, Limit
from core.store import EpochRow

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

MOST_EPOCHS = 10_000
_FORMS = ("application/json", "text/csv")
_RATES = ("learning_rate", "gradient_norm", "seconds", "rows_per_second")
_EPOCH = {
    "epoch": 18,
    "loss": 0.29,
    "validation_loss": 0.33,
    "metrics": {"accuracy": 0.96},
    "learning_rate": 0.01,
    "gradient_norm": 0.4,
    "seconds": 0.014,
    "rows_per_second": 8571.4,
}
_EVENT = {"object": "event", "seq": 1, "at": "2026-11-22T12:00:00.000Z", "type": "submitted", "data": {}}


@router.get(
    "/{job_id}/epochs",
    **operation(
        "list_epochs",
        "List a job's epochs",
        model=EpochList,
        example=list_answer([_EPOCH], "18"),
        problems=("not_found", "not_acceptable", "invalid_parameter"),
    ),
)
def list_epochs(
    request: Request,
    service: TheService,
    tenant: Tenant,
    id: JobId,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="The last epoch that you have.")] = 0,
    limit: Annotated[int, Query(ge=1, le=MOST_EPOCHS)] = 500,
    points: Annotated[
        int | None,
        Query(
            ge=2,
            le=MOST_EPOCHS,
            description="Instead of pages: so many epochs at equal distances, first and last included.",
        ),
    ] = None,
) -> Response:
    """In order; `next_cursor` of one page is `after` of the next. As CSV where `Accept` says `text/csv`."""
    form = preferred(request.headers.get("accept", ""), _FORMS)
    if form is None:
        raise Refused("not_acceptable", f"Accept is {request.headers['accept'][:100]}; epochs exist as {' and '.join(_FORMS)}")
    if points is not None:
        if "after" in request.query_params or "limit" in request.query_params:
            raise wrong_parameter("points", "points stands for the whole history; leave after and limit out")
        rows, is_last = service.store.epochs.thinned(tenant, id, points), True
    else:
        rows = service.store.epochs.page(tenant, id, after, limit + 1)
        is_last = len(rows) <= limit
        rows = rows[:limit]
    headers = {"Vary": "Accept"}
    if form == "text/csv":
        return Response(_csv(rows), 200, headers, "text/csv; charset=utf-8; header=present")
    return answer(list_answer([epoch_answer(row) for row in rows], None if is_last else str(rows[-1].epoch)), headers=headers)


def _csv(rows: list[EpochRow]) -> str:
    metrics = sorted({name for row in rows for name in row.metrics})
    text = StringIO()
    writer = csv.writer(text)
    writer.writerow(["epoch", "loss", "validation_loss", *metrics, *_RATES])
    for row in rows:
        values = [row.epoch, row.loss, row.validation_loss, *(row.metrics.get(name) for name in metrics)]
        writer.writerow([*values, row.learning_rate, row.gradient_norm, row.seconds, row.rows_per_second])
    return text.getvalue()


@router.get(
    "/{job_id}/events",
    **operation(
        "list_events",
        "List what happened to a job",
        model=EventList,
        example=list_answer([_EVENT], None),
        problems=("not_found", "invalid_parameter"),
    ),
)
def list_events(
    service: TheService,
    tenant: Tenant,
    id: JobId,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="The last `seq` that you have.")] = 0,
    limit: Limit = 100,
) -> Response:
    """Every transition with its time and reason, in order; `next_cursor` of one page is `after` of the next."""
    found = service.store.events.page(tenant, id, after, limit + 1)
    cursor = str(found[limit - 1].seq) if len(found) > limit else None
    return answer(list_answer([event_answer(event) for event in found[:limit]], cursor))
