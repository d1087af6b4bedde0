"""erfc x = 1 − erf x = 2 / √π ∫ₓ^∞ e^−t² dt, the tail of the normal distribution."""

from typing import Any

import numpy as np

from core.nn.kernels.compile import scalar
from core.nn.kernels.exponential import exp
from core.nn.kernels.precision import by_precision, polynomial

ONE = by_precision((1.0, 2.0, 0.3))
# (1 + 0.3 x) eˣ² erfc x in powers of u = 2 / (1 + 0.3 x) − 1, from x = 0 to where erfc x is 0: the polynomials whose largest
# relative error is least, 4 · 10⁻¹⁷ and 5 · 10⁻¹⁰ (Remez 1934); the powers above u¹⁰ apart.
LOWER = by_precision(
    (
        0.32497992185979685,
        0.27652355675606566,
        0.19878107804432985,
        0.11871867470889867,
        0.05696163804309538,
        0.02040144693119164,
        0.004356100081087231,
        -0.00018173755857892548,
        -0.0004813481477534892,
        -0.00010700077286622547,
        3.273224626185854e-05,
    ),
    (
        np.float32(0.3249799217),
        np.float32(0.2765235549),
        np.float32(0.198781093),
        np.float32(0.1187187588),
        np.float32(0.05696128181),
        np.float32(0.02040053022),
        np.float32(0.004359465484),
        np.float32(-0.0001789726067),
        np.float32(-0.000495357402),
        np.float32(-0.0001037449241),
        np.float32(5.346841449e-05),
    ),
)
HIGHER = by_precision(
    (
        1.9100032587540556e-05,
        -1.749833850732118e-06,
        -2.857801452899414e-06,
        7.178098576837919e-08,
        4.410244887779207e-07,
        -1.0426506118513835e-08,
        -6.9279532812717e-08,
        5.0580401694697365e-09,
        8.876982596109667e-09,
        -1.1810943626098015e-09,
        -4.421765007834487e-10,
    ),
    (np.float32(0),),
)


@scalar
def erfc(x: Any) -> Any:
    """1 − erf x, where the tail, too, keeps its digits: right to 7 units in the last place, and 1.5 x² more in the tail"""
    one, two, c = ONE(x)
    a = abs(x)
    t = one / (one + c * a)
    u = two * t - one
    u5 = u * u * u * u * u
    y = exp(-a * a) * t * (polynomial(u, LOWER(x)) + u5 * u5 * u * polynomial(u, HIGHER(x)))
    return two - y if x < 0 else y
