"""How a network learns."""

from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from core.nn.spec.base import AtMost, Flag, Spec
from core.nn.spec.losses import Loss
from core.nn.spec.optimizers import Adam, Optimizer
from core.nn.spec.start import Start

MetricName = Literal["accuracy", "mean_squared_error", "mean_absolute_error", "r2"]
METRICS: tuple[str, ...] = get_args(MetricName)


class Validation(Spec):
    """Rows kept away from training, chosen by the seed; the losses on them tell how well the network generalises."""

    fraction: float = Field(strict=True, gt=0, lt=1, allow_inf_nan=False)


class EarlyStopping(Spec):
    """Stop when the validation loss has not fallen by more than `min_delta` for `patience` epochs; the best weights stay."""

    patience: int = Field(5, strict=True, ge=1, le=1_000_000)
    min_delta: float = Field(0.0, strict=True, ge=0, le=1e6, allow_inf_nan=False)


class TrainingSpec(Spec):
    """How the network learns: what it minimises, by which steps, for how long."""

    loss: Loss
    optimizer: Optimizer = Adam()
    epochs: int = Field(10, strict=True, ge=1, le=10_000_000)
    batch_size: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | Literal["full"] = Field(
        32, description='Rows per step of gradient descent; "full" takes all training rows in every step.'
    )
    shuffle: Flag = True
    validation: Validation | None = None
    early_stopping: EarlyStopping | None = None
    start: Start | None = None
    metrics: Annotated[tuple[MetricName, ...], AtMost(len(METRICS))] = ()
    seed: int = Field(0, strict=True, ge=0, lt=2**53)
    threads: int = Field(
        1, strict=True, ge=1, le=64, description="For matrix products, worth it for large ones. Equal numbers give equal bits."
    )

    @model_validator(mode="after")
    def _early_stopping_needs_validation(self) -> "TrainingSpec":
        if self.early_stopping is not None and self.validation is None:
            raise ValueError('early_stopping watches the validation loss: give "validation" too, for example {"fraction": 0.2}')
        return self
