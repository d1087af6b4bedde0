"""/v1/jobs/{id}/predict: what a trained network says of new rows."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from api.answers import PredictionsAnswer
from api.bodies import SMALL_BYTES, content_type, json_body, judged, parsed
from api.deps import JobId, Tenant, TheService
from api.errors import Refused, wrong_parameter
from api.kept import Epoch, weights_of
from api.negotiation import preferred
from api.openapi import BODY_PROBLEMS, REFERENCE, operation, takes
from api.predicting import of_a_dataset, of_a_table, of_rows, opened_file
from api.predictions import MEDIA_TYPES, Form, Manner
from api.readings import SaidReading
from api.schemas import PredictRequest
from api.uploads import MEDIA_TYPES as FILES
from api.uploads import format_of, received
from core.data.parse import Format
from core.errors import Problem, UserError
from core.nn.preparation.reading import AS_IT_LOOKS
from core.store import Snapshot

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

_JSON = "application/json"  # of a request; of a file only by ?format=json
_FILES = tuple(each for each in FILES if each != _JSON)
_FORMS: dict[str, Form] = {media_type: form for form, media_type in MEDIA_TYPES.items()}
_SETOSA = {"setosa": 0.96, "versicolor": 0.04, "virginica": 0.0}
_PREDICTION = {"values": {"species": "setosa"}, "probabilities": _SETOSA}
_EXAMPLE = {
    "object": "predictions",
    "job": "job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b",
    "epoch": 18,
    "targets": ["species"],
    "classes": list(_SETOSA),
    "rows": 1,
    "predictions": [_PREDICTION],
    "warnings": [],
}
_BODY: dict[str, dict[str, Any]] = {
    "application/json": {
        "schema": {"$ref": REFERENCE.format(model="PredictRequest")},
        "examples": {
            "rows": {"summary": "Rows in the request", "value": {"rows": [{"length": 5.1, "width": 3.5}]}},
            "dataset": {"summary": "An uploaded dataset", "value": {"dataset": "ds_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b"}},
        },
    },
    **{each: {"schema": {"type": "string", "format": "binary"}} for each in _FILES},
    "text/csv": {"schema": {"type": "string"}, "example": "length,width\n5.1,3.5\n"},
    "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"length": 5.1, "width": 3.5}\n'},
}
_DOCUMENTED = operation(
    "predict",
    "Predict with a job's network",
    model=PredictionsAnswer,
    example=_EXAMPLE,
    problems=(
        "not_found",
        "conflict",
        "not_acceptable",
        "invalid_json",
        "invalid",
        "invalid_data",
        "invalid_parameter",
        "bad_request",
        "capacity",
        "quota_exceeded",
        *BODY_PROBLEMS,
    ),
)
_DOCUMENTED["responses"][200]["content"] |= {
    "application/x-ndjson": {"schema": {"type": "string"}, "example": '{"values":{"species":"setosa"}}\n'},
    "text/csv": {
        "schema": {"type": "string"},
        "example": "species,probability_setosa,probability_versicolor\r\nsetosa,0.96,0.04\r\n",
    },
}


def _weights(
    service: TheService,
    tenant: Tenant,
    id: JobId,
    epoch: Annotated[
        Epoch | None,
        Query(description="By the weights of the best epoch (the default), of the last, or of any that is kept."),
    ] = None,
) -> Snapshot:
    return weights_of(service, tenant, id, epoch)


def _is_file(request: Request) -> bool:
    return content_type(request) in _FILES or "format" in request.query_params


_json = asynccontextmanager(json_body(lambda service: service.holding, _FILES))


async def _json_or_file(request: Request) -> AsyncIterator[bytes | None]:
    """None of a file, which is left where it is."""
    if _is_file(request):
        yield None
        return
    async with _json(request) as body:
        yield body


@router.post("/{job_id}/predict", **_DOCUMENTED, openapi_extra=takes(_BODY, "Rows, the id of a dataset, or a file itself."))
async def predict(
    request: Request,
    service: TheService,
    tenant: Tenant,
    id: JobId,
    weights: Annotated[Snapshot, Depends(_weights)],  # before the body is read, which is for nothing where there are none
    body: Annotated[bytes | None, Depends(_json_or_file, scope="function")],
    probabilities: Annotated[
        bool, Query(description="Of classes and flags, beside what is likeliest; false leaves them out.")
    ] = True,
    format: Annotated[Format | None, Query(description="Of a file, instead of the Content-Type.")] = None,
    said: SaidReading = AS_IT_LOOKS,
) -> Response:
    """In the units and words of the data: a number for each numeric target, or the likeliest class and the probability of each;
    null where the network gives no finite number. Columns are treated as in training, missing values and texts that were never
    seen too; those that the network did not learn from are ignored. A file is read as that of the training data was, and not
    kept. `Accept` chooses JSON, JSON lines or CSV. Of a dataset or a file the answer comes in pieces. Nothing is changed: a key
    with the scope `read` will do."""
    form = _form(request)
    headers = {"Vary": "Accept", "X-Epoch": str(weights.epoch)}

    async def manner() -> Manner:
        predictor = service.models.get(weights) or await service.models.loaded(weights, tenant)
        return Manner(form, id, weights.epoch, predictor, probabilities)

    if body is None:
        file_format = format_of(request, format)
        async with received(request, service, tenant, service.settings.max_dataset_bytes, is_kept=False) as upload:
            how = await manner()
            table, making = await opened_file(request, service, tenant, upload.file, file_format, said, how)
        return await of_a_table(request, service, tenant, table, making, how, headers)
    if said:
        name = next(name for name in said.to_json() if name in request.query_params)
        raise wrong_parameter(name, f"{name} says how a file is read, and the body is none")
    asked = _asked(body) if len(body) <= SMALL_BYTES else await run_in_threadpool(_asked, body)
    if asked.dataset:
        return await of_a_dataset(request, service, tenant, asked.dataset, await manner(), headers)
    return await of_rows(request, service, tenant, asked.rows, await manner(), headers)


def _asked(body: bytes) -> PredictRequest:
    """Of rows only that they are there: what stands in them is looked at with the network in hand."""
    document = parsed(body)
    rows = document.get("rows") if isinstance(document, dict) else None
    request, problems = judged(PredictRequest, document if rows is None else {**document, "rows": [[]]})
    if request is not None and (rows is None) == (not request.dataset):
        has = "both rows and a dataset" if request.dataset else "neither rows nor a dataset"
        problems = [Problem("", f'the request has {has}; it must have one of them: {{"rows": […]}} or {{"dataset": "ds_…"}}')]
    if problems:
        first = problems[0].message
        raise UserError(first if len(problems) == 1 else f"{len(problems)} problems; the first: {first}", problems)
    assert request is not None  # noqa: S101 - without problems there is one
    return request if rows is None else PredictRequest.model_construct(rows=rows, dataset="")


def _form(request: Request) -> Form:
    media_type = preferred(request.headers.get("accept", ""), list(_FORMS))
    if media_type is None:
        exist = ", ".join(_FORMS)
        raise Refused("not_acceptable", f"Accept is {request.headers['accept'][:100]}; predictions exist as {exist}")
    return _FORMS[media_type]
