"""A dense layer's products, whichever way they are made: one by one, a row at a time, by tiles, by the BLAS."""

import numpy as np
import pytest

from core.nn.kernels import dense, tiles

SHAPES = [(rows, 3, units) for rows in (0, 1, 5) for units in (1, 7, 8, 9)] + [(64, 300, 128), (64, 1024, 128), (2, 2000, 3)]


@pytest.mark.parametrize("has_biases", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("rows", "inputs", "units"), SHAPES)
def test_sums_and_shares_of_the_error_are_the_products(rows, inputs, units, dtype, has_biases):
    rng = np.random.default_rng(0)
    x, W, dz = (rng.standard_normal(shape).astype(dtype) for shape in ((rows, inputs), (inputs, units), (rows, units)))
    b = rng.standard_normal(units if has_biases else 0).astype(dtype)
    z, dW, db, dx = (np.full_like(array, np.nan) for array in (dz, W, b, x))
    dense.forward(x, W, b, z)
    dense.backward(x, W, dz, dW, db)
    dense.backward_to_inputs(dz, W, dx)
    tolerance = 30 * inputs * np.finfo(dtype).eps
    np.testing.assert_allclose(z, np.einsum("ik,kj->ij", x, W) + (b if has_biases else 0), atol=tolerance)
    np.testing.assert_allclose(dW, np.einsum("ik,ij->kj", x, dz), atol=tolerance)
    np.testing.assert_allclose(db, np.einsum("ij->j", dz) if has_biases else b, atol=tolerance)
    np.testing.assert_allclose(dx, np.einsum("ij,kj->ik", dz, W), atol=tolerance)


def test_tiles_make_what_lies_well_in_the_cache():
    z = np.empty((64, 128), np.float32)
    for inputs, is_made_by_tiles in ((300, True), (1000, True), (1024, False)):  # rows of 4,096 bytes crowd its lines
        x, W = np.empty((64, inputs), np.float32), np.empty((inputs, 128), np.float32)
        assert tiles.suit(x, W, z) is is_made_by_tiles
        assert tiles.suit(x.T, z, W) is is_made_by_tiles
