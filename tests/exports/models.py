"""Trained networks to give away, small and of random weights: every layer, every activation, every kind of target."""

from typing import Any

import numpy as np

from core.nn.preparation.features import Boolean, Category, Feature, Indicator, Number, Text
from core.nn.preparation.preprocessing import Preprocessing
from core.nn.preparation.targets import Target
from core.nn.saving.model import Card, SavedModel
from core.nn.saving.weights import named_weights
from core.nn.spec import NetworkSpec, TrainingSpec
from tests.nn.layered import NETWORKS
from tests.nn.networks import ACTIVATIONS, name_of, random_network

# Numbers, flags, texts and holes, under names that no language may trip over.
TABLE: tuple[Feature, ...] = (
    Number("length", 2.5, 4.0, 2.5),
    Indicator("length"),
    Boolean('"""is new"""', 0.25),
    Text("city\n*/ ${x} \\", ("Bern", "Köln", "the 'old' \"one\"\u2028\0", "😀")),
    Number("__proto__", -1e6, 1e-3, -1e6),
)
CODED: tuple[Feature, ...] = (Number("length", 2.5, 4.0, 2.5), Category("city", ("Bern", "Oslo")), Category("day", ("1", "2")))
PRICE, AREA = Target("price", "number", 3.25, 17.0), Target("constructor", "number", -1.0, 0.5)
KIND, FLAG, OTHER = Target("kind", "text"), Target("is old", "boolean"), Target("sold", "number")

HIDDEN = {"units": 5, "activation": "tanh"}

# name → loss, activation of the last layer, targets, classes
PROBLEMS: dict[str, tuple[str, str, tuple[Target, ...], tuple[Any, ...] | None]] = {
    "a number": ("mean_squared_error", "identity", (PRICE,), None),
    "two numbers": ("huber", "identity", (PRICE, AREA), None),
    "a count": ("poisson", "identity", (OTHER,), None),
    "classes by logits": ("softmax_cross_entropy", "identity", (KIND,), ("a", 'b "c"', "d")),
    "classes by probabilities": ("softmax_cross_entropy", "softmax", (KIND,), (1, 2, 10)),
    "one of several columns": ("softmax_cross_entropy", "identity", (FLAG, OTHER), ("is old", "sold")),
    "two classes by a logit": ("binary_cross_entropy", "identity", (KIND,), (False, True)),
    "two classes by a probability": ("binary_cross_entropy", "sigmoid", (KIND,), ("no", "yes")),
    "flags": ("binary_cross_entropy", "identity", (FLAG, OTHER), None),
    "a flag by a probability": ("binary_cross_entropy", "sigmoid", (FLAG,), None),
}


def numbers(count: int) -> tuple[Feature, ...]:
    return tuple(Number(f"x{i}", 0.0, 1.0, 0.5) for i in range(count))


def outputs(count: int) -> tuple[Target, ...]:
    return tuple(Target(f"y{i}", "number", 0.5, 2.0) for i in range(count))


def model(
    layers: list[Any],
    features: tuple[Feature, ...] = TABLE,
    targets: tuple[Target, ...] = (PRICE,),
    classes: tuple[Any, ...] | None = None,
    loss: str = "mean_squared_error",
    dtype: str = "float64",
    seed: int = 0,
) -> SavedModel:
    network = NetworkSpec.model_validate({"layers": layers, "dtype": dtype})
    card = Card(network, TrainingSpec.model_validate({"loss": loss}).loss, Preprocessing(features, targets, classes))
    return SavedModel(card, random_weights(card, seed))


def random_weights(card: Card, seed: int) -> dict[str, Any]:
    """With running statistics that are not those that a training begins with."""
    layout, rng = card.preprocessing.layout, np.random.default_rng(seed)
    made = random_network(card.network, card.loss.type, layout.width, seed, layout.categories)
    found = named_weights(made.program, made.theta)
    for name, array in found.items():
        if name.endswith("running_mean"):
            array[:] = rng.normal(0, 1, array.shape)
        if name.endswith("running_var"):
            array[:] = rng.uniform(0.5, 2, array.shape)
    return found


def problem(name: str, **changes: Any) -> SavedModel:
    """A network over the table with that kind of target."""
    loss, activation, targets, classes = PROBLEMS[name]
    units = len(classes) if classes and loss == "softmax_cross_entropy" else len(targets)
    return model([HIDDEN, {"units": units, "activation": activation}], TABLE, targets, classes, loss, **changes)


def layered(name: str, **changes: Any) -> SavedModel:
    """A network of those layers over plain numbers."""
    inputs, layers = NETWORKS[name]
    return model([*layers, {"units": 3}], numbers(inputs), outputs(3), **changes)


def activated(activation: Any, **changes: Any) -> SavedModel:
    return model([{"units": 5, "activation": activation}, {"units": 2, "bias": False}], TABLE, outputs(2), **changes)


def coded(**changes: Any) -> SavedModel:
    """A table of its own for each text column, beside a number."""
    return model([{"type": "embedding", "dimension": 3}, HIDDEN, {"units": 1}], CODED, **changes)


def every_model(dtype: str) -> dict[str, SavedModel]:
    """By name."""
    return {
        **{name: problem(name, dtype=dtype) for name in PROBLEMS},
        **{name: layered(name, dtype=dtype) for name in NETWORKS},
        **{name_of(activation): activated(activation, dtype=dtype) for activation in ACTIVATIONS},
        "coded": coded(dtype=dtype),
    }
