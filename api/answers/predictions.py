"""What a job's network predicts."""

from typing import Literal

from pydantic import Field

from api.answers.base import Answer
from api.answers.jobs import WarningAnswer
from core.nn.preparation.reading import Reading


class PredictionAnswer(Answer):
    """Of one row."""

    values: dict[str, float | bool | str | None] = Field(
        description="Each target column's number in its own unit, or its likeliest label. Null where there is no finite one."
    )
    probabilities: dict[str, float | None] | None = Field(
        None,
        description="Of each class, by its label as the key of a JSON object; where each of several targets is a flag, of each "
        "column to be set. Of numbers there are none.",
    )


class PredictionsAnswer(Answer):
    object: Literal["predictions"]
    job: str
    epoch: int = Field(description="The one whose weights predict.")
    targets: list[str] = Field(description="The columns that are predicted.")
    classes: list[str | bool | int | float] | None = Field(description="The labels, where the job has learned classes.")
    rows: int
    reading: Reading | None = Field(None, description="Of a file: how its cells were read.")
    predictions: list[PredictionAnswer] = Field(description="In the order of the rows.")
    warnings: list[WarningAnswer] = Field(
        default_factory=list,
        description="Columns with texts that training never saw, which count as missing; of rows in the request also columns "
        "that the training data never had, which are ignored; of a file numbers that may be others than they were read as.",
    )
