"""What a training starts from, where not from random weights."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from core.nn.spec.base import Flag, Spec

SourceId = Annotated[str, Field(min_length=1, max_length=100)]


class Start(Spec):
    """Weights to start from: those that another job has learned, or those of a file that was sent. Names and shapes must be
    those of this network."""

    job: SourceId | None = Field(None, description="A job that has ended with weights.")
    weights: SourceId | None = Field(None, description="The id that POST /v1/weights answered.")
    epoch: Literal["best", "last"] = Field("best", description="Which weights of the job.")
    preprocessing: Flag = Field(
        True,
        description="Whether columns become numbers as they did in that job, whose weights mean nothing else. Otherwise, and "
        "with weights that were sent, that is fitted anew.",
    )

    optimizer_state: Flag = Field(
        False,
        description="Whether the optimizer goes on with what it kept of the job's gradients: of a job with "
        "`keep_optimizer_state`, its last weights, the same network and optimizer.",
    )

    @model_validator(mode="after")
    def _optimizer_state_belongs_to_the_last_weights(self) -> "Start":
        if self.optimizer_state and (self.job is None or self.epoch != "last"):
            raise ValueError('optimizer_state belongs to the last weights of a job: give "job" and "epoch": "last" too')
        return self

    @model_validator(mode="after")
    def _has_one_source(self) -> "Start":
        if (self.job is None) == (self.weights is None):
            raise ValueError('start takes either "job" or "weights", for example {"job": "job_…"}')
        return self

    @property
    def source(self) -> str:
        """The id of the job or of the weights."""
        return self.job or self.weights or ""

    @property
    def keeps_preprocessing(self) -> bool:
        return self.job is not None and self.preprocessing
