"""The average of the weights along the way, which generalises better than where the way ends."""

from typing import Any

from core.nn.kernels.compile import kernel
from core.nn.kernels.copying import copy


@kernel
def average(mean: Any, theta: Any, parameters: int, decay: float, is_first: bool) -> None:
    """a ← d a + (1 − d) θ, in the form a + (1 − d)(θ − a); the first a is θ. Polyak and Juditsky 1992, exponentially weighted.

    Running statistics, which stand behind the parameters, are averages already: the last are taken. Overwrites `mean`.
    """
    if is_first:
        copy(theta, mean)
        return
    rest = theta.dtype.type(1.0 - decay)
    for i in range(parameters):
        mean[i] += rest * (theta[i] - mean[i])
    for i in range(parameters, theta.size):
        mean[i] = theta[i]
