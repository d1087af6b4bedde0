"""Convolution beside PyTorch's, and by the definition of the derivative."""

from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from core.nn import geometry
from core.nn.geometry import Geometry
from core.nn.kernels import convolution
from core.nn.spec import Convolution1D, Convolution2D

# (filters, kernel, stride, padding), (C, H, W) or (C, L), rows
CASES = [
    (4, 3, 1, 0, (1, 8, 8), 3),
    (4, 3, 1, 1, (3, 8, 9), 2),
    (5, (3, 2), (2, 1), (1, 0), (2, 9, 7), 2),
    (2, (2, 5), (1, 3), (2, 1), (3, 6, 12), 2),
    (3, 4, 1, "same", (2, 7, 6), 2),
    (3, 3, 4, 1, (2, 11, 11), 2),  # moves by more than its size
    (3, (5, 6), 1, 0, (2, 5, 6), 4),  # as large as the image
    (1, 1, 1, 0, (1, 1, 1), 1),
    (16, 3, 1, 1, (16, 14, 14), 3),
    (2, 3, 2, 5, (1, 3, 3), 2),  # sees nothing but padding from some places
    (3, 3, 1, 0, (2, 20), 3),
    (3, 4, 3, 2, (1, 15), 2),
    (6, 5, 1, "same", (4, 33), 2),
]


def layer(filters: int, kernel: Any, stride: Any, padding: Any, shape: tuple[int, ...]) -> Any:
    kind = Convolution1D if len(shape) == 2 else Convolution2D
    return kind.model_validate({"filters": filters, "kernel": kernel, "stride": stride, "padding": padding})


def operands(op: Geometry, rows: int, dtype: str = "float64") -> tuple[Any, ...]:
    """x, W, b, dz, and a workspace of NaN."""
    rng = np.random.default_rng(0)
    sizes = ((rows, op.channels * op.height * op.width), (op.filters, op.inputs_per_place), op.filters)
    x, W, b = (rng.standard_normal(size).astype(dtype) for size in sizes)
    dz = rng.standard_normal((rows, op.filters * op.places)).astype(dtype)
    return x, W, b, dz, np.full(op.workspace, np.nan, dtype)


def run(op: Geometry, x: Any, W: Any, b: Any, dz: Any, workspace: Any) -> tuple[Any, ...]:
    """z, dW, db, dx."""
    z, dW, db, dx = (np.full_like(array, np.nan) for array in (dz, W, b, x))
    convolution.forward(op, x, W, b, z, workspace)
    convolution.backward(op, x, dz, dW, db, workspace)
    convolution.backward_to_inputs(op, dz, W, dx, workspace)
    return z, dW, db, dx


def run_torch(
    kernel: Any, stride: Any, padding: Any, shape: tuple[int, ...], x: Any, W: Any, b: Any, dz: Any
) -> tuple[Any, ...]:
    torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed; it is only compared with")
    extents = kernel if isinstance(kernel, tuple) else (kernel,) * (len(shape) - 1)
    function = torch.nn.functional.conv1d if len(shape) == 2 else torch.nn.functional.conv2d
    images = torch.tensor(x.reshape(-1, *shape), requires_grad=True)
    weights = torch.tensor(W.reshape(len(W), shape[0], *extents), requires_grad=True)
    biases = torch.tensor(b, requires_grad=True)
    z = function(images, weights, biases, stride=stride, padding=padding)
    z.backward(torch.tensor(dz).reshape(z.shape))
    tensors = (z.detach(), weights.grad, biases.grad, images.grad)
    return tuple(tensor.numpy().reshape(array.shape) for tensor, array in zip(tensors, (dz, W, b, x), strict=True))


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(("filters", "kernel", "stride", "padding", "shape", "rows"), CASES)
def test_outputs_and_derivatives_are_those_of_pytorch(filters, kernel, stride, padding, shape, rows):
    op = Geometry.of(layer(filters, kernel, stride, padding, shape), shape)
    x, W, b, dz, workspace = operands(op, rows)
    expected = run_torch(kernel, stride, padding, shape, x, W, b, dz)
    for found, exact in zip(run(op, x, W, b, dz, workspace), expected, strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-12)


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize(("filters", "kernel", "stride", "padding", "shape", "rows"), CASES)
def test_single_precision_agrees_to_its_digits(filters, kernel, stride, padding, shape, rows):
    op = Geometry.of(layer(filters, kernel, stride, padding, shape), shape)
    x, W, b, dz, workspace = operands(op, rows, "float32")
    expected = run_torch(kernel, stride, padding, shape, *(array.astype(np.float64) for array in (x, W, b, dz)))
    for found, exact in zip(run(op, x, W, b, dz, workspace), expected, strict=True):
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, exact, rtol=1e-4, atol=1e-4)


