"""eˣ and its kin in the kernels, held against higher precision, over all that a float can be."""

import math
import re

import numba
import numpy as np
import pytest

from core.nn.kernels import error_function, exponential, hyperbolic, logarithm
from core.nn.kernels.compile import kernel

DTYPES = (np.float32, np.float64)


def sigmoid(x):
    return np.where(x < 0, np.exp(x), 1) / (1 + np.exp(-np.abs(x)))


# Each with its reference and how many units in the last place it may lie beside that.
FUNCTIONS = {
    "exp": (exponential.exp, np.exp, 2),
    "expm1": (exponential.expm1, np.expm1, 3),
    "log": (logarithm.log, np.log, 2),
    "log1p": (logarithm.log1p, np.log1p, 2),
    "tanh": (hyperbolic.tanh, np.tanh, 4),
    "sigmoid": (hyperbolic.sigmoid, sigmoid, 3),
}


def loop_over(function):
    @kernel
    def run(x, y):
        for i in range(x.size):
            y[i] = function(x[i])

    return run


LOOPS = {name: loop_over(function) for name, (function, _, _) in FUNCTIONS.items()} | {"erfc": loop_over(error_function.erfc)}


def values(name, x):
    y = np.empty_like(x)
    with np.errstate(all="ignore"):  # without the compiler NumPy would warn of infinities
        LOOPS[name](x, y)
    return y


def every_size(dtype):
    """From the smallest denormal number to the largest, around 1 and where eˣ overflows; of both signs; and 0 and −0."""
    limits, to = np.finfo(dtype), 20_001 if numba.config.DISABLE_JIT else 200_001
    sizes = (
        np.geomspace(np.longdouble(limits.smallest_subnormal), np.longdouble(limits.max), to)[:-1],
        np.linspace(0, 1, to, dtype=np.longdouble),
        np.linspace(0, 1.2 * np.log(limits.max), to, dtype=np.longdouble),
        [limits.max, limits.tiny, limits.smallest_subnormal],
    )
    x = np.concatenate(sizes).astype(dtype)
    return np.concatenate([x, -x])


def units_in_the_last_place(y, exact):
    """How far each y lies from the exact values, in steps of y's dtype at that size."""
    with np.errstate(over="ignore"):
        step = np.spacing(np.abs(exact).astype(y.dtype))
    return np.abs(y - exact) / step.astype(np.longdouble)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_are_right_to_a_few_units_in_the_last_place_wherever_they_are_finite(name, dtype):
    x = every_size(dtype)
    _, reference, most = FUNCTIONS[name]
    y = values(name, x)
    with np.errstate(all="ignore"):
        exact = reference(x.astype(np.longdouble))
        expected = exact.astype(dtype)
    finite = np.isfinite(expected)
    assert units_in_the_last_place(y[finite], exact[finite]).max() < most
    np.testing.assert_array_equal(y[~finite], expected[~finite])


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_tail_of_the_normal_distribution_keeps_its_digits(dtype):
    x = every_size(dtype)[::7]
    y, exact = values("erfc", x), np.array([math.erfc(v) for v in x.tolist()], np.longdouble)
    tail = np.clip(x.astype(np.float64), 0, 30) ** 2
    assert (units_in_the_last_place(y, exact) - 1.5 * tail).max() < 8


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", LOOPS)
def test_nan_stays_nan_and_the_infinities_give_the_limits(name, dtype):
    x = np.array([np.nan, -np.inf, np.inf], dtype)
    limits = {"exp": (0, np.inf), "expm1": (-1, np.inf), "tanh": (-1, 1), "sigmoid": (0, 1), "erfc": (2, 0)}
    np.testing.assert_array_equal(values(name, x), [np.nan, *limits.get(name, (np.nan, np.inf))])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["expm1", "log1p", "tanh"])
def test_zero_keeps_its_sign(name, dtype):
    np.testing.assert_array_equal(np.signbit(values(name, np.array([0.0, -0.0], dtype))), [False, True])


@pytest.mark.skipif(bool(numba.config.DISABLE_JIT), reason="there is nothing compiled to look into")
@pytest.mark.parametrize(("dtype", "lanes"), [(np.float32, r"<\d+ x float>"), (np.float64, r"<\d+ x double>")])
@pytest.mark.parametrize("name", LOOPS)
def test_loops_over_the_functions_run_in_vector_registers(name, dtype, lanes):
    values(name, np.ones(1, dtype))
    array = numba.typeof(np.ones(1, dtype))
    assert re.search(rf"fmul contract {lanes}", LOOPS[name].alone.inspect_llvm((array, array)))
