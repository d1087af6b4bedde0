"""The same training in each library: a peer takes a network and gives a function that trains some epochs of it.

That function returns the seconds it took. Data, shapes and optimizer are the same for all; every peer is written the way its
own documentation recommends for speed on one core. Their libraries are imported when they are asked for, which is part of a
cold start.
"""

import shutil
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec

from benchmarks.networks import Network

Run = Callable[[int], float]

# The module and the function in it that builds the peer.
PEERS = {
    "gradmill": "gradmill.build",
    "pytorch": "pytorch.eager",
    "pytorch compiled": "pytorch.compiled",
    "jax": "jax.build",
    "keras": "keras.build",
    "scikit-learn": "scikit_learn.build",
    "gemm floor": "floor.build",
}
LIBRARIES = {"pytorch": "torch", "pytorch compiled": "torch", "jax": "jax", "keras": "keras", "scikit-learn": "sklearn"}


def build(peer: str, network: Network) -> Run:
    module, function = PEERS[peer].split(".")
    run: Run = getattr(import_module(f"benchmarks.peers.{module}"), function)(network)
    return run


def absence(peer: str) -> str | None:
    """Why the peer cannot be measured here."""
    if peer in LIBRARIES and find_spec(LIBRARIES[peer]) is None:
        return f"{LIBRARIES[peer]} is not installed"
    if peer == "pytorch compiled" and not any(map(shutil.which, ("g++", "clang++", "c++"))):
        return "there is no C++ compiler"
    return None


def trains(peer: str, network: Network) -> bool:
    """The library has such a network."""
    return network.is_dense or peer != "scikit-learn"
