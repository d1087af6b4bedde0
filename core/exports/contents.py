"""What every form that can hold it carries: the weights in the order of the modules, and the metadata."""

from typing import Any

from core.exports.golden import Golden
from core.nn.saving.model import SavedModel
from core.nn.saving.tensors import Arrays


def metadata(model: SavedModel, golden: Golden) -> dict[str, Any]:
    """The network, the loss and the preprocessing, and what the network must predict of a few rows."""
    document = model.card.to_json()
    return {**document, "golden": golden.to_json()} if golden.rows else document


def weights(model: SavedModel) -> Arrays:
    """By name; "2.bias" comes before "10.bias"."""
    return {name: model.weights[name] for name in sorted(model.weights, key=_place)}


def _place(name: str) -> tuple[tuple[int, str], ...]:
    return tuple((int(part), "") if part.isdigit() else (-1, part) for part in name.split("."))
