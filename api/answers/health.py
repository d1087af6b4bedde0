"""Whether the service lives, and is ready."""

from typing import Literal

from pydantic import Field

from api.answers.base import Answer


class HealthAnswer(Answer):
    status: Literal["ok"]


class ReadinessAnswer(Answer):
    status: Literal["ready", "degraded", "unready"]
    checks: dict[str, str] = Field(description='Of the database, its migrations and the broker: "ok", or what is wrong.')
