"""What can go wrong.

GradmillError
├── BadAddress                 there is no such address, or no key for it
├── BadInput                   what was given here cannot be sent; also a ValueError
├── NotReachable               no answer came, or a broken one; also a ConnectionError
│   └── NoService              no address was given, and no service runs in this folder
├── UnexpectedAnswer           something answered, and not as Gradmill does
├── NotVerified                a message for a webhook that its service did not sign; also a ValueError
├── WaitedTooLong              the job has not ended in the time that was given; also a TimeoutError
├── JobFailed                  a job ended without success
└── APIError                   the service refused: one class for each `code` of its problem documents
    ├── InvalidRequest         400, 408, 413, 415, 416, 421, 422 and their like: it must be sent otherwise
    ├── Unauthorized, Forbidden, CrossSite
    ├── NotFound, MethodNotAllowed, NotAcceptable, Conflict
    ├── TooManyRequests, TooManyJobs
    └── ServerError            500, 503: not the request's fault
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Self


class GradmillError(Exception):
    """Everything that this package raises of its own accord."""


class BadAddress(GradmillError):
    """There is no such address, or there is no key for it."""


class BadInput(GradmillError, ValueError):
    """What was given here cannot be sent."""


class NotReachable(GradmillError, ConnectionError):
    """No answer came, or none that was whole, however often it was tried."""


class NoService(NotReachable):
    """No address was given, and no service runs in this folder."""


class UnexpectedAnswer(GradmillError):
    """Something answered, and not as Gradmill does: a proxy, another service, or a Gradmill of another time."""


class NotVerified(GradmillError, ValueError):
    """A message came for a webhook that was not signed with its secret, or not now, or is none of Gradmill's."""


class WaitedTooLong(GradmillError, TimeoutError):
    """The job has not ended in the time that was given. It goes on."""


class JobFailed(GradmillError):
    """A job ended without success. `fault` is "user", "capacity" or "system"; it and `code` are None where it was cancelled.
    `hint` says what usually helps, where the service knows something."""

    def __init__(
        self, job_id: str, status: str, code: str | None, message: str | None, fault: str | None, hint: str | None = None
    ) -> None:
        what = "; ".join(filter(None, [message, hint]))
        super().__init__(f"job {job_id} {status}: {what}" if what else f"job {job_id} was {status}")
        self.job_id = job_id
        self.status = status
        self.code = code
        self.fault = fault
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Mistake:
    """One of the things that are wrong: its place in the body (RFC 6901) or the parameter, and what is allowed there."""

    message: str
    pointer: str | None = None
    parameter: str | None = None

    def __str__(self) -> str:
        place = self.pointer if self.pointer is not None else self.parameter
        return f"{place}: {self.message}" if place else self.message


class APIError(GradmillError):
    """The service refused. `detail` and `errors` are for people; `code` is stable. The log of the service has `request_id`."""

    codes: ClassVar[tuple[str, ...]] = ()

    def __init__(
        self, status: int, code: str, detail: str, errors: tuple[Mistake, ...] = (), request_id: str = "", title: str = ""
    ) -> None:
        super().__init__(status, code, detail, errors, request_id, title)
        self.status = status
        self.code = code
        self.detail = detail
        self.errors = errors
        self.request_id = request_id
        self.title = title

    def __str__(self) -> str:
        if len(self.errors) == 1 and self.errors[0].message == self.detail:
            return str(self.errors[0])
        first = f"{self.title or self.detail}:" if self.errors else self.detail
        return "\n  ".join([first, *map(str, self.errors)])

    def reworded(self, change: Callable[[str], str]) -> Self:
        """The same with `detail` and the messages and pointers of `errors` changed."""
        mistakes = [
            Mistake(change(each.message), each.pointer and change(each.pointer), each.parameter) for each in self.errors
        ]
        return type(self)(self.status, self.code, change(self.detail), tuple(mistakes), self.request_id, self.title)


