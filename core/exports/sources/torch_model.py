"""A trained network in PyTorch, with what comes before its layers and what their outputs mean.

    python model.py        compares it with what the service predicts that trained it

    import model
    trained = model.load()
    trained.predict([{"column": value, "another": value}])
    trained.network        the nn.Sequential, which takes trained.inputs(rows) as a tensor

The weights, and the words of the data, stand in model.safetensors beside this file. It needs torch and safetensors.
"""

import json
import sys
from pathlib import Path

import torch
from safetensors import safe_open
from torch import nn


class Model(Tabular):
    """The network with the data's words around it."""

    def __init__(self, network, metadata):
        super().__init__(metadata)
        self.network = network

    def run(self, inputs):
        dtype = getattr(torch, DTYPE)
        with torch.no_grad():
            return self.network(torch.tensor(inputs, dtype=torch.float64).to(dtype)).flatten(1).double().tolist()


def load(path=None):
    """The model, ready to predict; `path` is that of model.safetensors where it is not beside this file."""
    made = network().to(getattr(torch, DTYPE))
    with safe_open(path or Path(__file__).with_name("model.safetensors"), "pt") as file:
        made.load_state_dict({name: file.get_tensor(name) for name in file.keys()})  # noqa: SIM118 - it is no mapping
        metadata = {name: json.loads(text) for name, text in file.metadata().items()}
    return Model(made.eval(), metadata)


if __name__ == "__main__":
    try:
        print(load().check())
    except ValueError as error:
        sys.exit(f"model.py: {error}")
