"""The service's own engine."""

import time
from collections.abc import Iterator
from typing import Any

import numpy as np

from benchmarks.networks import LEARNING_RATE, Convolution, Dense, Flatten, MaxPool, Network
from benchmarks.peers import Run
from core.nn.spec import NetworkSpec, TrainingSpec
from core.nn.training import Data, Training


def build(network: Network) -> Run:
    x, c = network.data()
    x, t = x.reshape(len(x), -1), c[:, None].astype(np.float32)
    spec = NetworkSpec.model_validate({"layers": list(layers(network))})
    fields = {
        "loss": "binary_cross_entropy" if network.is_binary else "softmax_cross_entropy",
        "optimizer": {"type": "adam", "learning_rate": LEARNING_RATE},
        "batch_size": network.batch_size,
    }

    def run(epochs: int) -> float:
        training = Training(spec, TrainingSpec.model_validate(fields | {"epochs": epochs}), Data(x, t, x[:0], t[:0]))
        began = time.perf_counter()
        for _ in training.epochs():
            pass
        return time.perf_counter() - began

    return run


def layers(network: Network) -> Iterator[dict[str, Any]]:
    if not network.is_dense:
        yield {"type": "reshape", "shape": network.inputs}
    for layer, _, _, is_activated in network.lowered():
        activation = network.activation if is_activated else "identity"
        match layer:
            case Dense(units):
                yield {"type": "dense", "units": units, "activation": activation}
            case Convolution(filters, size):
                yield {"type": "convolution_2d", "filters": filters, "kernel": size, "activation": activation}
            case MaxPool(size):
                yield {"type": "max_pooling_2d", "size": size}
            case Flatten():
                yield {"type": "flatten"}
