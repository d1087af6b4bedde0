"""Products by tiles: every entry once, none beside, whatever the shape."""

import numpy as np
import pytest
from numba import njit

from core.nn.kernels import tiles

# Rows and columns that tiles fill, and such as need an overlapping wide or narrow tile.
SHAPES = [
    (rows, terms, columns)
    for rows in (tiles.ROWS, 2 * tiles.ROWS + 1, 100)
    for terms in (1, 7)
    for columns in (32, 40, 47, 64, 100, 300)
]


@njit
def product(x, W, z):
    tiles.product(x, W, z)


@njit
def transposed_product(x, dz, dW):
    tiles.product(x.T, dz, dW)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("rows", "terms", "columns"), SHAPES)
def test_tiles_give_the_product_and_write_nothing_beside_it(rows, terms, columns, dtype):
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((rows, terms)).astype(dtype), rng.standard_normal((terms, columns)).astype(dtype)
    memory = np.full((rows + 2, columns), np.nan, dtype)
    tolerance = 8 * np.finfo(dtype).eps
    exact = np.einsum("ik,kj->ij", x.astype("float64"), W.astype("float64"))
    for multiply, factor in ((product, x), (transposed_product, np.ascontiguousarray(x.T))):
        memory[:] = np.nan
        multiply(factor, W, memory[1:-1])
        np.testing.assert_allclose(memory[1:-1], exact, rtol=tolerance, atol=10 * tolerance)
        assert np.isnan(memory[[0, -1]]).all()


def test_a_row_has_the_same_bits_in_every_batch():
    rng = np.random.default_rng(0)
    x, W = rng.standard_normal((100, 300), np.float32), rng.standard_normal((300, 100), np.float32)
    z, alone = np.empty((100, 100), np.float32), np.empty((16, 100), np.float32)
    product(x, W, z)
    product(np.ascontiguousarray(x[50:66]), W, alone)
    np.testing.assert_array_equal(z[50:66], alone)


def test_infinity_and_nan_are_seen():
    x, W = np.ones((8, 40), np.float32), np.ones((40, 64), np.float32)
    x[3, 5], W[7, 9] = np.inf, np.nan
    z = np.empty((8, 64), np.float32)
    product(x, W, z)
    assert np.isinf(z[3, 0])
    assert np.isnan(z[:, 9]).all()
