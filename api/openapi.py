"""The OpenAPI document: what each operation is called, what it takes, answers and refuses, with examples."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.answers import ProblemAnswer
from api.errors import MEDIA_TYPE, PROBLEMS, problem_document
from api.keys import needed_for
from api.schemas import JobRequest, PredictRequest, WebhookChange, WebhookRequest
from core.errors import Problem

JSON = dict[str, Any]
REFERENCE = "#/components/schemas/{model}"

# Operation → status, example. Put in at the end: FastAPI would leave out every null.
_examples: dict[str, tuple[str, Any]] = {}

_ETAG = {"ETag": {"description": "Changes with the thing.", "schema": {"type": "string"}}}
_REQUEST_ID = {"X-Request-ID": {"description": "The id of this request.", "schema": {"type": "string"}}}

_CHALLENGE = {"WWW-Authenticate": {"description": "`Bearer`, with the reason (RFC 6750).", "schema": {"type": "string"}}}

_DETAILS = {
    "bad_request": "Idempotency-Key has 300 characters; it must have 1 to 255, all of them visible ASCII",
    "invalid_json": "inputs[3][1] is NaN; it must be a finite number, at most 1.797e308",
    "idempotency_mismatch": "the idempotency key 5f0c was used before, with another request",
    "invalid_parameter": "limit is 0; it must be 1 or more",
    "invalid_spec": "layer 2: units is 0; it must be 1 or more",
    "invalid": "the request names rows and a dataset; it must name one of them",
    "invalid_data": "line 17 has 4 values, the header has 5",
    "not_found": "there is no job job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b",
    "not_acceptable": "Accept is text/html; weights exist as application/x-safetensors, application/x-npz, application/json",
    "quota_exceeded": "rows: the dataset has 2,000,000, your quota is 1,000,000",
    "too_many_requests": "requests: your tenant has sent 6,000 in a minute, which is its quota; ask again in 12 seconds",
    "too_many_jobs": "queued_jobs: 1,000 of your jobs wait already, your quota is 1,000; send it again later",
    "unexportable": "layer 2: onnx has no prelu",
    "untraceable": "layer 2 is convolution_2d; a trace shows dense layers, and what acts on each node alone",
    "conflict": "job job_01936f2a7c3e7d0f8a5b4c3d2e1f0a9b has succeeded already: only a queued, running or paused job can be "
    "cancelled",
    "too_large": "the body is larger than 10 MiB, the most that is taken here",
    "unsupported_media_type": "Content-Type is text/plain; it must be application/json",
    "range_not_satisfiable": "the range begins behind the end; there are 1234 bytes",
    "unauthorized": "Authorization is missing; it must be Bearer and an API key, gm_…",
    "forbidden": "POST needs a key with the scope write; gm_3f9a2b7c10de has read",
    "cross_site": "the request comes from a page of another site; such may only read",
    "misdirected": "Host is example.com, which is not known here; GRADMILL_ALLOWED_HOSTS may name it",
    "request_timeout": "nothing of the body came for 30 seconds",
    "busy": "16 requests of this kind wait already; try again in some seconds",
    "capacity": "reading the file took more than 4 GiB of memory",
    "storage_full": "the disk of the service has no room left for this request",
    "unavailable": "the database does not answer; try again",
}
_BODIES = (JobRequest, PredictRequest, WebhookRequest, WebhookChange)
_PROBLEM: JSON = {"schema": {"$ref": REFERENCE.format(model="ProblemAnswer")}}
_PLACES = {
    "invalid_json": Problem("/dataset/inputs/3/1", _DETAILS["invalid_json"]),
    "invalid_spec": Problem("/network/layers/2/units", _DETAILS["invalid_spec"]),
}


# Of every operation that takes a body.
BODY_PROBLEMS = ("cross_site", "request_timeout", "too_large", "unsupported_media_type", "storage_full")


def operation(
    id: str,
    summary: str,
    *,
    example: Any = None,
    model: type[BaseModel] | None = None,
    status: int = 200,
    others: Mapping[int | str, JSON] | None = None,
    problems: tuple[str, ...] = (),
    has_etag: bool = False,
    is_open: bool = False,
) -> JSON:
    """The keyword arguments of a route; `is_open` says that it needs no key."""
    success: JSON = {"description": summary, "headers": {**_REQUEST_ID, **(_ETAG if has_etag else {})}}
    if model is not None:
        success |= {"model": model, "content": {"application/json": {}}}
        _examples[id] = (str(status), example)
    responses: dict[int | str, JSON] = {status: success, **(others or {})}
    keys = () if is_open else ("unauthorized", "forbidden", "too_many_requests")
    for code in (*keys, *problems, "misdirected", "busy", "unavailable"):
        number, title = PROBLEMS[code]
        response = responses.setdefault(number, {"description": title})
        content = response.setdefault("content", {}).setdefault(MEDIA_TYPE, {**_PROBLEM, "examples": {}})
        listed = [_PLACES[code]] if code in _PLACES else []
        document = problem_document(code, _DETAILS[code], "req_8f3a5c2e9b7d4f60a1c3e5f7", listed)
        content["examples"][code] = {"summary": title, "value": document}
        if code == "unauthorized":
            response["headers"] = _CHALLENGE
        if title not in response["description"]:
            response["description"] += f"; or: {title}"
    if 422 not in responses:
        responses["4XX"] = {"description": "The request is not as it must be", "content": {MEDIA_TYPE: _PROBLEM}}
    return {"operation_id": id, "summary": summary, "status_code": status, "responses": responses, "response_model": None}


def takes(content: Mapping[str, JSON], description: str) -> JSON:
    """The `openapi_extra` of an operation that reads its body by itself."""
    return {"requestBody": {"required": True, "description": description, "content": dict(content)}}


def document(app: FastAPI) -> JSON:
    """Built once, when it is first asked for."""
    if app.openapi_schema is None:
        made = get_openapi(
            title=app.title, version=app.version, description=app.description, routes=app.routes, tags=app.openapi_tags
        )
        wanted: list[Any] = [*((model, "validation") for model in _BODIES), (ProblemAnswer, "serialization")]
        _, definitions = models_json_schema(wanted, ref_template=REFERENCE)
        schemas = {name: with_short_names(schema) for name, schema in definitions["$defs"].items()}
        for method, operation in (each for item in made["paths"].values() for each in item.items()):
            for scheme in operation.get("security", ()):
                scheme.update({name: [needed_for(method.upper(), operation["operationId"])] for name in scheme})
            for parameter in operation.get("parameters", ()):
                if parameter["in"] == "header":
                    parameter["schema"] = _never_null(parameter["schema"])
            if operation["operationId"] in _examples:
                status, example = _examples[operation["operationId"]]
                operation["responses"][status]["content"]["application/json"]["example"] = example
        for path in ("/v1/jobs/{job_id}", "/v1/jobs/{job_id}/epochs"):
            _limit_wait(made["paths"][path]["get"], app.state.longest_wait_s)
        made["components"]["schemas"] = dict(sorted({**made["components"]["schemas"], **schemas}.items()))
        app.openapi_schema = made
    return app.openapi_schema


def _never_null(schema: JSON) -> JSON:
    """Of a header that may be left out: one that is sent is a text."""
    others = [branch for branch in schema.get("anyOf", ()) if branch != {"type": "null"}]
    if len(others) != 1:
        return schema
    return {**{key: value for key, value in schema.items() if key != "anyOf"}, **others[0]}


def _limit_wait(operation: JSON, longest_s: float) -> None:
    """The longest that a request may wait is a setting."""
    (wait,) = (parameter for parameter in operation["parameters"] if parameter["name"] == "wait")
    number = next(branch for branch in wait["schema"]["anyOf"] if branch["type"] == "number")
    number["maximum"], wait["example"] = longest_s, min(30.0, longest_s)


def with_short_names(schema: Any) -> Any:
    """`"relu"` for `{"type": "relu"}`: unions told apart by `type` take the bare name too, which pydantic does not know."""
    if isinstance(schema, list):
        return [with_short_names(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    made = {key: with_short_names(value) for key, value in deepcopy(schema).items()}
    if made.get("discriminator", {}).get("propertyName") == "type" and "oneOf" in made:
        names = list(made["discriminator"]["mapping"])
        union = {key: made.pop(key) for key in ("oneOf", "discriminator")}
        return {**made, "anyOf": [{"type": "string", "enum": names}, union]}
    return made
