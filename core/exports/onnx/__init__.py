"""ONNX: one file that holds the network with its preprocessing, for onnxruntime and whatever else reads it."""

from core.exports.golden import Golden
from core.nn.saving.model import SavedModel


def export(model: SavedModel, golden: Golden) -> bytes:
    """Opset 17: columns in the data's own words and units in, predictions out."""
    from core.exports.onnx.model import written  # onnx: not before somebody needs it

    return written(model, golden)
