"""Keras on JAX, its steps compiled."""

import time

import keras

from benchmarks.networks import LEARNING_RATE, Convolution, Dense, Flatten, MaxPool, Network
from benchmarks.peers import Run


def build(network: Network) -> Run:
    x, c = network.data()
    if not network.is_dense:
        x = x.transpose(0, 2, 3, 1).copy()
    model = sequential(network)
    if network.is_binary:
        loss: keras.losses.Loss = keras.losses.BinaryCrossentropy(from_logits=True)
    else:
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(keras.optimizers.Adam(LEARNING_RATE), loss, jit_compile=True)

    def run(epochs: int) -> float:
        began = time.perf_counter()
        model.fit(x, c, network.batch_size, epochs, verbose=0)
        return time.perf_counter() - began

    return run


def sequential(network: Network) -> keras.Sequential:
    (channels, *area), layers = network.inputs, []
    for layer, _, _, is_activated in network.lowered():
        activation = network.activation if is_activated else None
        match layer:
            case Dense(units):
                layers.append(keras.layers.Dense(units, activation))
            case Convolution(filters, size):
                layers.append(keras.layers.Conv2D(filters, size, activation=activation))
            case MaxPool(size):
                layers.append(keras.layers.MaxPool2D(size))
            case Flatten():
                layers.append(keras.layers.Flatten())
    return keras.Sequential([keras.Input((*area, channels)), *layers])
