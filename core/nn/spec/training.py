"""How a network learns."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from core.nn.spec.base import AtMost, Flag, Positive, Spec
from core.nn.spec.losses import Loss
from core.nn.spec.metrics import Metric
from core.nn.spec.optimizers import LBFGS, Adam, Optimizer
from core.nn.spec.schedules import ConstantRate, Schedule
from core.nn.spec.start import Start
from core.nn.spec.validation import Validation

VALIDATION_LOSS = "validation_loss"


class EarlyStopping(Spec):
    """Stop when what is monitored has not improved by more than `min_delta` for `patience` epochs; the best weights stay."""

    monitor: str = Field(
        VALIDATION_LOSS,
        max_length=64,
        description='"validation_loss", or one of the `metrics` by its name; it decides what is best.',
    )
    patience: int = Field(5, strict=True, ge=1, le=1_000_000)
    min_delta: float = Field(0.0, strict=True, ge=0, le=1e6, allow_inf_nan=False)


class GradientClipping(Spec):
    """Before every step g ← g · min(1, norm / ‖g‖), over all parameters at once, and then each gᵢ into [−value, value].
    Pascanu, Mikolov and Bengio 2013, algorithm 1
    """

    norm: Positive | None = None
    value: Positive | None = None

    @model_validator(mode="after")
    def _has_a_bound(self) -> "GradientClipping":
        if self.norm is None and self.value is None:
            raise ValueError('gradient_clipping takes "norm", "value" or both, for example {"norm": 1.0}')
        return self


class Averaging(Spec):
    """After every step a ← decay · a + (1 − decay) · θ, the first a being θ; a is what is validated, kept and delivered.
    Polyak and Juditsky 1992, exponentially weighted
    """

    decay: float = Field(0.999, strict=True, gt=0, lt=1, allow_inf_nan=False)


class TrainingSpec(Spec):
    """How the network learns: what it minimises, by which steps, for how long."""

    loss: Loss
    optimizer: Optimizer = Adam()
    schedule: Schedule = ConstantRate()
    gradient_clipping: GradientClipping | None = None
    averaging: Averaging | None = None
    epochs: int = Field(10, strict=True, ge=1, le=10_000_000)
    budget_s: Annotated[float, Field(strict=True, ge=1, le=86_400, allow_inf_nan=False)] | None = Field(
        None,
        description="Seconds for training and evaluation; the worker finds out how many epochs fit, at most `epochs`.",
    )
    max_seconds: Annotated[float, Field(strict=True, ge=1, le=10_000_000, allow_inf_nan=False)] | None = Field(
        None,
        description="Seconds that workers may spend on the job, in all attempts; one that takes longer fails, and keeps the "
        "weights that it has.",
    )
    batch_size: Annotated[int, Field(strict=True, ge=1, le=1_000_000)] | Literal["full"] = Field(
        32, description='Rows per step of gradient descent; "full" takes all training rows in every step.'
    )
    shuffle: Flag = True
    validation: Validation | None = None
    early_stopping: EarlyStopping | None = None
    start: Start | None = None
    keep_optimizer_state: Flag = Field(
        False, description="So that another job may go on with it: the state takes one to three times the room of the weights."
    )
    snapshots: int = Field(
        0,
        strict=True,
        ge=0,
        le=100,
        description="Of so many epochs the weights are kept as it learns: of epoch 0, before the first step, and of others up "
        "to `epochs`, each about as many times the one before.",
    )
    metrics: Annotated[tuple[Metric, ...], AtMost(20)] = ()
    seed: int = Field(0, strict=True, ge=0, lt=2**53)
    threads: int = Field(
        1, strict=True, ge=1, le=64, description="For matrix products, worth it for large ones. Equal numbers give equal bits."
    )

    @model_validator(mode="after")
    def _early_stopping_needs_validation(self) -> "TrainingSpec":
        if self.early_stopping is not None and self.validation is None:
            raise ValueError('early_stopping watches the validation rows: give "validation" too, for example {"fraction": 0.2}')
        return self

    @model_validator(mode="after")
    def _early_stopping_needs_its_metric(self) -> "TrainingSpec":
        known = [VALIDATION_LOSS, *(metric.key for metric in self.metrics if metric.type != "confusion_matrix")]
        if self.early_stopping is not None and self.early_stopping.monitor not in known:
            listed = ", ".join(f'"{name}"' for name in dict.fromkeys(known))
            raise ValueError(
                f'early_stopping monitors "{self.early_stopping.monitor}", which is not among the metrics; there are: {listed}'
            )
        return self

    @model_validator(mode="after")
    def _the_budget_fits_into_the_deadline(self) -> "TrainingSpec":
        if self.budget_s is not None and self.max_seconds is not None and self.max_seconds < self.budget_s:
            raise ValueError(
                f"max_seconds is {self.max_seconds:g}, less than budget_s, {self.budget_s:g}: the job would fail before its "
                "budget is spent"
            )
        return self

    @model_validator(mode="after")
    def _the_warm_up_ends_before_the_training(self) -> "TrainingSpec":
        warmup = self.schedule.warmup
        if warmup is not None and (warmup.epochs or 0) >= self.epochs:
            raise ValueError(f"schedule warms up for {warmup.epochs} epochs of {self.epochs}; it must end before the training")
        return self

    @model_validator(mode="before")
    @classmethod
    def _lbfgs_takes_all_rows(cls, value: Any) -> Any:
        if not isinstance(value, Mapping) or "batch_size" in value:
            return value
        optimizer = value.get("optimizer")
        kind = optimizer.get("type") if isinstance(optimizer, Mapping) else getattr(optimizer, "type", optimizer)
        return {**value, "batch_size": "full"} if kind == "lbfgs" else value

    @model_validator(mode="after")
    def _lbfgs_decides_its_steps_itself(self) -> "TrainingSpec":
        if not isinstance(self.optimizer, LBFGS):
            return self
        if self.batch_size != "full":
            raise ValueError(
                f'batch_size is {self.batch_size}, but lbfgs takes all rows in every step: leave it out or say "full"'
            )
        for name, has in (
            ("schedule", self.schedule != ConstantRate()),
            ("gradient_clipping", self.gradient_clipping is not None),
            ("averaging", self.averaging is not None),
        ):
            if has:
                raise ValueError(f"{name} says nothing to lbfgs, whose line search decides how long each step is: leave it out")
        if self.keep_optimizer_state:
            raise ValueError(
                "keep_optimizer_state is true, but lbfgs keeps nothing that another job could go on with: leave it out"
            )
        return self
