"""Activations: y = f(z)."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from core.nn.spec.base import Fraction, Spec, named


class Identity(Spec):
    """y = z"""

    type: Literal["identity"] = "identity"


class Sigmoid(Spec):
    """y = 1 / (1 + e⁻ᶻ)"""

    type: Literal["sigmoid"] = "sigmoid"


class Tanh(Spec):
    """y = tanh z"""

    type: Literal["tanh"] = "tanh"


class ReLU(Spec):
    """y = max(0, z)"""

    type: Literal["relu"] = "relu"


class LeakyReLU(Spec):
    """y = z where z > 0, else slope · z"""

    type: Literal["leaky_relu"] = "leaky_relu"
    negative_slope: Fraction = 0.01


class Softmax(Spec):
    """yⱼ = eᶻʲ / Σₖ eᶻᵏ, over the units of the layer"""

    type: Literal["softmax"] = "softmax"


AnyActivation = Identity | Sigmoid | Tanh | ReLU | LeakyReLU | Softmax
Activation = Annotated[AnyActivation, Field(discriminator="type"), BeforeValidator(named)]
