"""A trained network in Keras 3, with what comes before its layers and what their outputs mean.

    python model.py        compares it with what the service predicts that trained it

    import model
    trained = model.load()
    trained.predict([{"column": value, "another": value}])
    trained.network        the keras.Model, which takes trained.inputs(rows) as an array

The weights, and the words of the data, stand in model.safetensors beside this file. It needs Keras 3, with any backend, and
safetensors. Of a float64 network it reckons parts in float32, with each backend others.
"""

import json
import sys
from pathlib import Path

import keras
import numpy as np
from keras import layers, ops
from safetensors import safe_open


class Model(Tabular):
    """The network with the data's words around it."""

    def __init__(self, network, metadata):
        super().__init__(metadata)
        self.network = network

    def run(self, inputs):
        y = self.network(np.array(inputs, np.float64).astype(DTYPE), training=False)
        return ops.convert_to_numpy(y).astype(np.float64).reshape(len(inputs), -1).tolist()


def load(path=None):
    """The model, ready to predict; `path` is that of model.safetensors where it is not beside this file."""
    with safe_open(path or Path(__file__).with_name("model.safetensors"), "numpy") as file:
        weights = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 - it is no mapping
        metadata = {name: json.loads(text) for name, text in file.metadata().items()}
    if DTYPE == "float64" and keras.backend.backend() == "jax":
        import jax

        jax.config.update("jax_enable_x64", True)  # without it JAX has no float64 anywhere
    made = network()
    for layer in made.layers:
        if layer.weights:
            layer.set_weights(arranged(layer, weights))
    return Model(made, metadata)


def arranged(layer, weights):
    """The arrays of a layer as Keras has them: channels last, and inputs before outputs."""
    module, names = layer.name.replace("_", "."), ("weight", "bias", "running_mean", "running_var")
    arrays = [weights[f"{module}.{name}"] for name in names if f"{module}.{name}" in weights]
    if isinstance(layer, layers.Dense):
        arrays[0] = arrays[0].T
    elif isinstance(layer, layers.Conv1D):
        arrays[0] = arrays[0].transpose(2, 1, 0)
    elif isinstance(layer, layers.Conv2D):
        arrays[0] = arrays[0].transpose(2, 3, 1, 0)
    elif isinstance(layer, layers.LayerNormalization):
        arrays = [np.moveaxis(array, 0, -1) for array in arrays]
    elif isinstance(layer, layers.PReLU):
        arrays = [arrays[0].reshape(layer.alpha.shape)]
    return arrays


if __name__ == "__main__":
    try:
        print(load().check())
    except ValueError as error:
        sys.exit(f"model.py: {error}")
