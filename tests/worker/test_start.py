"""Weights to start from, out of the store."""

import hashlib
import tracemalloc

import numpy as np
import pytest

from core.errors import CoreError
from core.nn.lower import lower
from core.nn.saving.weights import fill, named_weights, to_safetensors
from core.nn.spec import MeanSquaredError, Start
from core.store import Store
from tests.faults.jobs import TENANT
from tests.nn.networks import network_spec
from worker.start import starting_weights

UNITS, LAYERS = 400, 8
PROGRAM = lower(network_spec(*[UNITS] * LAYERS), MeanSquaredError(), UNITS)


def sent(store: Store, data: bytes, sha256: str | None = None) -> Start:
    """As if a client had sent the file."""
    weights, _ = store.sent_weights.add(TENANT, sha256 or hashlib.sha256(data).hexdigest(), {}, data)
    return Start(weights=weights.id)


def test_weights_get_into_a_network_one_tensor_at_a_time(store: Store) -> None:
    theta = np.random.default_rng(0).standard_normal(PROGRAM.size)
    start = sent(store, to_safetensors(named_weights(PROGRAM, theta), {}))
    found = np.zeros_like(theta)
    tracemalloc.start()
    try:
        weights = starting_weights(TENANT, start, store)
        assert weights is not None
        fill(PROGRAM, weights, found)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    np.testing.assert_array_equal(found, theta)
    assert peak < theta.nbytes / 2


def test_damaged_weights_are_told_before_anything_is_made_of_them(store: Store) -> None:
    with pytest.raises(CoreError, match="damaged"):
        starting_weights(TENANT, sent(store, b"\x01" * 100, "0" * 64), store)
