"""Layers, and the network that they make."""

from typing import Annotated, Any, Literal, get_args

from pydantic import BeforeValidator, Field

from core.nn.spec.activations import Activation, AnyActivation, Identity
from core.nn.spec.base import AtMost, Flag, Penalty, Positive, Spec, named
from core.nn.spec.convolution import (
    AveragePooling1D,
    AveragePooling2D,
    Convolution1D,
    Convolution2D,
    MaxPooling1D,
    MaxPooling2D,
)
from core.nn.spec.initializers import GlorotUniform, Initializer, Uniform, Zeros
from core.nn.spec.normalisation import BatchNormalisation, Dropout, LayerNormalisation

LAYERS = 1_000  # of a network, those in residual blocks included
DEPTH = 4  # of residual blocks within residual blocks


class Dense(Spec):
    """y = f(x W + b): every unit sums all inputs, each times its weight, adds its bias, and applies the activation."""

    type: Literal["dense"] = "dense"
    units: int = Field(strict=True, ge=1, le=1_000_000, description="How many units, that is outputs, the layer has.")
    activation: Activation = Identity()
    bias: Flag = True
    weight_initializer: Initializer = GlorotUniform()
    bias_initializer: Initializer = Zeros()
    l1: Penalty = Field(0.0, description="Adds l1 · Σ |W| to the loss.")
    l2: Penalty = Field(0.0, description="Adds l2 · Σ W² to the loss.")
    max_norm: Positive | None = Field(None, description="After each step no unit's weights have a norm above this.")


class Embedding(Spec):
    """y = the row of a learned table that the input numbers. Without `vocabulary` every text column of the data has a table of
    its own and the numbers pass as they are; with it every input is a number below it, and one table serves all. Bengio et
    al. 2003"""

    type: Literal["embedding"] = "embedding"
    dimension: int = Field(strict=True, ge=1, le=10_000, description="How many numbers stand for one value.")
    vocabulary: Annotated[int, Field(strict=True, ge=1, le=100_000_000)] | None = None
    weight_initializer: Initializer = Uniform()


class Flatten(Spec):
    """The same values as one row: (C, H, W) becomes (C · H · W,)"""

    type: Literal["flatten"] = "flatten"


class Reshape(Spec):
    """The same values in another shape, such as [channels, height, width]"""

    type: Literal["reshape"] = "reshape"
    shape: Annotated[tuple[Annotated[int, Field(strict=True, ge=1, le=100_000_000)], ...], AtMost(3)] = Field(min_length=1)


def _few(layers: Any) -> Any:
    """Before each of them is looked at: blocks within blocks may hold a great many."""
    count = _count(layers, DEPTH)
    if count > LAYERS:
        raise ValueError(
            f"the network has {count:,} layers, those in residual blocks included; {LAYERS:,} or fewer are allowed"
        )
    return layers


def _count(layers: Any, depth: int) -> int:
    if not isinstance(layers, list | tuple):
        return 0
    inner = [layer.get("layers") for layer in layers if isinstance(layer, dict)] if depth else []
    return len(layers) + sum(_count(found, depth - 1) for found in inner)


def _shallow(layers: Any) -> Any:
    if _is_deeper(layers, DEPTH):
        raise ValueError(f"layers are nested too deeply; residual blocks may stand {DEPTH} deep")
    return layers


def _is_deeper(layers: Any, depth: int) -> bool:
    if not isinstance(layers, list | tuple):
        return False
    inner = [layer.get("layers") if isinstance(layer, dict) else getattr(layer, "layers", None) for layer in layers]
    return any(found is not None and (depth == 1 or _is_deeper(found, depth - 1)) for found in inner)


class Residual(Spec):
    """y = x + f(x), where f are the layers within, whose output has the shape of their input. He et al. 2016"""

    type: Literal["residual"] = "residual"
    layers: Annotated[tuple["Layer", ...], AtMost(20), BeforeValidator(_shallow)] = Field(min_length=1)


UNTYPED = "dense"  # what a layer without a `type` is


def _typed(layer: Any) -> Any:
    """A bare name stands for the layer that needs nothing else."""
    return {"type": UNTYPED, **layer} if isinstance(layer, dict) and "type" not in layer else named(layer)


AnyLayer = (
    Dense
    | Convolution1D
    | Convolution2D
    | MaxPooling1D
    | MaxPooling2D
    | AveragePooling1D
    | AveragePooling2D
    | BatchNormalisation
    | LayerNormalisation
    | Dropout
    | Embedding
    | Flatten
    | Reshape
    | Residual
    | AnyActivation
)
Layer = Annotated[AnyLayer, Field(discriminator="type"), BeforeValidator(_typed)]


class NetworkSpec(Spec):
    """Layers in the order the inputs run through them. The width of the input comes from the data."""

    layers: Annotated[tuple[Layer, ...], BeforeValidator(_few), AtMost(100)] = Field(min_length=1)
    dtype: Literal["float32", "float64"] = "float32"

    @property
    def last_place(self) -> int:
        """Of the last layer that does not leave the outputs as they are."""
        idle = (Flatten, Reshape, Identity)
        places = range(len(self.layers) - 1, -1, -1)
        return next((place for place in places if not isinstance(self.layers[place], idle)), places[0])

    @property
    def last_activation(self) -> AnyActivation:
        """What the outputs have passed through: the layer at the last place, where it is an activation, or its own."""
        last = self.layers[self.last_place]
        return last if isinstance(last, get_args(AnyActivation)) else getattr(last, "activation", Identity())


Residual.model_rebuild()
