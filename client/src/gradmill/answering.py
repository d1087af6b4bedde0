"""What an answer means."""

import logging
import platform
from typing import Any, TypeVar

import httpx2
from pydantic import BaseModel, ValidationError

from gradmill.errors import GradmillError, NotReachable, UnexpectedAnswer, refusal
from gradmill.version import __version__

USER_AGENT = f"gradmill-python/{__version__} Python/{platform.python_version()}"

log = logging.getLogger("gradmill")  # unless the program says otherwise, its warnings go to the standard error

_Model = TypeVar("_Model", bound=BaseModel)


def is_answer(response: httpx2.Response) -> bool:
    return response.is_success or response.status_code == httpx2.codes.NOT_MODIFIED


def content_of(response: httpx2.Response) -> Any:
    if not response.content or not response.is_success:
        return None
    try:
        return response.json()
    except ValueError:
        raise _strange(response) from None


def model_of(kind: type[_Model], content: Any) -> _Model:
    try:
        return kind.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(map(str, first["loc"]))
        raise UnexpectedAnswer(f"the answer is no {kind.__name__}: {place}: {first['msg']}") from error


def failure_of(response: httpx2.Response) -> GradmillError:
    """The problem document as an exception."""
    try:
        document = response.json()
        return refusal(response.status_code, document)
    except (ValueError, TypeError, KeyError, AttributeError):
        return _strange(response)


def unreachable(base_url: str, error: httpx2.TransportError | httpx2.DecodingError) -> NotReachable:
    said = str(error) or type(error).__name__
    if isinstance(error, httpx2.DecodingError):
        return NotReachable(f"what Gradmill answers at {base_url} is broken: {said}")
    return NotReachable(f"Gradmill does not answer at {base_url}: {said}")


def _strange(response: httpx2.Response) -> UnexpectedAnswer:
    request = response.request
    return UnexpectedAnswer(f"{request.method} {request.url} is answered with {response.status_code}, and not as Gradmill does")
