"""PReLU with a slope for each channel, beside PyTorch's; with one for each unit it stands among the other activations."""

from typing import Any

import numpy as np
import pytest

from core.nn.kernels.prelu import d_prelu, prelu

torch: Any = pytest.importorskip("torch", reason="PyTorch is not installed; it is only compared with")


@pytest.mark.parametrize("places", [1, 3, 20])
def test_outputs_and_derivatives_are_those_of_pytorch(places):
    rng = np.random.default_rng(0)
    z, dy = rng.standard_normal((2, 7, 4, places))
    z[0, 0, 0] = 0.0
    slope = rng.uniform(0, 1, 4)
    y, dz, dslope = np.empty_like(z), np.empty_like(z), np.empty_like(slope)
    prelu(z, slope, y)
    d_prelu(z, slope, dy, dz, dslope)

    module = torch.nn.PReLU(4, dtype=torch.float64)
    module.weight.data = torch.tensor(slope)
    inputs = torch.tensor(z, requires_grad=True)
    outputs = module(inputs)
    outputs.backward(torch.tensor(dy))
    np.testing.assert_array_equal(y, outputs.detach().numpy())
    np.testing.assert_array_equal(dz, inputs.grad.numpy())
    np.testing.assert_allclose(dslope, module.weight.grad.numpy(), rtol=1e-13)
