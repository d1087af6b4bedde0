"""What is said while the kernels are compiled."""

import numba
import pytest
from numba.core import event

from core.nn import engine
from service.kernels import Told, kernels


@numba.njit
def doubled(x):
    return x + x


def test_each_kernel_is_told_of_once_however_often_it_is_compiled(capsys: pytest.CaptureFixture[str]) -> None:
    with event.install_listener("numba:compile", Told({doubled})):
        assert doubled(1) == 2
        assert doubled(0.5) == 1
        assert numba.njit(lambda: 3)() == 3
    assert capsys.readouterr().out == "doubled\n"


def test_the_loop_and_what_is_written_out_in_it_are_no_kernels_of_their_own() -> None:
    found = kernels()
    assert engine.gather in found
    assert not {engine.run, engine.predict, engine.train} & found
