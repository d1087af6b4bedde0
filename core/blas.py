"""One thread per process: a worker trains one job, and several workers that each take all cores hinder one another."""

import os
import sys

VARIABLES = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def use_one_thread() -> None:
    """For this process and its children. NumPy, SciPy and Numba read this when they are loaded, so it comes before them."""
    wanted = dict.fromkeys(VARIABLES, "1")
    if "numpy" in sys.modules and wanted.items() - os.environ.items():
        raise RuntimeError("core.blas.use_one_thread must be called before NumPy is imported")
    os.environ |= wanted
