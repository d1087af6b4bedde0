"""The models that exports to frameworks are compared on: each layer, activation, loss, kind of feature and of class."""

from collections.abc import Iterator, Mapping
from typing import Any, get_args

from core.exports.golden import golden_rows
from core.nn import spec
from core.nn.preparation.features import _KINDS, Boolean, Category, Feature, Indicator, Number, Text
from core.nn.saving.model import SavedModel
from tests.exports.comparison import Rows
from tests.exports.models import KIND, PRICE, TABLE, every_model, model, numbers, outputs
from tests.nn.networks import ACTIVATIONS, LOSSES, name_of

IMAGE = {"type": "reshape", "shape": [3, 2, 2]}
LAYERS: dict[str, tuple[int, list[Any]]] = {
    "odd windows": (
        60,
        [
            {"type": "reshape", "shape": [2, 5, 6]},
            {"type": "convolution_2d", "filters": 3, "kernel": [2, 4], "padding": "same"},
            {"type": "max_pooling_2d", "size": [2, 3], "stride": [2, 1], "padding": [1, 0]},
            {"type": "average_pooling_2d", "size": 2, "stride": [1, 2], "padding": 1},
            "flatten",
        ],
    ),
    "odd signals": (
        22,
        [
            {"type": "reshape", "shape": [2, 11]},
            {"type": "convolution_1d", "filters": 3, "kernel": 4, "padding": "same", "bias": False},
            {"type": "max_pooling_1d", "size": 2, "stride": 1, "padding": 1},
            {"type": "average_pooling_1d", "size": 3, "stride": 2, "padding": 1},
            {"type": "batch_normalisation", "epsilon": 0.1},
            {"type": "layer_normalisation", "epsilon": 0.1},
            {"type": "residual", "layers": [{"type": "dropout", "rate": 0.5}, "prelu", "softmax"]},
            "flatten",
        ],
    ),
    **{f"{name_of(activation)} of an image": (4, [{"units": 12}, IMAGE, activation, "flatten"]) for activation in ACTIVATIONS},
}
FEATURES: dict[str, tuple[Feature, ...]] = {
    "number": (Number("size of it", 1.7e9, 3.5, 1.7e9 + 1),),
    "boolean": (Boolean("is it", 0.625),),
    "missing": (Number("b", 0.5, 2.0, 1.5), Indicator("b"), Boolean("is it", 0.25), Indicator("is it")),
    "text": (Text("ünits", ("", "m²", "kg", "5")), Number("a", 0, 1, 0), Text("nothing", ())),
    "category": (Category("c", ("north", "south")), Number("a", 0.0, 2.0, 1.0), Category("e", ())),
    "all": (
        Text("t", ("one", "two", "three")),
        Number("a0", -1.0, 0.1, 0.5),
        Number("a1", 0.0, 1.0, 0.25),
        Indicator("a1"),
        Boolean("a2", 0.5),
        Category("c", ("north", "south")),
        Number("n", 3.0, 2.0, 3.5),
    ),
}
CLASSES: dict[str, tuple[Any, ...]] = {"whole numbers": (-1, 5, 70), "numbers": (0.5, 1.0, 2.5), "truth values": (False, True)}


def cases(dtype: str) -> dict[str, tuple[SavedModel, Rows]]:
    """Models, and rows for them."""
    return {name: (made, golden_rows(made)) for name, made in {**every_model(dtype), **dict(_models(dtype))}.items()}


def _models(dtype: str) -> Iterator[tuple[str, SavedModel]]:
    for name, (inputs, layers) in LAYERS.items():
        yield name, model([*layers, {"units": 3}], numbers(inputs), outputs(3), dtype=dtype)
    yield "outputs with a shape", model([{"units": 12}, IMAGE, "tanh"], numbers(4), outputs(12), dtype=dtype)
    for loss in LOSSES:
        classes = ("a", "b") if loss == "softmax_cross_entropy" else None
        targets = (KIND,) if classes else outputs(2)
        yield loss, model([{"units": 2}], TABLE, targets, classes, loss, dtype)
    for name, features in FEATURES.items():
        embedding = [{"type": "embedding", "dimension": 2}] if name in ("category", "all") else []
        yield f"features: {name}", model([*embedding, {"units": 4, "activation": "tanh"}, {"units": 1}], features, dtype=dtype)
    for name, classes in CLASSES.items():
        yield (
            f"classes: {name}",
            model([{"units": len(classes)}], TABLE, (PRICE,), classes, "softmax_cross_entropy", dtype),
        )


def uncompared(models: Mapping[str, SavedModel]) -> set[str]:
    """The layers, activations, losses and kinds of feature that none of the models has."""
    found: set[str] = set()
    for made in models.values():
        found |= {made.card.loss.type, *(feature.kind for feature in made.card.preprocessing.features)}
        found |= mentioned(made.card.network.layers)
    members = {*get_args(spec.AnyLayer), *get_args(spec.AnyActivation), *get_args(spec.AnyLoss)}
    return {*_KINDS, *(str(member.model_fields["type"].default) for member in members)} - found


def mentioned(layers: Any) -> set[str]:
    """The types of all layers and activations in these."""
    found = {layer.type for layer in layers} | {layer.activation.type for layer in layers if hasattr(layer, "activation")}
    return found.union(*(mentioned(layer.layers) for layer in layers if hasattr(layer, "layers")))
