"""A two-layer network worked out by hand in NumPy, beside the engine."""

import numpy as np
import pytest

from tests.nn.networks import examples, network_spec, training, training_spec


def test_five_steps_of_gradient_descent_are_those_of_the_textbook():
    x, t = examples("mean_squared_error", 12, 3, 2)
    fields = training_spec(optimizer={"type": "sgd", "learning_rate": 0.3}, epochs=5, batch_size="full")
    run = training(network_spec(4, 2, activation="sigmoid"), fields, x, t)
    W1, b1, W2, b2 = (run.weights()[name].copy() for name in ("0.weight", "0.bias", "2.weight", "2.bias"))
    for result in run.epochs():
        h = 1 / (1 + np.exp(-(np.einsum("bi,oi->bo", x, W1) + b1)))
        y = np.einsum("bi,oi->bo", h, W2) + b2
        assert result.loss == pytest.approx(np.mean((y - t) ** 2), rel=1e-12)
        dy = 2 * (y - t) / t.size
        dz = np.einsum("bo,oi->bi", dy, W2) * h * (1 - h)
        W2 -= 0.3 * np.einsum("bo,bi->oi", dy, h)
        b2 -= 0.3 * dy.sum(axis=0)
        W1 -= 0.3 * np.einsum("bo,bi->oi", dz, x)
        b1 -= 0.3 * dz.sum(axis=0)
    for name, expected in {"0.weight": W1, "0.bias": b1, "2.weight": W2, "2.bias": b2}.items():
        np.testing.assert_allclose(run.weights()[name], expected, rtol=1e-12)
