"""One thread per process: a worker trains one job, and several workers that each take all cores hinder one another.

A job that asks for more has them while it is trained.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def use_one_thread() -> None:
    """For this process and its children. NumPy, SciPy and Numba read this when they are loaded, so it comes before them."""
    wanted = dict.fromkeys(VARIABLES, "1")
    if "numpy" in sys.modules and wanted.items() - os.environ.items():
        raise RuntimeError("core.blas.use_one_thread must be called before NumPy is imported")
    os.environ |= wanted


@contextmanager
def threads(count: int) -> Iterator[None]:
    """Matrix products of this process on so many threads; as many as before after the block."""
    if count == 1:  # as it is already; finding the libraries takes milliseconds
        yield
        return
    from threadpoolctl import threadpool_limits

    with threadpool_limits(count, user_api="blas"):
        yield