class InvalidRequest(APIError):
    """It must be sent otherwise."""


class BadRequest(InvalidRequest):
    codes = ("bad_request",)


class InvalidJSON(InvalidRequest):
    codes = ("invalid_json",)


class Misdirected(InvalidRequest):
    """The service does not go by this host name."""

    codes = ("misdirected",)


class InvalidParameter(InvalidRequest):
    codes = ("invalid_parameter",)


class InvalidSpec(InvalidRequest):
    """The network, its data or its training; `errors` are all that is wrong."""

    codes = ("invalid_spec",)


class InvalidData(InvalidRequest):
    """The file cannot be read as a table."""

    codes = ("invalid_data",)


class Invalid(InvalidRequest):
    codes = ("invalid",)


class Diverged(InvalidRequest):
    codes = ("diverged",)


class QuotaExceeded(InvalidRequest):
    """More than the tenant may have."""

    codes = ("quota_exceeded",)


class CapacityExceeded(InvalidRequest):
    """More than the machine gives."""

    codes = ("capacity",)


class Unexportable(InvalidRequest):
    """The network cannot be written in the format that was asked for."""

    codes = ("unexportable",)


class Untraceable(InvalidRequest):
    """The network has layers of which a trace cannot be shown, or is too large for one."""

    codes = ("untraceable",)


class IdempotencyMismatch(InvalidRequest):
    """The idempotency key was used with another request."""

    codes = ("idempotency_mismatch",)


class RequestTimeout(InvalidRequest):
    """The request did not come to its end in time."""

    codes = ("request_timeout",)


class TooLarge(InvalidRequest):
    codes = ("too_large",)


class UnsupportedMediaType(InvalidRequest):
    codes = ("unsupported_media_type",)


class RangeNotSatisfiable(InvalidRequest):
    codes = ("range_not_satisfiable",)


class Unauthorized(APIError):
    """The key is missing, wrong, expired or revoked."""

    codes = ("unauthorized",)


class Forbidden(APIError):
    """The key does not allow it."""

    codes = ("forbidden",)


class CrossSite(APIError):
    codes = ("cross_site",)


class NotFound(APIError):
    codes = ("not_found",)


class MethodNotAllowed(APIError):
    codes = ("method_not_allowed",)


class NotAcceptable(APIError):
    codes = ("not_acceptable",)


class Conflict(APIError):
    """The state of the thing forbids it."""

    codes = ("conflict",)


class TooManyRequests(APIError):
    """The tenant asks too often."""

    codes = ("too_many_requests",)


class TooManyJobs(APIError):
    """As many jobs of the tenant wait as may."""

    codes = ("too_many_jobs",)


class ServerError(APIError):
    """Not the request's fault."""


class InternalError(ServerError):
    """A mistake of the service; its log knows it by `request_id`."""

    codes = ("internal",)


class Unavailable(ServerError):
    """The service cannot answer now."""

    codes = ("unavailable",)


class StorageFull(ServerError):
    codes = ("storage_full",)


class Busy(ServerError):
    codes = ("busy",)


def _below(kind: type[APIError]) -> list[type[APIError]]:
    return [kind, *(each for child in kind.__subclasses__() for each in _below(child))]


BY_CODE: Mapping[str, type[APIError]] = {code: kind for kind in _below(APIError) for code in kind.codes}


def refusal(status: int, document: Mapping[str, Any]) -> APIError:
    """The error of a problem document (RFC 9457). One whose code is not known here is told apart by its status alone."""
    code = str(document["code"])
    kind = BY_CODE.get(code) or (ServerError if status >= 500 else InvalidRequest if status in (400, 422) else APIError)
    mistakes = tuple(
        Mistake(str(each["message"]), each.get("pointer"), each.get("parameter")) for each in document.get("errors", ())
    )
    detail, request_id = str(document.get("detail", "")), str(document.get("request_id", ""))
    return kind(status, code, detail, mistakes, request_id, str(document.get("title", "")))
