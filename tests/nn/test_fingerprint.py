"""What two machines must share to give equal weights."""

import sys

from core.nn.warmup import fingerprint


def test_it_names_the_code_and_everything_that_reads_compiles_and_runs_it():
    found = fingerprint()
    assert found["python"] == sys.implementation.cache_tag
    assert set(found) == {"python", "numpy", "scipy", "numba", "llvm", "libc", "kernels", "blas", "processor"}
    assert all(found.values())
