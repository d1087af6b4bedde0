"""Optimizers: how the parameters θ follow the gradient g, with the learning rate η."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from core.nn.spec.base import Flag, Fraction, LearningRate, Spec, named

Epsilon = Annotated[float, Field(strict=True, ge=1e-30, le=1e6, allow_inf_nan=False)]
Decay = Annotated[float, Field(strict=True, ge=0, le=1e6, allow_inf_nan=False)]


class GradientDescent(Spec):
    """θ ← θ − η g; with momentum v ← μ v + g, θ ← θ − η v; Nesterov: θ ← θ − η (g + μ v). Sutskever et al. 2013"""

    type: Literal["sgd"] = "sgd"
    learning_rate: LearningRate = 0.01
    momentum: Fraction = 0.0
    nesterov: Flag = False

    @model_validator(mode="after")
    def _nesterov_needs_momentum(self) -> "GradientDescent":
        if self.nesterov and self.momentum == 0:
            raise ValueError("nesterov is true, momentum is 0: Nesterov's step needs a momentum above 0, for example 0.9")
        return self


class AdaGrad(Spec):
    """v ← v + g², θ ← θ − η g / (√v + ε); v begins as `initial_accumulator`. Duchi, Hazan and Singer 2011"""

    type: Literal["adagrad"] = "adagrad"
    learning_rate: LearningRate = 0.01
    initial_accumulator: Annotated[float, Field(strict=True, ge=0, le=1e6, allow_inf_nan=False)] = 0.0
    epsilon: Epsilon = 1e-10


class AdaDelta(Spec):
    """v ← ρ v + (1 − ρ) g², Δ = g √(u + ε) / √(v + ε), u ← ρ u + (1 − ρ) Δ², θ ← θ − η Δ. Zeiler 2012, algorithm 1"""

    type: Literal["adadelta"] = "adadelta"
    learning_rate: LearningRate = 1.0
    rho: Fraction = 0.9
    epsilon: Epsilon = 1e-6


class RMSprop(Spec):
    """v ← ρ v + (1 − ρ) g², θ ← θ − η g / (√v + ε), Tieleman and Hinton 2012; centered: √(v − m²) for √v, where
    m ← ρ m + (1 − ρ) g, Graves 2013, eqs. 38-45; with momentum b ← μ b + g / (√v + ε), θ ← θ − η b"""

    type: Literal["rmsprop"] = "rmsprop"
    learning_rate: LearningRate = 0.01
    rho: Fraction = 0.99
    momentum: Fraction = 0.0
    centered: Flag = False
    epsilon: Epsilon = 1e-8


class Adam(Spec):
    """m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², θ ← θ − η m̂ / (√v̂ + ε), m̂ = m / (1 − β₁ᵗ), v̂ = v / (1 − β₂ᵗ). Kingma and
    Ba 2015, algorithm 1; amsgrad: the highest v so far for v, Reddi, Kale and Kumar 2018, algorithm 2"""

    type: Literal["adam"] = "adam"
    learning_rate: LearningRate = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Epsilon = 1e-8
    amsgrad: Flag = False


class AdamW(Spec):
    """θ ← (1 − η λ) θ, then as adam; λ is `weight_decay`, and biases decay too. Loshchilov and Hutter 2019, algorithm 2"""

    type: Literal["adamw"] = "adamw"
    learning_rate: LearningRate = 0.001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Epsilon = 1e-8
    weight_decay: Decay = 0.01
    amsgrad: Flag = False


class NAdam(Spec):
    """As adam with Nesterov's momentum: m̂ = μₜ₊₁ m / (1 − μ₁…μₜ₊₁) + (1 − μₜ) g / (1 − μ₁…μₜ), μₜ = β₁ (1 − 0.96^(t ψ) / 2);
    ψ is `momentum_decay`. Dozat 2016"""

    type: Literal["nadam"] = "nadam"
    learning_rate: LearningRate = 0.002
    beta1: Fraction = 0.9
    beta2: Fraction = 0.999
    epsilon: Epsilon = 1e-8
    momentum_decay: Decay = 0.004


class Lion(Spec):
    """θ ← θ − η (sign(β₁m + (1 − β₁)g) + λ θ), m ← β₂m + (1 − β₂)g; λ is `weight_decay`. Chen et al. 2023, algorithm 2"""

    type: Literal["lion"] = "lion"
    learning_rate: LearningRate = 0.0001
    beta1: Fraction = 0.9
    beta2: Fraction = 0.99
    weight_decay: Decay = 0.0


class LBFGS(Spec):
    """θ ← θ − α H g, where H is the inverse curvature that the last `memory` steps tell, and a line search finds α; an epoch is
    one such step over all rows. Stops where the largest |gᵢ| is at most `gradient_tolerance`, or the loss falls by a share of
    at most `loss_tolerance`. Liu and Nocedal 1989; Byrd et al. 1995"""

    type: Literal["lbfgs"] = "lbfgs"
    memory: int = Field(10, strict=True, ge=1, le=100)
    gradient_tolerance: Decay = 1e-5
    loss_tolerance: Annotated[float, Field(strict=True, ge=0, lt=1, allow_inf_nan=False)] = 2.2204460492503131e-09
    line_search_evaluations: int = Field(20, strict=True, ge=1, le=1000)


AnyOptimizer = GradientDescent | AdaGrad | AdaDelta | RMSprop | Adam | AdamW | NAdam | Lion | LBFGS
Optimizer = Annotated[AnyOptimizer, Field(discriminator="type"), BeforeValidator(named)]
