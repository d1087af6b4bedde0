"""The dry run of a job."""

from typing import Literal

from pydantic import Field

from api.answers.base import JSON, Answer
from api.answers.jobs import WarningAnswer
from core.nn.planning.plan import Plan


class CheckAnswer(Answer):
    object: Literal["check"]
    plan: Plan = Field(description="Widths, parameters, rows, memory and estimated time.")
    chosen: JSON = Field(description="What the request left out or called auto: the value that was chosen, by JSON pointers.")
    warnings: list[WarningAnswer]
    queue_position: int = Field(description="How many jobs of yours wait before this one.")
