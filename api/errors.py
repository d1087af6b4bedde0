"""Every error answer of the API: RFC 9457 problem documents, from one table.

`code` is stable and meant for programs; `detail` and `errors` are meant for people, and name the thing, its value and what is
allowed. An unexpected exception is logged with its traceback and answered with a 500 that tells nothing but the request's id.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from api.answers import dumped
from api.wording import MOST_PROBLEMS, parameter_message
from core.data.disk import is_full
from core.errors import CoreError, Problem, TookTooLong

log = logging.getLogger("api")

MEDIA_TYPE = "application/problem+json"

# code → status, title
PROBLEMS: dict[str, tuple[int, str]] = {
    "bad_request": (400, "The request cannot be understood"),
    "invalid_json": (400, "The body is not valid JSON"),
    "misdirected": (421, "The request is meant for another host"),
    "invalid_parameter": (422, "A parameter is not as it must be"),
    "invalid_spec": (422, "The request cannot be trained"),
    "invalid_data": (422, "The data cannot be read as a table"),
    "invalid": (422, "The request is not as it must be"),
    "unexportable": (422, "The form cannot hold this network"),
    "untraceable": (422, "The network has no trace"),
    "diverged": (422, "The loss became infinite"),
    "quota_exceeded": (422, "More than the tenant may have"),
    "capacity": (422, "More than this machine gives"),
    "idempotency_mismatch": (422, "The idempotency key belongs to another request"),
    "unauthorized": (401, "An API key is needed"),
    "forbidden": (403, "The API key does not allow it"),
    "cross_site": (403, "The request comes from another site"),
    "not_found": (404, "There is no such thing"),
    "method_not_allowed": (405, "The method is not allowed here"),
    "not_acceptable": (406, "The wanted form does not exist"),
    "conflict": (409, "The state of the thing forbids it"),
    "request_timeout": (408, "The request did not come to its end"),
    "too_many_requests": (429, "The tenant asks too often"),
    "too_many_jobs": (429, "As many jobs of the tenant wait as may"),
    "too_large": (413, "The request is too large"),
    "unsupported_media_type": (415, "The body's type is not taken here"),
    "range_not_satisfiable": (416, "The range lies outside"),
    "internal": (500, "Our mistake"),
    "unavailable": (503, "The service cannot answer now"),
    "storage_full": (503, "The service has no room left"),
    "busy": (503, "The service has too much to do now"),
}

_METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_BY_STATUS = {400: "bad_request", 404: "not_found", 405: "method_not_allowed", 413: "too_large", 415: "unsupported_media_type"}


@dataclass(frozen=True, slots=True)
class ParameterProblem:
    """One thing that is wrong outside of the body: in the query, a header or the path."""

    parameter: str
    message: str


class Refused(Exception):
    """An error of HTTP itself, which the core knows nothing about."""

    def __init__(
        self,
        code: str,
        detail: str,
        problems: Sequence[Problem | ParameterProblem] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.problems = problems
        self.headers = headers


def wrong_parameter(name: str, message: str) -> Refused:
    return Refused("invalid_parameter", message, [ParameterProblem(name, message)])


def problem_document(
    code: str, detail: str, request_id: str, problems: Sequence[Problem | ParameterProblem] = (), status: int | None = None
) -> dict[str, Any]:
    usual, title = PROBLEMS[code]
    document: dict[str, Any] = {
        "type": f"urn:gradmill:problem:{code}",
        "title": title,
        "status": status or usual,
        "detail": detail,
        "code": code,
        "request_id": request_id,
    }
    if problems:
        document["errors"] = [_entry(problem) for problem in problems[:MOST_PROBLEMS]]
    return document


def _entry(problem: Problem | ParameterProblem) -> dict[str, str]:
    if isinstance(problem, Problem):
        return {"pointer": problem.pointer, "message": problem.message}
    return {"parameter": problem.parameter, "message": problem.message}


def problem_answer(
    request: Request,
    code: str,
    detail: str,
    problems: Sequence[Problem | ParameterProblem] = (),
    headers: Mapping[str, str] | None = None,
    status: int | None = None,
) -> Response:
    document = problem_document(code, detail, request.scope.get("request_id", ""), problems, status)
    return Response(dumped(document), document["status"], dict(headers or {}), MEDIA_TYPE)


def install(app: FastAPI) -> None:
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(CoreError, _core_error)
    app.add_exception_handler(RequestValidationError, _wrong_parameters)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(OSError, _system_error)
    app.add_exception_handler(Exception, _unexpected)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - the handler's registration says so
    return problem_answer(request, error.code, error.detail, error.problems, error.headers)


async def _core_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, CoreError)  # noqa: S101
    if error.code == "unavailable":
        log.warning("%s %s: %s", request.method, request.url.path, error.message)
        told, pause_s = "the database does not answer; try again", "2"
        if isinstance(error, TookTooLong):
            told, pause_s = "the database took longer over a query than one may take; ask for less at once, or later", "10"
        return problem_answer(request, "unavailable", told, headers={"Retry-After": pause_s})
    if error.code == "storage_full":
        return _storage_full(request, error.message)
    if error.code not in PROBLEMS:
        raise error
    headers = {"Retry-After": "10"} if error.code == "too_many_jobs" else None
    return problem_answer(request, error.code, error.message, error.problems, headers)


async def _system_error(request: Request, error: Exception) -> Response:
    if not is_full(error):
        raise error
    return _storage_full(request, "the disk of the service has no room left for this request")


def _storage_full(request: Request, message: str) -> Response:
    log.error("%s %s: %s", request.method, request.url.path, message)
    return problem_answer(request, "storage_full", message, headers={"Retry-After": "60"})


async def _wrong_parameters(request: Request, error: Exception) -> Response:
    """Only parameters come here: bodies are read and judged by api.bodies."""
    assert isinstance(error, RequestValidationError)  # noqa: S101
    problems = []
    for details in error.errors():
        name = ".".join(str(part) for part in details["loc"][1:]) or "the query"
        problems.append(ParameterProblem(name, parameter_message(name, details)))
    first = problems[0].message
    detail = first if len(problems) == 1 else f"{len(problems)} problems; the first: {first}"
    return problem_answer(request, "invalid_parameter", detail, problems)


async def _http_error(request: Request, error: Exception) -> Response:
    """What the framework itself refuses: unknown paths and methods."""
    assert isinstance(error, HTTPException)  # noqa: S101
    code = _BY_STATUS.get(error.status_code, "bad_request" if error.status_code < 500 else "internal")
    headers = error.headers
    if error.status_code == 404:
        detail = f"there is nothing at {request.url.path[:200]}; /docs lists what there is"
    elif error.status_code == 405:
        allowed = ", ".join(_methods(request))
        detail, headers = f"{request.method} is not allowed here; allowed: {allowed}", {"Allow": allowed}
    else:
        detail = error.detail or HTTPStatus(error.status_code).phrase
    return problem_answer(request, code, detail, headers=headers, status=error.status_code)


def _methods(request: Request) -> list[str]:
    """All that the path takes: each method has a route of its own, and the framework tells those of the first."""
    asked = ({**request.scope, "method": method} for method in _METHODS)
    return [each["method"] for each in asked if any(route.matches(each)[0] is Match.FULL for route in request.app.routes)]


async def _unexpected(request: Request, error: Exception) -> Response:
    request_id = request.scope.get("request_id", "")
    log.error("request %s: %s %s failed", request_id, request.method, request.url.path, exc_info=error)
    detail = f"something broke on our side; the log knows it as request {request_id}"
    # This answer is made outside of the layer that puts the id on all others.
    return problem_answer(request, "internal", detail, headers={"X-Request-ID": request_id})
