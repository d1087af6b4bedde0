"""Networks of every kind of layer, small."""

from typing import Any

import numpy as np

from core.nn.spec import NetworkSpec
from tests.nn.networks import LAST, examples

CODES = 11
CONVOLUTION = {"type": "convolution_2d", "filters": 4, "kernel": 3}
POOLING = {"type": "max_pooling_2d", "size": 2}
BATCH, LAYER = {"type": "batch_normalisation"}, {"type": "layer_normalisation"}
# name: inputs, layers but for the last, whose 3 outputs the loss takes
NETWORKS: dict[str, tuple[int, list[Any]]] = {
    "images": (
        144,
        [
            {"type": "reshape", "shape": [1, 12, 12]},
            {**CONVOLUTION, "padding": "same", "activation": "relu"},
            POOLING,
            {**CONVOLUTION, "filters": 6, "stride": [1, 2], "padding": [1, 0], "activation": "gelu"},
            {"type": "average_pooling_2d", "size": [3, 2], "stride": 1, "padding": [1, 0]},
            "tanh",
            "flatten",
        ],
    ),
    "pooled before its activation": (
        98,
        [
            {"type": "reshape", "shape": [2, 7, 7]},
            {**CONVOLUTION, "bias": False},
            POOLING,
            "sigmoid",
            {"type": "dropout", "rate": 0.0},
            "flatten",
        ],
    ),
    "signals": (
        60,
        [
            {"type": "reshape", "shape": [3, 20]},
            {"type": "convolution_1d", "filters": 5, "kernel": 4, "stride": 2, "padding": 1},
            BATCH,
            "relu",
            {"type": "max_pooling_1d", "size": 3, "stride": 1, "padding": 1},
            {"type": "convolution_1d", "filters": 4, "kernel": 3, "padding": "valid", "activation": "silu"},
            {"type": "average_pooling_1d", "size": 2},
            "flatten",
        ],
    ),
    "normalised images": (
        72,
        [
            {"type": "reshape", "shape": [2, 6, 6]},
            {**CONVOLUTION, "bias": False},
            {**BATCH, "momentum": 0.3, "epsilon": 1e-3},
            "relu",
            {**LAYER, "epsilon": 1e-4},
            {"type": "prelu"},
            "flatten",
        ],
    ),
    "normalised rows": (6, [{"units": 9}, BATCH, "tanh", {"units": 8, "activation": "relu"}, LAYER, "sigmoid"]),
    "residual": (
        5,
        [
            {"units": 6},
            {"type": "residual", "layers": [BATCH, "relu", {"units": 6, "activation": "tanh"}, {"units": 6}]},
            {"type": "residual", "layers": ["tanh", {"type": "residual", "layers": [LAYER, {"units": 6}]}]},
            "relu",
        ],
    ),
    "residual images": (
        50,
        [
            {"type": "reshape", "shape": [2, 5, 5]},
            {"type": "residual", "layers": [{**CONVOLUTION, "filters": 2, "padding": 1}, BATCH, "relu"]},
            POOLING,
            "flatten",
        ],
    ),
    "embedded": (4, [{"type": "embedding", "dimension": 3, "vocabulary": CODES}, {"units": 7, "activation": "tanh"}]),
}


def layered(name: str, loss: str, rows: int, dtype: str = "float64", layers: Any = None) -> tuple[NetworkSpec, Any, Any]:
    """The network of this name with a last layer for the loss, and x and t for it; `layers` take the place of its own."""
    inputs, own = NETWORKS[name]
    last = {"units": 3, "activation": LAST.get(loss, "identity")}
    x, t = examples(loss, rows, inputs, 3, dtype)
    if name == "embedded":
        x = np.random.default_rng(1).integers(0, CODES, x.shape).astype(dtype)
    return NetworkSpec.model_validate({"layers": [*(layers or own), last], "dtype": dtype}), x, t


def with_dropout(name: str, loss: str, rows: int, dtype: str = "float64") -> tuple[NetworkSpec, Any, Any]:
    """The same, and every third value before the last layer is left out."""
    return layered(name, loss, rows, dtype, [*NETWORKS[name][1], {"type": "dropout", "rate": 1 / 3}])
