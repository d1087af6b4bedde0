"""Layers, and the network that they make."""

from typing import Annotated, Literal

from pydantic import Field

from core.nn.spec.activations import Activation, Identity
from core.nn.spec.base import AtMost, Flag, Spec
from core.nn.spec.initializers import GlorotUniform, Initializer, Zeros


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
