"""PyTorch with its fused Adam: operation by operation, and forward, loss and backward compiled to C++."""

import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.networks import LEARNING_RATE, Convolution, Dense, Flatten, MaxPool, Network
from benchmarks.peers import Run

ACTIVATIONS = {"relu": torch.nn.ReLU, "tanh": torch.nn.Tanh}


def eager(network: Network) -> Run:
    return trained(network, lambda loss: loss)


def compiled(network: Network) -> Run:
    return trained(network, lambda loss: torch.compile(loss, dynamic=False))


def trained(network: Network, prepared: Callable[[Any], Any]) -> Run:
    torch.set_num_threads(1)
    x, c = map(torch.from_numpy, network.data())
    t = c[:, None].float() if network.is_binary else c
    model = sequential(network)
    if not network.is_dense:
        x, model = (it.to(memory_format=torch.channels_last) for it in (x, model))
    optimizer = torch.optim.Adam(model.parameters(), lr=LEARNING_RATE, fused=True)
    difference = torch.nn.BCEWithLogitsLoss() if network.is_binary else torch.nn.CrossEntropyLoss()
    loss = prepared(lambda x, t: difference(model(x), t))

    def run(epochs: int) -> float:
        began = time.perf_counter()
        for _ in range(epochs):
            for rows in torch.randperm(len(x)).split(network.batch_size):
                optimizer.zero_grad()
                loss(x[rows], t[rows]).backward()
                optimizer.step()
        return time.perf_counter() - began

    return run


def sequential(network: Network) -> torch.nn.Sequential:
    modules: list[torch.nn.Module] = []
    for layer, before, _, is_activated in network.lowered():
        match layer:
            case Dense(units):
                modules.append(torch.nn.Linear(before[0], units))
            case Convolution(filters, size):
                modules.append(torch.nn.Conv2d(before[0], filters, size))
            case MaxPool(size):
                modules.append(torch.nn.MaxPool2d(size))
            case Flatten():
                modules.append(torch.nn.Flatten())
        if is_activated:
            modules.append(ACTIVATIONS[network.activation]())
    return torch.nn.Sequential(*modules)
