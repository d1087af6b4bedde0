"""Layers that keep values in their usual range, or keep units from relying on one another."""

from typing import Annotated, Literal

from pydantic import Field

from core.nn.spec.base import Epsilon, Fraction, Spec

Share = Annotated[float, Field(strict=True, gt=0, le=1, allow_inf_nan=False)]


class Dropout(Spec):
    """y = x / (1 − rate), or 0 with the probability `rate`, drawn anew for each value of each step; y = x outside of training.
    Srivastava et al. 2014"""

    type: Literal["dropout"] = "dropout"
    rate: Fraction = Field(description="The share of the values that a step leaves out.")


class BatchNormalisation(Spec):
    """y = γ (x − μ) / √(σ² + ε) + β; μ and σ² of each unit, or channel, over the batch, and outside of training their running
    means, of which each step replaces the share `momentum`. Ioffe and Szegedy 2015"""

    type: Literal["batch_normalisation"] = "batch_normalisation"
    momentum: Share = 0.1
    epsilon: Epsilon = 1e-5


class LayerNormalisation(Spec):
    """y = γ (x − μ) / √(σ² + ε) + β; μ and σ² of each row over all its values. Ba et al. 2016"""

    type: Literal["layer_normalisation"] = "layer_normalisation"
    epsilon: Epsilon = 1e-5
