"""The service's own engine."""

import time
from typing import Any

import numpy as np

from benchmarks.networks import LEARNING_RATE, Network
from benchmarks.peers import Run
from core.nn.spec import NetworkSpec, TrainingSpec
from core.nn.training import Data, Training


def build(network: Network) -> Run:
    x, c = network.data()
    t = c[:, None].astype(np.float32)
    layers: list[dict[str, Any]] = [{"units": units, "activation": network.activation} for units in network.units]
    layers[-1]["activation"] = "identity"
    spec = NetworkSpec.model_validate({"layers": layers})
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
