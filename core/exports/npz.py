"""Weights for NumPy. The metadata are the entry `__metadata__`: JSON in UTF-8, as bytes."""

from io import BytesIO

import numpy as np
import orjson

from core.exports.contents import metadata, weights
from core.exports.golden import Golden
from core.nn.saving.model import SavedModel
from core.nn.saving.tensors import RESERVED


def export(model: SavedModel, golden: Golden) -> bytes:
    file, words = BytesIO(), np.frombuffer(orjson.dumps(metadata(model, golden)), np.uint8)
    np.savez(file, allow_pickle=False, **{RESERVED: words}, **weights(model))
    return file.getvalue()
