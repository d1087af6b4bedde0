"""Trains queued jobs: one job per process, one thread per job.

NumPy and Numba read their number of threads when they are first imported, so it is set here, before anything else.
"""

import os

for _variable in ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "OMP_NUM_THREADS", "NUMBA_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"):
    os.environ[_variable] = "1"