@settings(max_examples=60, deadline=None)
@given(
    channels=st.integers(1, 4),
    filters=st.integers(1, 5),
    image=st.tuples(st.integers(1, 12), st.integers(1, 20)),
    kernel=st.tuples(st.integers(1, 5), st.integers(1, 5)),
    stride=st.tuples(st.integers(1, 4), st.integers(1, 4)),
    padding=st.tuples(st.integers(0, 3), st.integers(0, 3)),
    rows=st.integers(1, 3),
)
def test_any_window_over_any_image_agrees_with_pytorch(channels, filters, image, kernel, stride, padding, rows):
    shape = (channels, *image)
    op = Geometry.of(layer(filters, kernel, stride, padding, shape), shape)
    assume(op.out_height > 0 and op.out_width > 0)
    x, W, b, dz, workspace = operands(op, rows)
    expected = run_torch(kernel, stride, padding, shape, x, W, b, dz)
    for found, exact in zip(run(op, x, W, b, dz, workspace), expected, strict=True):
        np.testing.assert_allclose(found, exact, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("stride", [1, 2, 3, 5])
def test_an_image_in_bands_gives_what_it_gives_as_a_whole(stride, monkeypatch):
    shape, parameters = (3, 23, 9), (4, (4, 3), (stride, 1), 1)
    whole = Geometry.of(layer(*parameters, shape), shape)
    monkeypatch.setattr(geometry, "BAND", 1000)
    banded = Geometry.of(layer(*parameters, shape), shape)
    assert banded.band_height < whole.band_height == whole.out_height
    assert banded.workspace < whole.workspace
    x, W, b, dz, _ = operands(whole, 2)
    results = (run(op, x, W, b, dz, np.full(op.workspace, np.nan)) for op in (whole, banded))
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-13)


def test_derivatives_are_those_of_the_definition():
    shape = (2, 5, 6)
    op = Geometry.of(layer(3, 3, (1, 2), 1, shape), shape)
    x, W, b, dz, workspace = operands(op, 2)
    _, dW, db, dx = run(op, x, W, b, dz, workspace)
    z, h = np.empty_like(dz), 1e-6
    for operand, derivative in ((x, dx), (W, dW), (b, db)):
        for place in range(0, operand.size, 7):
            values = []
            for step in (h, -h):
                operand.flat[place] += step
                convolution.forward(op, x, W, b, z, workspace)
                values.append(float((z * dz).sum()))
                operand.flat[place] -= step
            assert (values[0] - values[1]) / (2 * h) == pytest.approx(derivative.flat[place], rel=1e-7, abs=1e-7)


def test_a_layer_without_biases_has_none_and_no_derivative_by_them():
    shape = (2, 6, 6)
    op = Geometry.of(layer(3, 3, 1, 0, shape), shape)
    x, W, b, dz, workspace = operands(op, 2)
    none = np.empty(0)
    z, dW, _, dx = run(op, x, W, none, dz, workspace)
    with_zeros = run(op, x, W, 0 * b, dz, workspace)
    for found, expected in ((z, with_zeros[0]), (dW, with_zeros[1]), (dx, with_zeros[3])):
        np.testing.assert_array_equal(found, expected)


def test_a_nan_is_seen_from_all_places_whose_window_holds_it_and_from_no_other():
    shape = (1, 6, 6)
    op = Geometry.of(layer(1, 3, 1, 1, shape), shape)
    x, W, b, dz, workspace = operands(op, 2)
    x[0, 3 * 6 + 3] = np.nan
    z = run(op, x, W, b, dz, workspace)[0].reshape(2, 6, 6)
    seen = np.zeros((2, 6, 6), bool)
    seen[0, 2:5, 2:5] = True
    np.testing.assert_array_equal(np.isnan(z), seen)


def test_the_same_numbers_give_the_same_bits():
    shape = (3, 14, 14)
    op = Geometry.of(layer(8, 3, 1, 1, shape), shape)
    x, W, b, dz, workspace = operands(op, 5, "float32")
    first, again = run(op, x, W, b, dz, workspace), run(op, x.copy(), W.copy(), b.copy(), dz.copy(), workspace * 0)
    for one, other in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, other)
