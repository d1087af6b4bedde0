"""/v1/jobs/{id}/epochs and /events: what a job did, in order. Nothing is lost or thinned by being read."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import chain
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response, StreamingResponse

from api.answers import EpochList, EventList, answer, epoch_answer, event_answer, list_answer
from api.deps import JobId, Service, Tenant, TheService
from api.errors import Refused, wrong_parameter
from api.negotiation import preferred
from api.openapi import operation
from api.parameters import LARGEST, Limit
from core.store import EpochRow

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

MOST_EPOCHS = 10_000
USUAL_EPOCHS = 500  # of a page of JSON
PIECE = 2_000  # epochs of CSV that are in memory at once
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
_LISTED = operation(
    "list_epochs",
    "List a job's epochs",
    model=EpochList,
    example=list_answer([_EPOCH], "18"),
    problems=("not_found", "not_acceptable", "invalid_parameter"),
)
_LISTED["responses"][200]["headers"]["Link"] = {
    "description": 'Where rows remain: the next page, as `<…>; rel="next"`.',
    "schema": {"type": "string"},
}
_LISTED["responses"][200]["content"]["text/csv"] = {
    "schema": {"type": "string"},
    "example": "epoch,loss,validation_loss,accuracy,learning_rate,gradient_norm,seconds,rows_per_second\r\n"
    "18,0.29,0.33,0.96,0.01,0.4,0.014,8571.4\r\n",
}


@router.get("/{job_id}/epochs", **_LISTED)
def list_epochs(
    request: Request,
    service: TheService,
    tenant: Tenant,
    id: JobId,
    after: Annotated[int, Query(ge=0, le=LARGEST, description="The last epoch that you have.")] = 0,
    limit: Annotated[
        int | None,
        Query(ge=1, le=MOST_EPOCHS, description=f"How many at most; unless given, {USUAL_EPOCHS} as JSON and all as CSV."),
    ] = None,
    points: Annotated[
        int | None,
        Query(
            ge=2,
            le=MOST_EPOCHS,
            description="Instead of pages: so many epochs at equal distances, first and last included.",
        ),
    ] = None,
) -> Response:
    """In order; `next_cursor` of one page is `after` of the next. As CSV where `Accept` says `text/csv`: then all that follow
    `after`, unless `limit` or `points` is given."""
    form = preferred(request.headers.get("accept", ""), _FORMS)
    if form is None:
        raise Refused("not_acceptable", f"Accept is {request.headers['accept'][:100]}; epochs exist as {' and '.join(_FORMS)}")
    headers = {"Vary": "Accept"}
    if points is not None:
        if "after" in request.query_params or "limit" in request.query_params:
            raise wrong_parameter("points", "points stands for the whole history; leave after and limit out")
        rows, is_last = service.store.epochs.thinned(tenant, id, points), True
    elif limit is None and form == "text/csv":
        return _table(_pieces(service, tenant, id, after), headers)
    else:
        limit = limit or USUAL_EPOCHS
        rows = service.store.epochs.page(tenant, id, after, limit + 1)
        is_last = len(rows) <= limit
        rows = rows[:limit]
    if not is_last:
        following = urlencode({**request.query_params, "after": rows[-1].epoch})
        headers["Link"] = f'<{request.url.path}?{following}>; rel="next"'
    if form == "text/csv":
        return _table(iter([rows]), headers)
    return answer(list_answer([epoch_answer(row) for row in rows], None if is_last else str(rows[-1].epoch)), headers=headers)


def _pieces(service: Service, tenant: str, job_id: str, after: int) -> Iterator[list[EpochRow]]:
    """All epochs that there are, each piece a read of its own: no connection is held while a client is slow."""
    while rows := service.store.epochs.page(tenant, job_id, after, PIECE):
        yield rows
        if len(rows) < PIECE:
            return
        after = rows[-1].epoch


def _table(pieces: Iterator[list[EpochRow]], headers: dict[str, str]) -> Response:
    # Before the answer begins, so that it can still say that there is no such job. Every epoch has the metrics of the first.
    first = next(pieces, [])
    metrics = sorted({name for row in first for name in row.metrics})
    header = _csv([["epoch", "loss", "validation_loss", *metrics, *_RATES]])
    texts = (_csv(_values(row, metrics) for row in rows) for rows in chain([first], pieces))
    return StreamingResponse(chain([header], texts), 200, headers, "text/csv; charset=utf-8; header=present")


def _values(row: EpochRow, metrics: list[str]) -> list[Any]:
    measured = [row.epoch, row.loss, row.validation_loss, *(row.metrics.get(name) for name in metrics)]
    return [*measured, row.learning_rate, row.gradient_norm, row.seconds, row.rows_per_second]


def _csv(lines: Iterable[list[Any]]) -> str:
    text = StringIO()
    csv.writer(text).writerows(lines)
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
