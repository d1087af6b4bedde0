"""Embedding: rows of a table in the place of numbers."""

import tracemalloc

import numpy as np
import pytest

from core.errors import InvalidData
from core.nn.kernels import embedding
from core.nn.lower import lower
from core.nn.network import check_indices
from core.nn.spec import MeanSquaredError
from tests.nn.layered import CODES, layered


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_index_becomes_its_row_and_the_other_columns_pass(dtype):
    rng = np.random.default_rng(0)
    table = rng.standard_normal((5, 3)).astype(dtype)
    x = np.concatenate([rng.standard_normal((7, 2)), rng.integers(0, 5, (7, 2)), rng.standard_normal((7, 1))], axis=1).astype(
        dtype
    )
    y = np.full((7, 9), np.nan, dtype)
    embedding.pass_through(x, 0, 2, y, 0)
    embedding.lookup(x, 2, 2, table, y, 2)
    embedding.pass_through(x, 4, 1, y, 8)
    indices = x[:, 2:4].astype(int)
    np.testing.assert_array_equal(y, np.concatenate([x[:, :2], table[indices].reshape(7, 6), x[:, 4:]], axis=1))


def test_a_row_of_the_table_gathers_the_derivatives_of_all_its_places():
    rng = np.random.default_rng(1)
    x = np.concatenate([rng.standard_normal((20, 1)), rng.integers(0, 4, (20, 2))], axis=1)
    dy = rng.standard_normal((20, 7))
    dtable, dx = np.full((6, 3), np.nan), np.zeros((20, 3))
    embedding.d_lookup(x, 1, 2, dy, 1, dtable)
    embedding.pass_through(dy, 0, 1, dx, 0)
    one_hot = np.eye(6)[x[:, 1:].astype(int)]  # (20, 2, 6)
    np.testing.assert_allclose(dtable, np.einsum("ikv,ikd->vd", one_hot, dy[:, 1:].reshape(20, 2, 3)), rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(dtable[4:], 0)  # never looked up
    np.testing.assert_array_equal(dx, np.concatenate([dy[:, :1], np.zeros((20, 2))], axis=1))


@pytest.mark.parametrize("strange", [-1.0, CODES, 0.5, np.nan, np.inf])
@pytest.mark.parametrize("row", [0, 300_000, 500_000])
def test_indices_are_looked_at_some_rows_at_a_time(strange, row):
    program = lower(layered("embedded", "mean_squared_error", 1, "float32")[0], MeanSquaredError(), 4)
    x = np.random.default_rng(0).integers(0, CODES, (500_001, 4)).astype(np.float32)
    tracemalloc.start()
    try:
        check_indices(program, x)
        x[row, 2] = strange
        with pytest.raises(InvalidData, match=f"^input 2 of row {row} is "):
            check_indices(program, x)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < x.nbytes / 2
