"""Initial values of weights and biases, of a layer with so many inputs and outputs."""

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from core.nn.spec.base import Number, Positive, Spec, named


class Zeros(Spec):
    """0"""

    type: Literal["zeros"] = "zeros"


class Constants(Spec):
    """value"""

    type: Literal["constant"] = "constant"
    value: Number


class Uniform(Spec):
    """U(−limit, limit)"""

    type: Literal["uniform"] = "uniform"
    limit: Positive = 0.05


class Normal(Spec):
    """N(0, deviation²)"""

    type: Literal["normal"] = "normal"
    deviation: Positive = 0.05


class TruncatedNormal(Spec):
    """N(0, deviation²) without what lies beyond ±2 deviations"""

    type: Literal["truncated_normal"] = "truncated_normal"
    deviation: Positive = 0.05


class GlorotUniform(Spec):
    """U(−a, a) with a = √(6 / (inputs + outputs)); Glorot and Bengio 2010, eq. 16"""

    type: Literal["glorot_uniform"] = "glorot_uniform"


class GlorotNormal(Spec):
    """N(0, 2 / (inputs + outputs)); Glorot and Bengio 2010, eq. 12"""

    type: Literal["glorot_normal"] = "glorot_normal"


class HeUniform(Spec):
    """U(−a, a) with a = √(6 / inputs); He et al. 2015, eq. 10"""

    type: Literal["he_uniform"] = "he_uniform"


class HeNormal(Spec):
    """N(0, 2 / inputs); He et al. 2015, eq. 10"""

    type: Literal["he_normal"] = "he_normal"


class LeCunUniform(Spec):
    """U(−a, a) with a = √(3 / inputs); LeCun et al. 1998, eq. 16"""

    type: Literal["lecun_uniform"] = "lecun_uniform"


class LeCunNormal(Spec):
    """N(0, 1 / inputs); LeCun et al. 1998, eq. 16"""

    type: Literal["lecun_normal"] = "lecun_normal"


class Orthogonal(Spec):
    """gain · Q with orthonormal rows or columns, whichever are fewer, each such Q equally likely; Saxe et al. 2014"""

    type: Literal["orthogonal"] = "orthogonal"
    gain: Positive = 1.0


AnyInitializer = (
    Zeros
    | Constants
    | Uniform
    | Normal
    | TruncatedNormal
    | GlorotUniform
    | GlorotNormal
    | HeUniform
    | HeNormal
    | LeCunUniform
    | LeCunNormal
    | Orthogonal
)
Initializer = Annotated[AnyInitializer, Field(discriminator="type"), BeforeValidator(named)]
