"""Activations: y = f(z)."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from core.nn.spec.base import Fraction, Number, Positive, Spec, named


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
    """y = z where z > 0, else slope · z; Maas et al. 2013"""

    type: Literal["leaky_relu"] = "leaky_relu"
    negative_slope: Fraction = 0.01


class PReLU(Spec):
    """y = z where z > 0, else slope · z, with one learned slope for each unit or channel; He et al. 2015, eq. 1"""

    type: Literal["prelu"] = "prelu"
    initial_slope: Fraction = 0.25


class ELU(Spec):
    """y = z where z > 0, else α (eᶻ − 1); Clevert et al. 2016, eq. 15"""

    type: Literal["elu"] = "elu"
    alpha: Positive = 1.0


class SELU(Spec):
    """y = 1.0507 · z where z > 0, else 1.0507 · 1.6733 (eᶻ − 1); Klambauer et al. 2017, eq. 2"""

    type: Literal["selu"] = "selu"


class GELU(Spec):
    """y = z Φ(z), Φ that of the normal distribution; with the approximation "tanh" y = z / 2 · (1 + tanh(√(2/π) (z + 0.044715
    z³))); Hendrycks and Gimpel 2016"""

    type: Literal["gelu"] = "gelu"
    approximation: Literal["none", "tanh"] = "none"


class SiLU(Spec):
    """y = z / (1 + e⁻ᶻ), also known as swish; Elfwing et al. 2018, eq. 2"""

    type: Literal["silu"] = "silu"


class Softplus(Spec):
    """y = ln(1 + e^(β z)) / β; Dugas et al. 2001, eq. 1"""

    type: Literal["softplus"] = "softplus"
    beta: Positive = 1.0


class Softsign(Spec):
    """y = z / (1 + |z|); Bergstra et al. 2009"""

    type: Literal["softsign"] = "softsign"


class HardTanh(Spec):
    """y = min(max(z, minimum), maximum); Collobert 2004"""

    type: Literal["hard_tanh"] = "hard_tanh"
    minimum: Number = -1.0
    maximum: Number = 1.0

    @model_validator(mode="after")
    def _minimum_is_below_maximum(self) -> "HardTanh":
        if self.minimum >= self.maximum:
            raise ValueError(f"minimum is {self.minimum:g}, maximum {self.maximum:g}; the minimum must be below the maximum")
        return self


class Softmax(Spec):
    """yⱼ = eᶻʲ / Σₖ eᶻᵏ, over the units of the layer; Bridle 1990"""

    type: Literal["softmax"] = "softmax"


AnyActivation = (
    Identity | Sigmoid | Tanh | ReLU | LeakyReLU | PReLU | ELU | SELU | GELU | SiLU | Softplus | Softsign | HardTanh | Softmax
)
Activation = Annotated[AnyActivation, Field(discriminator="type"), BeforeValidator(named)]
