"""/v1/jobs/{id}/epochs: what each epoch gave, in order. Nothing is lost or thinned by being read."""

import csv
import time
from collections.abc import Iterable, Iterator
from io import StringIO
from itertools import chain
from typing import Annotated, Any
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response, StreamingResponse

from api.answers import EpochList, answer, epoch_answer, list_answer
from api.deps import JobId, Service, Tenant, TheService
from api.errors import Refused, wrong_parameter
from api.negotiation import preferred
from api.openapi import operation
from api.parameters import LARGEST
from api.waiting import checked_wait, until_changed
from core.jobs import TERMINAL
from core.store import EpochRow

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

MOST_EPOCHS = 10_000
USUAL_EPOCHS = 500  # of a page of JSON
PIECE = 2_000  # epochs of CSV that are in memory at once
_FORMS = ("application/json", "text/csv")
_RATES = ("learning_rate", "gradient_norm", "seconds", "rows_per_second")
EPOCH = {
    "epoch": 18,
    "loss": 0.29,
    "validation_loss": 0.33,
    "metrics": {"accuracy": 0.96},
    "learning_rate": 0.01,
    "gradient_norm": 0.4,
    "seconds": 0.014,
    "rows_per_second": 8571.4,
}
_LISTED = operation(
    "list_epochs",
    "List a job's epochs",
    model=EpochList,
    example=list_answer([EPOCH], "18"),
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
async def list_epochs(
    request: Request,
    service: TheService,
    tenant: Tenant,
    id: JobId,
    after: Annotated[int | None, Query(ge=0, le=LARGEST, description="The last epoch that you have.")] = None,
    since_epoch: Annotated[int | None, Query(ge=0, le=LARGEST, description="Another name of `after`.")] = None,
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
    wait: Annotated[
        float | None, Query(ge=0, allow_inf_nan=False, description="Seconds to wait where there is no newer epoch.")
    ] = None,
) -> Response:
    """In order; `next_cursor` of one page is `after` of the next. As CSV where `Accept` says `text/csv`: then all that follow
    `after`, unless `limit` or `points` is given. With `wait` the answer comes as soon as there are epochs after `after` or the
    job has ended, at the latest after so many seconds."""
    form = preferred(request.headers.get("accept", ""), _FORMS)
    if form is None:
        raise Refused("not_acceptable", f"Accept is {request.headers['accept'][:100]}; epochs exist as {' and '.join(_FORMS)}")
    if after is not None and since_epoch is not None:
        raise wrong_parameter("since_epoch", "since_epoch is another name of after: give one of them")
    after = since_epoch if after is None else after
    if points is not None and not (after is None and limit is None and wait is None):
        raise wrong_parameter("points", "points stands for the whole history; leave after, limit and wait out")
    if wait is not None:
        await _awaited(request, service, tenant, id, after or 0, checked_wait(service, wait))
    return await run_in_threadpool(_listed, request, service, tenant, id, form, after or 0, limit, points)


def _listed(
    request: Request, service: Service, tenant: str, id: str, form: str, after: int, limit: int | None, points: int | None
) -> Response:
    headers = {"Vary": "Accept"}
    if points is not None:
        rows, is_last = service.store.epochs.thinned(tenant, id, points), True
    elif limit is None and form == "text/csv":
        return _table(_pieces(service, tenant, id, after), headers)
    else:
        limit = limit or USUAL_EPOCHS
        rows = service.store.epochs.page(tenant, id, after, limit + 1)
        is_last = len(rows) <= limit
        rows = rows[:limit]
    if not is_last:
        others = {name: value for name, value in request.query_params.items() if name != "since_epoch"}
        headers["Link"] = f'<{request.url.path}?{urlencode({**others, "after": rows[-1].epoch})}>; rel="next"'
    if form == "text/csv":
        return _table(iter([rows]), headers)
    return answer(list_answer([epoch_answer(row) for row in rows], None if is_last else str(rows[-1].epoch)), headers=headers)


async def _awaited(request: Request, service: Service, tenant: str, id: str, after: int, wait_s: float) -> None:
    """Until there is a later epoch, the job has ended, or the time is over."""
    deadline = time.monotonic() + wait_s
    while True:
        job = await run_in_threadpool(service.store.jobs.get, tenant, id)
        if job.epoch > after or job.state in TERMINAL:
            return
        if not await until_changed(request, service.watcher, id, job.version, deadline - time.monotonic()):
            return


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
