"""Pooling beside PyTorch's."""

from typing import Any

import numpy as np
import pytest

from core.nn.geometry import Geometry
from core.nn.kernels import pooling
from core.nn.spec import AveragePooling1D, AveragePooling2D, MaxPooling1D, MaxPooling2D

# size, stride, padding, (C, H, W) or (C, L), rows
CASES = [
    (2, None, 0, (3, 8, 8), 3),
    (2, None, 0, (1, 9, 7), 2),  # the last row and column are in no window
    (2, None, 0, (2, 40, 75), 2),
    (3, 2, 1, (2, 11, 8), 2),
    ((2, 3), (1, 2), (1, 1), (2, 7, 9), 2),
    ((1, 2), (3, 1), 0, (2, 7, 9), 2),
    ((5, 6), None, 0, (2, 5, 6), 1),  # as large as the image
    (1, 2, 0, (2, 5, 6), 1),
    (2, None, 0, (3, 20), 3),
    (3, 1, 1, (2, 13), 2),
    (2, 2, 1, (1, 1), 2),
]


def layer(kind: str, size: Any, stride: Any, padding: Any, shape: tuple[int, ...]) -> Any:
    kinds = {"max": (MaxPooling1D, MaxPooling2D), "average": (AveragePooling1D, AveragePooling2D)}
    return kinds[kind][len(shape) - 2].model_validate({"size": size, "stride": stride, "padding": padding})


def run(kind: str, op: Geometry, x: Any, dy: Any) -> tuple[Any, Any]:
    """y and dx."""
    y, dx = np.full_like(dy, np.nan), np.full_like(x, np.nan)
    if kind == "max":
        pooling.maximum(op, x, y)
        pooling.d_maximum(op, x, dy, dx)
    else:
        pooling.average(op, x, y)
        pooling.d_average(op, dy, dx)
    return y, dx


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("kind", ["max", "average"])
@pytest.mark.parametrize(("size", "stride", "padding", "shape", "rows"), CASES)
def test_outputs_and_derivatives_are_those_of_pytorch(size, stride, padding, shape, rows, kind, dtype):
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed; it is only compared with")
    op = Geometry.of(layer(kind, size, stride, padding, shape), shape)
    rng = np.random.default_rng(0)
    # small whole numbers: many windows have several highest values, of which the first takes all of the derivative
    x = rng.integers(-3, 3, (rows, int(np.prod(shape)))).astype(dtype)
    dy = rng.standard_normal((rows, op.channels * op.places)).astype(dtype)
    images = torch.tensor(x.reshape(rows, *shape), requires_grad=True)
    function = getattr(torch.nn.functional, f"{'max' if kind == 'max' else 'avg'}_pool{len(shape) - 1}d")
    expected = function(images, size, stride, padding)
    expected.backward(torch.tensor(dy).reshape(expected.shape))
    y, dx = run(kind, op, x, dy)
    tolerance = {"rtol": 1e-12, "atol": 1e-13} if dtype == "float64" else {"rtol": 1e-5, "atol": 1e-6}
    np.testing.assert_allclose(y, expected.detach().numpy().reshape(y.shape), **tolerance)
    np.testing.assert_allclose(dx, images.grad.numpy().reshape(dx.shape), **tolerance)


@pytest.mark.parametrize(("size", "stride", "padding"), [(2, None, 0), (3, 1, 1)])
def test_a_nan_is_the_highest_of_its_windows(size, stride, padding):
    shape = (1, 6, 8)
    op = Geometry.of(layer("max", size, stride, padding, shape), shape)
    x = np.arange(48.0).reshape(1, 48)
    clean = run("max", op, x, np.ones((1, op.places)))[0]
    for place in range(48):
        spoilt = x.copy()
        spoilt[0, place] = np.nan
        y, dx = run("max", op, spoilt, np.ones((1, op.places)))
        holds = np.isnan(y)
        assert holds.sum() == (1 if stride is None else holds.sum() or 1)
        np.testing.assert_array_equal(y[~holds], clean[~holds])
        assert dx.sum() == op.places


def test_minus_infinity_is_a_value_as_any_other():
    op = Geometry.of(layer("max", 2, None, 0, (1, 4, 4)), (1, 4, 4))
    y, dx = run("max", op, np.full((1, 16), -np.inf), np.ones((1, 4)))
    np.testing.assert_array_equal(y, -np.inf)
    np.testing.assert_array_equal(dx.reshape(4, 4)[::2, ::2], 1)
    assert dx.sum() == 4
