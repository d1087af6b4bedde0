"""Weights as one JSON document: tensors as nested lists, the metadata beside them."""

import orjson

from core.exports.contents import metadata, weights
from core.exports.golden import Golden
from core.nn.saving.model import SavedModel


def export(model: SavedModel, golden: Golden) -> bytes:
    document = {"metadata": metadata(model, golden), "weights": weights(model)}
    return orjson.dumps(document, option=orjson.OPT_SERIALIZE_NUMPY)
