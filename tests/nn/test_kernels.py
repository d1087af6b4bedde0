"""The elementwise kernels at the ends of their ranges, the losses' certain answers, and the shuffle."""

import math

import numpy as np
import pytest

from core.nn.kernels import activations, gates, likelihoods, softmax
from core.nn.kernels.random import shuffle

DTYPES = (np.float32, np.float64)


@pytest.mark.parametrize("dtype", DTYPES)
def test_activations_keep_nan_and_bear_infinity(dtype):
    for kernel, at_minus, at_plus in (
        (activations.tanh, -1, 1),
        (activations.sigmoid, 0, 1),
        (activations.relu, 0, np.inf),
        (lambda y: activations.leaky_relu(y, 0.5), -np.inf, np.inf),
        (lambda y: activations.elu(y, 2.0, 0.5), -1, np.inf),
        (lambda y: activations.softplus(y, 2.0), 0, np.inf),
        (lambda y: activations.hard_tanh(y, -3.0, 0.5), -3, 0.5),
    ):
        y = np.array([np.nan, -np.inf, np.inf], dtype)
        kernel(y)
        np.testing.assert_array_equal(y, np.array([np.nan, at_minus, at_plus], dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("gate", [gates.silu, gates.gelu, gates.gelu_tanh])
def test_gates_close_below_and_open_above(gate, dtype):
    z = np.array([np.nan, -1000, -0.0, 0.0, 1000, np.inf], dtype)
    y = np.empty_like(z)
    gate(z, y)
    np.testing.assert_array_equal(y, np.array([np.nan, 0, 0, 0, 1000, np.inf], dtype))


def test_gelu_keeps_its_digits_where_the_gate_is_almost_closed():
    z, y = np.array([-10.0], np.float32), np.empty(1, np.float32)
    gates.gelu(z, y)
    assert y[0] == pytest.approx(-5 * math.erfc(10 / math.sqrt(2)), rel=1e-5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_nan_makes_its_whole_row_nan_in_a_softmax_and_no_other(dtype):
    y = np.array([[0, np.nan, 1], [0, 1, 2]], dtype)
    softmax.softmax(y)
    assert np.isnan(y[0]).all()
    assert np.isfinite(y[1]).all()


def test_softmax_of_huge_weighted_sums_is_still_a_distribution():
    y = np.array([[1e4, 1e4 - 1, -1e4], [0, 0, 0]], np.float32)
    softmax.softmax(y)
    np.testing.assert_allclose(y.sum(axis=1), 1, rtol=1e-6)
    np.testing.assert_allclose(y[0, 0] / y[0, 1], np.e, rtol=1e-6)
    np.testing.assert_allclose(y[1], 1 / 3, rtol=1e-6)


def test_cross_entropies_of_certain_answers_neither_overflow_nor_vanish():
    z = np.array([[1000.0], [-1000.0]], np.float32)
    dz, ones = np.empty_like(z), np.ones(2, np.float32)
    assert likelihoods.binary_cross_entropy(z, np.array([[1], [0]], np.float32), ones, dz, 0.5) == 0
    assert likelihoods.binary_cross_entropy(z, np.array([[0], [1]], np.float32), ones, dz, 0.5) == 2000
    z = np.array([[1000.0, 0.0]], np.float32)
    dz = np.empty_like(z)
    assert likelihoods.softmax_cross_entropy(z, np.array([[1]], np.float32), ones[:1], dz, 1.0, 0.0) == 1000
    np.testing.assert_array_equal(dz, [[1, -1]])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_logit_of_minus_infinity_is_a_class_without_probability(smoothing):
    z = np.array([[1.0, -np.inf]])
    dz = np.empty_like(z)
    loss = likelihoods.softmax_cross_entropy(z, np.array([[0.0]]), np.ones(1), dz, 1.0, smoothing)
    assert loss == (0 if smoothing == 0 else np.inf)
    np.testing.assert_allclose(dz, [[smoothing / 2, -smoothing / 2]], atol=1e-15)


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
