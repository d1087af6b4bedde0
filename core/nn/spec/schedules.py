"""Schedules: how the learning rate changes while a training goes on. η₀ is the optimizer's `learning_rate`.

Progress counts from the end of the warm-up: `e` epochs that are over, `u` steps done, of `U` in all.
"""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from core.nn.spec.base import Fraction, Positive, Spec, named

Rate = Annotated[float, Field(strict=True, ge=0, le=1e6, allow_inf_nan=False)]
Epochs = Annotated[int, Field(strict=True, ge=1, le=10_000_000)]
Shrinking = Annotated[float, Field(strict=True, gt=0, lt=1, allow_inf_nan=False)]
Divisor = Annotated[float, Field(strict=True, ge=1, le=1e12, allow_inf_nan=False)]


class Warmup(Spec):
    """The first `steps` or `epochs`: the k-th of n steps has k / n of the rate with which the schedule then begins."""

    steps: int | None = Field(None, strict=True, ge=1, le=10**12)
    epochs: int | None = Field(None, strict=True, ge=1, le=10_000_000)

    @model_validator(mode="after")
    def _has_one_length(self) -> "Warmup":
        if (self.steps is None) == (self.epochs is None):
            raise ValueError('warmup takes either "steps" or "epochs", for example {"epochs": 5}')
        return self


class Warmed(Spec):
    """A schedule that a linear warm-up may precede; Goyal et al. 2017, section 2.2."""

    warmup: Warmup | None = None


class ConstantRate(Warmed):
    """η = η₀"""

    type: Literal["constant"] = "constant"


class StepDecay(Warmed):
    """η = η₀ · factor^⌊e / every⌋"""

    type: Literal["step"] = "step"
    every: Epochs
    factor: Shrinking = 0.1


class ExponentialDecay(Warmed):
    """η = η₀ · factorᵉ"""

    type: Literal["exponential"] = "exponential"
    factor: Shrinking


class PolynomialDecay(Warmed):
    """η = end + (η₀ − end) · (1 − u / U)^power"""

    type: Literal["polynomial"] = "polynomial"
    power: Positive = 1.0
    end: Rate = 0.0


class CosineRestarts(Warmed):
    """η = minimum + (η₀ − minimum) (1 + cos(π · share of the period)) / 2; the first period lasts `period` epochs, by default
    to the end, every next one `multiplier` times as long. Loshchilov and Hutter 2017, eq. 5"""

    type: Literal["cosine"] = "cosine"
    period: Epochs | None = None
    multiplier: int = Field(1, strict=True, ge=1, le=1000)
    minimum: Rate = 0.0

    @model_validator(mode="after")
    def _multiplier_needs_period(self) -> "CosineRestarts":
        if self.period is None and self.multiplier != 1:
            raise ValueError(f"multiplier is {self.multiplier}, but without a period nothing is repeated; give period too")
        return self


class OneCycle(Warmed):
    """Along half a cosine from η₀ / start_divisor up to η₀ in the share `rise` of the steps, then along another down to
    η₀ / (start_divisor · end_divisor). Smith and Topin 2018"""

    type: Literal["one_cycle"] = "one_cycle"
    rise: Fraction = 0.3
    start_divisor: Divisor = 25.0
    end_divisor: Divisor = 1e4


class ReduceOnPlateau(Warmed):
    """η ← max(minimum, factor · η) when for more than `patience` epochs the validation loss (without validation the training
    loss) has not fallen by more than `min_delta`"""

    type: Literal["reduce_on_plateau"] = "reduce_on_plateau"
    factor: Shrinking = 0.1
    patience: int = Field(10, strict=True, ge=0, le=1_000_000)
    min_delta: float = Field(1e-4, strict=True, ge=0, le=1e6, allow_inf_nan=False)
    minimum: Rate = 0.0


AnySchedule = ConstantRate | StepDecay | ExponentialDecay | PolynomialDecay | CosineRestarts | OneCycle | ReduceOnPlateau
Schedule = Annotated[AnySchedule, Field(discriminator="type"), BeforeValidator(named)]
