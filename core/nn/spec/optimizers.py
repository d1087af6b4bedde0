"""Optimizers: how the parameters θ follow the gradient g, with the learning rate η."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from core.nn.spec.base import Flag, Fraction, Positive, Spec, named


class GradientDescent(Spec):
    """θ ← θ − η g; with momentum v ← μ v + g, θ ← θ − η v; Nesterov: θ ← θ − η (g + μ v). Sutskever et al. 2013"""

    type: Literal["sgd"] = "sgd"
    learning_rate: Positive = 0.01
    momentum: Fraction = 0.0
    nesterov: Flag = False

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> "GradientDescent":
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov is true, momentum is 0: Nesterov's step needs a momentum above 0, for example 0.9")
        return self


class Adam(Spec):
    """m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − η m̂ / (√v̂ + ε). Kingma and Ba 2015, algorithm 1"""

    type: Literal["adam"] = "adam"
    learning_rate: Positive = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Annotated[float, Field(strict=True, ge=1e-30, le=1e6, allow_inf_nan=False)] = 1e-8


AnyOptimizer = GradientDescent | Adam
Optimizer = Annotated[AnyOptimizer, Field(discriminator="type"), BeforeValidator(named)]
