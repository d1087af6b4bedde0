"""Dropout: what is left out, how much of it, and that nothing about it can be foreseen from anything else."""

from typing import Any

import numpy as np
import pytest

from core.nn.kernels.dropout import drop


def mask(rows: int, units: int, rate: float = 0.3, key: int = 1, place: int = 0, first: int = 0) -> Any:
    """(B, m): 1 where a value is kept."""
    z = np.ones((rows, units))
    drop(z, rate, np.uint64(key), place, first)
    return (z != 0).astype(float)


def correlation(a: Any, b: Any) -> float:
    """In units of what chance alone makes of it."""
    return float(np.corrcoef(a.ravel(), b.ravel())[0, 1] * np.sqrt(a.size))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("rate", [0.0, 0.1, 0.5, 0.9, 0.999])
def test_the_share_is_left_out_and_the_rest_enlarged(rate, dtype):
    z = np.full((500, 400), 3, dtype)
    drop(z, rate, np.uint64(7), 2, 0)
    kept = z != 0
    deviation = np.sqrt(rate * (1 - rate) / z.size)
    assert abs(1 - kept.mean() - rate) <= 4 * deviation
    np.testing.assert_allclose(z[kept], 3 / (1 - rate), rtol=1e-6)
    # no row and no unit is favoured
    for axis in (0, 1):
        shares = kept.mean(axis=axis)
        spread = np.sqrt(rate * (1 - rate) / kept.shape[axis])
        assert abs(shares.std() - spread) <= 0.2 * spread


def test_backward_leaves_out_what_forward_did():
    z, dy = np.ones((20, 30)), np.ones((20, 30))
    drop(z, 0.4, np.uint64(5), 1, 60)
    drop(dy, 0.4, np.uint64(5), 1, 60)
    np.testing.assert_array_equal(z, dy)


def test_pieces_of_a_batch_are_dropped_as_the_whole():
    whole = mask(100, 37)
    pieces = [mask(size, 37, first=first) for first, size in ((0, 1), (1, 31), (32, 68))]
    np.testing.assert_array_equal(np.concatenate(pieces), whole)


def test_steps_layers_rows_and_units_know_nothing_of_one_another():
    base = mask(400, 300, key=1)
    for key in (0, 2, 3, 2**32 + 1, 2**63, 2**64 - 1):
        assert abs(correlation(base, mask(400, 300, key=key))) < 4, key
    for place in (1, 2, 3, 17):
        assert abs(correlation(base, mask(400, 300, place=place))) < 4, place
    for shift in (1, 2, 8, 64, 128):
        assert abs(correlation(base[shift:], base[:-shift])) < 4, shift
        assert abs(correlation(base[:, shift:], base[:, :-shift])) < 4, shift
    assert abs(correlation(base[1:, 1:], base[:-1, :-1])) < 4
    assert abs(correlation(base[1:, :-1], base[:-1, 1:])) < 4


def test_eight_neighbours_fall_in_every_pattern_equally_often():
    for bits in (mask(8000, 64, rate=0.5).reshape(-1, 8), mask(64 * 8, 1000, rate=0.5).T.reshape(-1, 8)):
        patterns = np.bincount((bits @ (1 << np.arange(8))).astype(int), minlength=256)
        expected = len(bits) / 256
        assert ((patterns - expected) ** 2 / expected).sum() < 347.7  # the 99.99th percentile for 255 degrees of freedom


def test_the_same_unit_over_many_steps_is_left_out_by_chance():
    draws = np.array([mask(1, 4, rate=0.5, key=key) for key in range(4000)]).reshape(4000, 4)
    np.testing.assert_allclose(draws.mean(axis=0), 0.5, atol=4 * 0.5 / np.sqrt(4000))
    for lag in (1, 2, 3, 16, 256):
        assert abs(correlation(draws[lag:], draws[:-lag])) < 4, lag


def test_nan_is_not_hidden_by_being_left_out():
    z = np.full((10, 10), np.nan)
    drop(z, 0.5, np.uint64(1), 0, 0)
    assert np.isnan(z).all()
