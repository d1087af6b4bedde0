"""tanh x and the logistic sigmoid, right to 4 units in the last place everywhere; NaN stays NaN."""

from typing import Any

from core.nn.kernels.compile import scalar
from core.nn.kernels.exponential import exp, expm1_between
from core.nn.kernels.precision import by_precision

ONE = by_precision((1.0, 2.0, 20.0))


@scalar
def tanh(x: Any) -> Any:
    """(e²ˣ − 1) / (e²ˣ + 1), where beyond ±20 nothing changes any more; −0 stays −0"""
    _, two, most = ONE(x)
    e = expm1_between(two * min(max(x, -most), most))
    return e / (e + two)


@scalar
def sigmoid(x: Any) -> Any:
    """1 / (1 + e⁻ˣ), which for x < 0 is eˣ / (1 + eˣ)"""
    one, _, _ = ONE(x)
    e = exp(-abs(x))
    return (e if x < 0 else one) / (one + e)
