"""What is wrong with a request, as RFC 9457 tells it."""

from pydantic import Field

from api.answers.base import Answer


class EntryAnswer(Answer):
    pointer: str | None = Field(None, description="The place in the body (RFC 6901).")
    parameter: str | None = Field(None, description="The parameter of the query, or the header.")
    message: str


class ProblemAnswer(Answer):
    """RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str
    request_id: str
    errors: list[EntryAnswer] = Field(default_factory=list)
