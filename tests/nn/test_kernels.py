"""The elementwise kernels, held against NumPy in higher precision."""

import numpy as np
import pytest

from core.nn.kernels import activations, losses
from core.nn.kernels.random import shuffle

DTYPES = (np.float32, np.float64)
SMALL = np.concatenate([np.geomspace(1e-30, 1, 1001), -np.geomspace(1e-30, 1, 1001)])
RANGES = {np.float32: 86, np.float64: 700}  # beyond, results are clamped: eˣ neither overflows nor becomes denormal


def units_in_the_last_place(y, exact):
    """How far y lies from the exact values, in steps of y's dtype at that size."""
    return float(np.max(np.abs(y - exact) / np.spacing(np.abs(exact).astype(y.dtype)).astype(np.longdouble)))


@pytest.mark.parametrize("dtype", DTYPES)
def test_tanh_sigmoid_and_exponentials_are_right_to_a_few_units_in_the_last_place(dtype):
    x = np.concatenate([np.linspace(-RANGES[dtype], RANGES[dtype], 200_001), SMALL]).astype(dtype)
    exact = x.astype(np.longdouble)
    formulas = {
        activations.tanh: np.tanh(exact),
        activations.sigmoid: 1 / (1 + np.exp(-exact)),
        activations.exponentials: np.exp(exact),
    }
    for kernel, expected in formulas.items():
        y = x.copy()
        kernel(y)
        assert units_in_the_last_place(y, expected) < 4, kernel


@pytest.mark.parametrize("dtype", DTYPES)
def test_activations_keep_nan_and_bear_infinity(dtype):
    for kernel, at_minus, at_plus in (
        (activations.tanh, -1, 1),
        (activations.sigmoid, 0, 1),
        (activations.relu, 0, np.inf),
        (lambda y: activations.leaky_relu(y, 0.5), -np.inf, np.inf),
    ):
        y = np.array([np.nan, -np.inf, np.inf], dtype)
        kernel(y)
        assert np.isnan(y[0]), kernel
        assert y[1] == pytest.approx(at_minus, abs=1e-37), kernel
        assert y[2] == at_plus, kernel


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_nan_makes_its_whole_row_nan_in_a_softmax_and_no_other(dtype):
    y = np.array([[0, np.nan, 1], [0, 1, 2]], dtype)
    activations.softmax(y)
    assert np.isnan(y[0]).all()
    assert np.isfinite(y[1]).all()


def test_softmax_of_huge_weighted_sums_is_still_a_distribution():
    y = np.array([[1e4, 1e4 - 1, -1e4], [0, 0, 0]], np.float32)
    activations.softmax(y)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(y[0, 0] / y[0, 1], np.e, rtol=1e-6)
    np.testing.assert_allclose(y[1], 1 / 3, rtol=1e-6)


def test_cross_entropies_of_certain_answers_neither_overflow_nor_vanish():
    z = np.array([[1000.0], [-1000.0]], np.float32)
    dz, ones = np.empty_like(z), np.ones(2, np.float32)
    assert losses.binary_cross_entropy(z, np.array([[1], [0]], np.float32), ones, dz, 0.5) == 0
    assert losses.binary_cross_entropy(z, np.array([[0], [1]], np.float32), ones, dz, 0.5) == 2000
    z = np.array([[1000.0, 0.0]], np.float32)
    dz = np.empty_like(z)
    assert losses.softmax_cross_entropy(z, np.array([[1]], np.float32), ones[:1], dz, 1.0) == 1000
    np.testing.assert_array_equal(dz, [[1, -1]])


def test_a_shuffle_is_a_permutation_that_only_seed_and_epoch_decide():
    first, again, other = (np.empty(1000, np.int64) for _ in range(3))
    shuffle(first, 7, 1)
    shuffle(again, 7, 1)
    np.testing.assert_array_equal(first, again)
    np.testing.assert_array_equal(np.sort(first), np.arange(1000))
    for seed, epoch in ((7, 2), (8, 1)):
        shuffle(other, seed, epoch)
        assert (other == first).mean() < 0.02


def test_every_order_of_four_rows_is_equally_likely():
    counts: dict[tuple[int, ...], int] = {}
    order = np.empty(4, np.int64)
    draws = 24_000
    for epoch in range(draws):
        shuffle(order, 3, epoch)
        counts[tuple(order)] = counts.get(tuple(order), 0) + 1
    expected = draws / 24
    chi_square = sum((count - expected) ** 2 / expected for count in counts.values())
    assert len(counts) == 24
    assert chi_square < 49.7  # the 99.9th percentile for 23 degrees of freedom
