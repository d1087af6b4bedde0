"""Backpropagation held against the definition of the derivative."""

import numpy as np
import numpy.typing as npt

from core.nn.network import Matrix, Network

# Fourth-order central difference (Abramowitz and Stegun 1972, 25.3.6): places and weights, the sum divided by 12 h.
STENCIL = ((2, -1), (1, 8), (-1, -8), (-2, 1))


def numerical_gradient(network: Network, x: Matrix, t: Matrix, h: float = 1e-3) -> npt.NDArray[np.float64]:
    """The derivative of the mean loss by each parameter (P,), from differences alone; for networks in double precision."""
    theta, derivatives = network.theta, np.zeros(network.program.parameters)
    for i in range(derivatives.size):
        middle = theta[i]
        for place, weight in STENCIL:
            theta[i] = middle + place * h
            derivatives[i] += weight * network.loss_and_gradient(x, t)[0]
        theta[i] = middle
    return derivatives / (12 * h)


def gradient_error(network: Network, x: Matrix, t: Matrix, h: float = 1e-3) -> float:
    """‖backpropagated − numerical‖ / ‖numerical‖, the largest of any of the network's tensors.

    The norm of a vector that is nearly 0 beside the whole gradient counts as a millionth of that; and no norm as less than
    10⁸ ε L / h, below which differences of a loss L, rounded to ε, do not show eight digits of a derivative.
    """
    loss, grad = network.loss_and_gradient(x, t)
    numerical = numerical_gradient(network, x, t, h)
    rounding = float(np.finfo(np.float64).eps) * abs(loss) / h
    least = max(float(np.linalg.norm(numerical)) * 1e-6, 1e8 * rounding, 1e-30)
    parts = [parameter.place for parameter in network.program.tensors]
    return max(
        float(np.linalg.norm(grad[part] - numerical[part])) / max(float(np.linalg.norm(numerical[part])), least)
        for part in parts
    )
