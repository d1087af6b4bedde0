"""Compiled kernels before the first job, and what their results depend on."""

import platform
from typing import Any

import numba
import numpy as np
import scipy
from llvmlite import binding
from numba.core.dispatcher import Dispatcher
from threadpoolctl import threadpool_info

from core.nn import engine
from core.nn.kernels.cache import processor, source_digest
from core.nn.network import Network
from core.nn.spec import NetworkSpec, TrainingSpec
from core.nn.training import Data, Training

ENTRIES: tuple[Any, ...] = (engine.run, engine.predict, engine.loss_and_gradient)


def warm_up() -> None:
    """Loads every kernel from the cache on disk, or compiles it and keeps it there; after that this process compiles none."""
    for dtype in ("float32", "float64"):
        network = NetworkSpec.model_validate({"layers": [{"type": "dense", "units": 1}], "dtype": dtype})
        x = np.zeros((1, 1), dtype)
        training = Training(network, TrainingSpec.model_validate({"loss": "mean_squared_error"}), Data(x, x, x, x))
        for _ in training.epochs():
            pass
        trained = Network(training.program, training.theta)
        trained.outputs(x)
        trained.loss_and_gradient(x, x)
    for entry in ENTRIES:
        if isinstance(entry, Dispatcher):  # with NUMBA_DISABLE_JIT it is plain Python
            entry.disable_compile()


def fingerprint() -> dict[str, str]:
    """All on which the bits of a result depend beside the job itself: two machines of one fingerprint give equal weights."""
    blas = sorted(
        {
            f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')} {pool['num_threads']} threads"
            for pool in threadpool_info()
        }
    )
    return {
        "numpy": np.__version__,
        "scipy": scipy.__version__,
        "numba": numba.__version__,
        "llvm": ".".join(map(str, binding.llvm_version_info)),
        "libc": " ".join(platform.libc_ver()),
        "kernels": source_digest(),
        "blas": ", ".join(blas),
        "processor": processor(),
    }
