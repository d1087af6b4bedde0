"""The vocabulary: every word a client may say about a network and its training, with its type, bound and default.

Each hyperparameter is written once, here; OpenAPI, the stored job and the engine read it from here. Members of a union are
told apart by `type`; where a member needs nothing else its bare name is enough (`"relu"` for `{"type": "relu"}`).
Fields that nobody knows are refused.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from annotated_types import GroupedMetadata, MaxLen
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from pydantic_core import PydanticKnownError

Positive = Annotated[float, Field(strict=True, gt=0, le=1e6, allow_inf_nan=False)]
Fraction = Annotated[float, Field(strict=True, ge=0, lt=1, allow_inf_nan=False)]
Flag = Annotated[bool, Field(strict=True)]


class Spec(BaseModel):
    """Frozen data; an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


@dataclass(frozen=True)
class AtMost(GroupedMetadata):
    """So many items. A longer list is refused before its items are looked at, of which each may be an error."""

    count: int

    def __iter__(self) -> Iterator[object]:
        yield MaxLen(self.count)
        yield BeforeValidator(self._counted)

    def _counted(self, value: Any) -> Any:
        if isinstance(value, list | tuple) and len(value) > self.count:
            context = {"field_type": "Tuple", "max_length": self.count, "actual_length": len(value)}
            raise PydanticKnownError("too_long", context)
        return value


def _named(value: Any) -> Any:
    """`"relu"` is short for `{"type": "relu"}`."""
    return {"type": value} if isinstance(value, str) else value


# --- activations: y = f(z) -------------------------------------------------------------------------------------------


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
Activation = Annotated[AnyActivation, Field(discriminator="type"), BeforeValidator(_named)]


# --- initial values ---------------------------------------------------------------------------------------------------


class Zeros(Spec):
    """0"""

    type: Literal["zeros"] = "zeros"


class Uniform(Spec):
    """U(−limit, limit)"""

    type: Literal["uniform"] = "uniform"
    limit: Positive = 0.05


class Normal(Spec):
    """N(0, deviation²)"""

    type: Literal["normal"] = "normal"
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


AnyInitializer = Zeros | Uniform | Normal | GlorotUniform | GlorotNormal | HeUniform | HeNormal
Initializer = Annotated[AnyInitializer, Field(discriminator="type"), BeforeValidator(_named)]


# --- layers -----------------------------------------------------------------------------------------------------------


class Dense(Spec):
    """y = f(x W + b): every unit sums all inputs, each times its weight, adds its bias, and applies the activation."""

    type: Literal["dense"] = "dense"
    units: int = Field(strict=True, ge=1, le=1_000_000, description="How many units, that is outputs, the layer has.")
    activation: Activation = Identity()
    bias: Flag = True
    weight_initializer: Initializer = GlorotUniform()
    bias_initializer: Initializer = Zeros()


AnyLayer = Dense
Layer = AnyLayer


class NetworkSpec(Spec):
    """Layers in the order the inputs run through them. The width of the input comes from the data."""

    layers: Annotated[tuple[Layer, ...], AtMost(100)] = Field(min_length=1)
    dtype: Literal["float32", "float64"] = "float32"


# --- losses -----------------------------------------------------------------------------------------------------------


class MeanSquaredError(Spec):
    """L = mean (y − t)², over rows and outputs"""

    type: Literal["mean_squared_error"] = "mean_squared_error"


class MeanAbsoluteError(Spec):
    """L = mean |y − t|, over rows and outputs"""

    type: Literal["mean_absolute_error"] = "mean_absolute_error"


class BinaryCrossEntropy(Spec):
    """L = −mean (t ln p + (1 − t) ln(1 − p)), p = sigmoid z; the last layer's activation is sigmoid, or identity for logits"""

    type: Literal["binary_cross_entropy"] = "binary_cross_entropy"


class SoftmaxCrossEntropy(Spec):
    """L = −mean ln p[class], p = softmax z; the last layer's activation is softmax, or identity for logits"""

    type: Literal["softmax_cross_entropy"] = "softmax_cross_entropy"


AnyLoss = MeanSquaredError | MeanAbsoluteError | BinaryCrossEntropy | SoftmaxCrossEntropy
Loss = Annotated[AnyLoss, Field(discriminator="type"), BeforeValidator(_named)]


# --- optimizers -------------------------------------------------------------------------------------------------------


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
Optimizer = Annotated[AnyOptimizer, Field(discriminator="type"), BeforeValidator(_named)]


# --- training ---------------------------------------------------------------------------------------------------------

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
    metrics: Annotated[tuple[MetricName, ...], AtMost(len(METRICS))] = ()
    seed: int = Field(0, strict=True, ge=0, lt=2**53)

    @model_validator(mode="after")
    def _early_stopping_needs_validation(self) -> "TrainingSpec":
        if self.early_stopping is not None and self.validation is None:
            raise ValueError('early_stopping watches the validation loss: give "validation" too, for example {"fraction": 0.2}')
        return self


# --- data -------------------------------------------------------------------------------------------------------------

ColumnName = Annotated[str, Field(min_length=1, max_length=1000)]
ColumnNames = Annotated[tuple[ColumnName, ...], AtMost(20_000)]  # as many as a dataset may have


class DataSpec(Spec):
    """Which columns of a stored dataset are the inputs and which the targets, and how they become numbers.

    `features` defaults to every usable column but the targets. `scaling` "standard" makes each numeric feature
    (x − mean) / deviation, the statistics taken from the training rows alone. A missing number becomes the training rows' mean,
    a missing text a row of zeros; a missing target is an error. With "standard" the numeric targets of a network whose last
    layer is linear are standardised too, and metrics are given in their own units.
    """

    target: ColumnName | ColumnNames
    features: ColumnNames | None = None
    scaling: Literal["standard", "none"] = "standard"

    @property
    def targets(self) -> tuple[str, ...]:
        return (self.target,) if isinstance(self.target, str) else self.target
