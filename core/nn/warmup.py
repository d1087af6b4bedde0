"""Compiled kernels before the first job, and what their results depend on."""

import platform
from collections.abc import Sequence

import numba
import numpy as np
import scipy
from llvmlite import binding
from numba.core.dispatcher import Dispatcher
from threadpoolctl import threadpool_info

from core.nn import engine
from core.nn.kernels.cache import interpreter, processor, source_digest
from core.nn.network import Network
from core.nn.spec import NetworkSpec, TrainingSpec
from core.nn.training import Data, Training

DTYPES = ("float32", "float64")


def warm_up(dtypes: Sequence[str] = DTYPES) -> None:
    """Loads all that trainings and predictions run from the cache on disk, or compiles and keeps it.

    From then on nothing is compiled.
    """
    for dtype in dtypes:
        network = NetworkSpec.model_validate({"layers": [{"type": "dense", "units": 1}], "dtype": dtype})
        x = np.zeros((1, 1), dtype)
        training = Training(network, TrainingSpec.model_validate({"loss": "mean_squared_error"}), Data(x, x, x, x))
        for _ in training.epochs():
            pass
        made = Network(training.program, training.theta)
        made.loss_and_gradient(x, x)  # which the line search of L-BFGS asks for
        made.outputs(x)
    for compiled in (engine.run, engine.loss_and_gradient, engine.predict):
        if isinstance(compiled, Dispatcher):  # with NUMBA_DISABLE_JIT it is plain Python
            compiled.disable_compile()


def fingerprint() -> dict[str, str]:
    """All on which the bits of a result depend beside the job itself: two machines of one fingerprint give equal weights."""
    blas = sorted(
        {
            f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')} {pool['num_threads']} threads"
            for pool in threadpool_info()
        }
    )
    return {
        "python": interpreter(),
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "numba": numba.__version__,
        "llvm": ".".join(map(str, binding.llvm_version_info)),
        "libc": " ".join(platform.libc_ver()),
        "kernels": source_digest(),
        "blas": ", ".join(blas),
        "processor": processor(),
    }
